package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// DefaultSegmentSize is the SegmentSize of Options that name none.
const DefaultSegmentSize = 64 << 20

// Options says where and how a journal is kept.
type Options struct {
	// Dir is the directory; it is made, for the owner only, if missing.
	Dir string
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// SegmentSize is how large a segment's file may grow, in bytes; 0 is
	// DefaultSegmentSize. A group that is larger gets a segment of its own.
	SegmentSize int64
	// Reached says how far others have seen the journal with this ID come: a
	// position up to which records were acknowledged. A journal that ends before
	// it has lost some, and Open fails. nil is that nobody knows.
	Reached func(id [16]byte) uint64
	// Existing makes Open fail with fs.ErrNotExist where there is no segment,
	// instead of making a journal.
	Existing bool
	// NoSync lets Append return as soon as the operating system has the
	// record. A killed process then loses nothing, a power cut may.
	NoSync bool
	// Synced hears how long the disk took to write and sync a group of records.
	// It must not wait. nil is nobody.
	Synced func(took time.Duration)
	// Ended is told where the journal ends, and the CRC-32C of the data of its last
	// record, by which Holds knows it; 0 where the newest segment has none. It is
	// told when the journal is opened, and after each group of records that became
	// durable, before Append returns. It must not wait, and not call the journal.
	// nil is nobody.
	Ended func(id [16]byte, end uint64, last uint32)
	// Rolled hears that a segment is full or was sealed by Rotate, and another
	// one begun. It must not wait. nil is nobody.
	Rolled func()
	// Logger hears what no caller is told: a tail that was cut, a file that
	// was given up. nil is silence.
	Logger *slog.Logger
}

// Journal is a durable log of records. Its methods are safe for concurrent
// use.
type Journal struct {
	dir         dir
	id          [16]byte
	segmentSize int64
	noSync      bool
	synced      func(time.Duration)
	rolled      func()
	ended       func(id [16]byte, end uint64, last uint32)
	reached     func(id [16]byte) uint64
	existing    bool
	log         *slog.Logger

	kick    chan struct{} // the pending group has records, or the journal is closed
	stopped chan struct{} // closed when the committer is gone

	mu      sync.Mutex
	closed  bool
	pending *group
	spare   []byte        // the buffer of the next group
	more    chan struct{} // closed when a record becomes durable; nil if nobody waits

	// writing is held by whoever changes what is written where. It comes
	// before segMu.
	writing sync.Mutex
	file    vfs.File // of the last segment; nil where a new segment is due
	shut    bool     // no more changes
	stray   uint64   // base of a file that a failed roll may have left; 0 is none
	full    bool     // the last attempt to roll over failed, and was logged

	trimming sync.Mutex
	doomed   []string // files that are trimmed and not yet removed, oldest first

	lastCheck uint32 // of the last record of the newest segment, when it was opened; 0 is none

	// unborn is a newest file in which nothing was ever recorded, as Inspect
	// found it; nil where there is none.
	unborn *segment

	segMu   sync.RWMutex
	segs    []*segment // ascending by base, one at least
	trimmed uint64     // what the mark says
}

// ID is drawn at random when the journal is made.
func (j *Journal) ID() [16]byte { return j.id }

// First is the base of the oldest segment that is kept.
func (j *Journal) First() uint64 {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.segs[0].base
}

// End is the position after the last durable record: where the next one goes.
func (j *Journal) End() uint64 {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.segs[len(j.segs)-1].end
}

// Segments lists the segments that are kept, oldest first.
func (j *Journal) Segments() []Segment {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	list := make([]Segment, len(j.segs))
	for i, s := range j.segs {
		sealed := i < len(j.segs)-1 || s.sealed()
		list[i] = Segment{Base: s.base, End: s.end, Sealed: sealed, Size: s.offset(s.end)}
	}
	return list
}

// File is the path of the segment with this base. Of a sealed one it stays,
// and so do the bytes in it. It fails with fs.ErrNotExist where that is not
// kept.
func (j *Journal) File(base uint64) (string, error) {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	for _, s := range j.segs {
		if s.base == base {
			return j.dir.join(s.file), nil
		}
	}
	return "", fmt.Errorf("journal: segment %d: %w", base, fs.ErrNotExist)
}

// Written is when the file of the segment with this base was written last, by
// the file system's clock. It fails with fs.ErrNotExist where that is not kept.
func (j *Journal) Written(base uint64) (time.Time, error) {
	j.segMu.RLock()
	defer j.segMu.RUnlock() // nobody renames it meanwhile
	i := slices.IndexFunc(j.segs, func(s *segment) bool { return s.base == base })
	if i < 0 {
		return time.Time{}, fmt.Errorf("journal: segment %d: %w", base, fs.ErrNotExist)
	}
	info, err := j.dir.fs.Stat(j.dir.join(j.segs[i].file))
	if err != nil {
		return time.Time{}, fmt.Errorf("journal: segment %d: %w", base, err)
	}
	return info.ModTime(), nil
}

