package journal

import (
	"errors"
	"fmt"
)

// The errors of a journal.
var (
	// ErrClosed: the journal has been closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrSize: a record is empty or longer than MaxRecord.
	ErrSize = errors.New("a record must have 1 byte to 16 MiB")
	// ErrPosition: no record starts at the position, or the journal does not keep
	// it.
	ErrPosition = errors.New("no such position in the journal")
	// ErrEnd: every durable record has been read; more may come.
	ErrEnd = errors.New("end of the journal")
	// ErrCorrupt: acknowledged bytes are damaged or missing. The error is a
	// *CorruptError, *HoleError, *TailError or *DuplicateError.
	ErrCorrupt = errors.New("the journal is damaged")
	// ErrVersion: a segment has another version of the format.
	ErrVersion = errors.New("a journal segment is of an unknown version of footfall")
)

// Hole is a stretch of positions that the journal lacks between two segments:
// From ≤ p < To.
type Hole struct{ From, To uint64 }

// HoleError is the error of a reader at a hole. It is an ErrCorrupt.
type HoleError struct{ Hole }

func (e *HoleError) Error() string {
	return fmt.Sprintf("positions %d to %d of the journal are missing", e.From, e.To)
}

// Is makes every HoleError an ErrCorrupt.
func (e *HoleError) Is(target error) bool { return target == ErrCorrupt }

// CorruptError says where acknowledged bytes are damaged. It is an ErrCorrupt.
type CorruptError struct {
	File   string // path of the segment
	Offset int64  // of the damaged header or record in the file, in bytes
	// Position is where the damaged record starts, or the base of the segment if the
	// header is damaged.
	Position uint64
	Reason   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d (position %d): %s", e.File, e.Offset, e.Position, e.Reason)
}

// Is makes every CorruptError an ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }

// DuplicateError says that a segment has two files, and each may have records that
// the other lacks. It is an ErrCorrupt.
type DuplicateError struct {
	File, Other string // paths
	Offset      int64  // where they begin to differ, in bytes
}

func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s and %s are files of the same segment, and differ from byte %d on", e.File, e.Other, e.Offset)
}

// Is makes every DuplicateError an ErrCorrupt.
func (e *DuplicateError) Is(target error) bool { return target == ErrCorrupt }

// TailError says that the journal ends before a position that it had reached:
// its newest segment was cut, replaced by an older copy, or removed. It is an
// ErrCorrupt.
type TailError struct {
	Dir          string // of the journal
	End, Reached uint64
}

func (e *TailError) Error() string {
	return fmt.Sprintf("%d bytes of acknowledged records are missing at the end of the journal: it ends at position %d and had reached position %d. Its newest file in %s was cut, replaced by an older copy, or removed",
		e.Reached-e.End, e.End, e.Reached, e.Dir)
}

// Is makes every TailError an ErrCorrupt.
func (e *TailError) Is(target error) bool { return target == ErrCorrupt }
