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
	ErrSize = errors.New("a record has 1 byte to 16 MiB")
	// ErrPosition: no record starts at the position, or it is not in what the
	// journal keeps.
	ErrPosition = errors.New("no such position in the journal")
	// ErrEnd: every durable record has been read; more may come.
	ErrEnd = errors.New("end of the journal")
	// ErrCorrupt: what had been acknowledged is damaged or missing. The error
	// is a *CorruptError.
	ErrCorrupt = errors.New("the journal is damaged")
	// ErrVersion: a segment is of another version of the format.
	ErrVersion = errors.New("a journal segment is of an unknown version: run the version of footfall that wrote it")
)

// Hole is a stretch of positions that the journal does not have, between
// records that it has: From ≤ p < To.
type Hole struct{ From, To uint64 }

// HoleError tells that a reader came to a hole. It is ErrCorrupt.
type HoleError struct{ Hole }

func (e *HoleError) Error() string {
	return fmt.Sprintf("positions %d to %d of the journal are missing", e.From, e.To)
}

// Is makes every HoleError an ErrCorrupt.
func (e *HoleError) Is(target error) bool { return target == ErrCorrupt }

// CorruptError tells where acknowledged bytes are damaged. It is ErrCorrupt.
type CorruptError struct {
	File   string // path of the segment
	Offset int64  // of the damaged header or record in the file, in bytes
	// Position is the journal position of the damaged record, or the base of
	// the segment where the header is damaged.
	Position uint64
	Reason   string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d (position %d): %s", e.File, e.Offset, e.Position, e.Reason)
}

// TailError tells that the journal ends before a position that it had reached:
// its newest segment was cut, replaced by an older copy, or removed. It is
// ErrCorrupt.
type TailError struct {
	Dir          string // of the journal
	End, Reached uint64
}

func (e *TailError) Error() string {
	return fmt.Sprintf("%d bytes of acknowledged records are missing at the end of the journal: it ends at position %d and had reached position %d. Its newest file in %s was cut, replaced by an older copy, or removed: put it back as it was",
		e.Reached-e.End, e.End, e.Reached, e.Dir)
}

// Is makes every TailError an ErrCorrupt.
func (e *TailError) Is(target error) bool { return target == ErrCorrupt }

// Is makes every CorruptError an ErrCorrupt.
func (e *CorruptError) Is(target error) bool { return target == ErrCorrupt }