// Gone tells whether the file of the newest segment is not in its place, because
// somebody else removed or renamed it, and which file that is.
func (j *Journal) Gone() (file string, gone bool) {
	j.segMu.RLock()
	defer j.segMu.RUnlock() // nobody renames it meanwhile
	file = j.dir.join(j.segs[len(j.segs)-1].file)
	_, err := j.dir.fs.Stat(file)
	return file, errors.Is(err, fs.ErrNotExist)
}

// Holes lists what is missing between the segments that are kept, in order: what
// SkipTo and Mend left out.
func (j *Journal) Holes() []Hole {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.holes()
}

// holes is Holes; the caller holds segMu.
func (j *Journal) holes() (holes []Hole) {
	for i, s := range j.segs[1:] {
		from := j.segs[i].end
		if from == s.base {
			continue
		}
		if n := len(holes); n > 0 && holes[n-1].To == from { // nothing lies between them
			holes[n-1].To = s.base
			continue
		}
		holes = append(holes, Hole{from, s.base})
	}
	return holes
}

// last is the newest segment. Its end and its place at the end of the list
// change only while writing is held.
func (j *Journal) last() *segment {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.segs[len(j.segs)-1]
}

// Append adds a record of 1 byte to MaxRecord and returns the position after
// it once it is durable. The bytes are copied before Append waits.
//
// After any error but ErrSize and ErrClosed the record may be in the journal
// or not: where ctx ends first it usually will be; where the disk fails it
// will not, unless the journal is opened anew before another append succeeds.
func (j *Journal) Append(ctx context.Context, record []byte) (to uint64, err error) {
	if len(record) == 0 || len(record) > MaxRecord {
		return 0, fmt.Errorf("journal: append %d bytes: %w", len(record), ErrSize)
	}
	g, after, err := j.enqueue(ctx, record)
	if err != nil {
		return 0, fmt.Errorf("journal: append: %w", err)
	}
	if err := g.wait(ctx); err != nil {
		return 0, fmt.Errorf("journal: append: %w", err)
	}
	return g.start + uint64(after), nil
}

// Rotate seals the segment that is open, so that it can be copied or audited.
// Where that has no records nothing happens.
func (j *Journal) Rotate() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.shut {
		return fmt.Errorf("journal: rotate: %w", ErrClosed)
	}
	s := j.last()
	if s.sealed() || s.end == s.base {
		return nil
	}
	if err := j.roll(s.end); err != nil {
		return fmt.Errorf("journal: rotate: %w", err)
	}
	return nil
}

// SkipTo leaves a hole, so that the next record starts at pos, which must not
// lie before End or beyond 2⁶². It is for a journal that lost a tail which others had seen:
// positions must not be given twice.
func (j *Journal) SkipTo(pos uint64) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.shut {
		return fmt.Errorf("journal: skip to %d: %w", pos, ErrClosed)
	}
	end := j.last().end
	if pos < end {
		return fmt.Errorf("journal: skip to %d, before the end %d: %w", pos, end, ErrPosition)
	}
	if pos > 1<<62 {
		return fmt.Errorf("journal: skip to %d, which leaves no room for records: %w", pos, ErrPosition)
	}
	if pos == end {
		return nil
	}
	if err := j.roll(pos); err != nil {
		return fmt.Errorf("journal: skip to %d: %w", pos, err)
	}
	return nil
}

// Close waits for the records that were being appended and seals the segment.
// Readers may read on. A second Close does nothing.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.wake()
	<-j.stopped

	j.trimming.Lock() // a Trim that began before has to end
	defer j.trimming.Unlock()
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.shut {
		return nil
	}
	j.shut = true
	if j.file == nil {
		return nil
	}
	var errs []error
	if j.noSync {
		errs = append(errs, j.file.Sync())
	}
	errs = append(errs, j.file.Close())
	j.file = nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("journal: close: %w", err)
	}
	// All of the file is acknowledged: from now on any bad byte is damage.
	j.segMu.Lock()
	sealed, err := j.seal(j.segs[len(j.segs)-1])
	j.segMu.Unlock()
	if err == nil && sealed {
		err = j.dir.sync()
	}
	if err != nil {
		return fmt.Errorf("journal: close: %w", err)
	}
	return nil
}
