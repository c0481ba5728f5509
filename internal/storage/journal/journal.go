package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// DefaultSegmentSize is the default of Options.SegmentSize, in bytes.
const DefaultSegmentSize = 64 << 20

// Options says where and how a journal is kept.
type Options struct {
	// Dir is the directory. It is made, for the owner only, if it is missing.
	Dir string
	// FS is the file system; nil is the operating system's.
	FS vfs.FS
	// SegmentSize is the maximum size of the file of a segment, in bytes; 0 is
	// DefaultSegmentSize. A larger group gets a segment of its own.
	SegmentSize int64
	// Reached returns a position up to which records of the journal with this ID
	// are known to have been acknowledged. Open fails if the journal ends before
	// it, because records are lost then. nil means that nothing is known.
	Reached func(id [16]byte) uint64
	// Existing makes Open fail with fs.ErrNotExist if there is no segment, instead
	// of making a journal.
	Existing bool
	// NoSync lets Append return once the operating system has the record. A killed
	// process then loses nothing, but a power cut may.
	NoSync bool
	// Synced is called with the time that the disk took to write and sync a group
	// of records. It must not block. nil is allowed.
	Synced func(took time.Duration)
	// Ended is called with the end of the journal and the CRC-32C of the data of
	// its last record, for Holds; 0 if the newest segment has none. It is called
	// when the journal is opened, and after each group of records that became
	// durable, before Append returns. It must not block or call the journal. nil is
	// allowed.
	Ended func(id [16]byte, end uint64, last uint32)
	// Rolled is called when a segment is full, or sealed by Rotate, and the next
	// one was made. It must not block. nil is allowed.
	Rolled     func()
	leastAhead int64 // tests make it small
	// Logger gets events that no method returns, such as a tail that was cut or a
	// file that was given up. nil discards them.
	Logger *slog.Logger
}

// Journal is a durable log of records. Its methods are safe for concurrent
// use.
type Journal struct {
	Contents

	segmentSize int64
	leastAhead  int64
	noSync      bool
	existing    bool
	synced      func(time.Duration)
	rolled      func()
	ended       func(id [16]byte, end uint64, last uint32)

	groupReady chan struct{} // wakes the committer: the pending group has records, or closing is set
	stopped    chan struct{} // closed when the committer has ended

	mu           sync.Mutex
	closing      bool // no more appends
	pending      *group
	spare        []byte        // the buffer of the next group
	recordsAdded chan struct{} // closed when a record becomes durable; nil if no reader waits

	// writing guards the fields below, and the end and the number of segments. It is
	// taken before segMu.
	writing  sync.Mutex
	file     vfs.File // of the newest segment; nil if the next group needs a new one
	closed   bool     // no more changes
	ahead    int64    // where the zeros in file end, as an offset; 0 without any
	leftover uint64   // base of a file that a failed roll may have left; 0 if there is none
	full     bool     // the last attempt to roll failed, and was logged

	trimming sync.Mutex
	removing []string // files that are trimmed and not yet removed, oldest first

	lastCheck uint32 // of the last record of the newest segment when it was opened; 0 if it had none
}

// Open opens the journal in a directory, or makes one with a new ID if there is
// no segment. It cuts what a crash left unfinished, and fails with ErrCorrupt if
// acknowledged records are damaged.
//
// It reads only the newest segment; readers check the others.
func Open(o Options) (*Journal, error) {
	j := newJournal(o)
	if err := j.recover(); err != nil {
		return nil, fmt.Errorf("journal: open: %w", err)
	}
	j.ended(j.id, j.End(), j.lastCheck)
	go j.run()
	return j, nil
}

// newJournal returns a journal without segments.
func newJournal(o Options) *Journal {
	if o.SegmentSize <= 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	if o.Ended == nil {
		o.Ended = func([16]byte, uint64, uint32) {}
	}
	return &Journal{
		Contents:    newContents(o),
		segmentSize: o.SegmentSize,
		leastAhead:  o.leastAhead,
		noSync:      o.NoSync,
		existing:    o.Existing,
		synced:      o.Synced,
		rolled:      o.Rolled,
		ended:       o.Ended,
		groupReady:  make(chan struct{}, 1),
		stopped:     make(chan struct{}),
		pending:     &group{done: make(chan struct{})},
	}
}

// Gone returns the path of the file of the newest segment, and reports whether another
// program removed or renamed it.
func (j *Journal) Gone() (file string, gone bool) {
	j.segMu.RLock()
	defer j.segMu.RUnlock() // the journal does not rename it meanwhile
	file = j.dir.join(j.segs[len(j.segs)-1].file)
	_, err := j.dir.fs.Stat(file)
	return file, errors.Is(err, fs.ErrNotExist)
}

// last returns the newest segment. Its end and its place at the end of the list
// change only while writing is held.
func (j *Journal) last() *segment {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.segs[len(j.segs)-1]
}

// Append adds a record of 1 byte to MaxRecord and returns the position after
// it once it is durable. The bytes are copied before Append waits.
//
// After any error except ErrSize and ErrClosed the record may be in the journal
// or not. If ctx ended first, it usually will be. If the disk failed, it will
// not, unless the journal is opened again before another append succeeds.
func (j *Journal) Append(ctx context.Context, record []byte) (to uint64, err error) {
	if len(record) == 0 || len(record) > MaxRecord {
		return 0, fmt.Errorf("journal: append %d bytes: %w", len(record), ErrSize)
	}
	g, after, err := j.enqueue(ctx, record)
	if err == nil {
		err = g.wait(ctx)
	}
	if err != nil {
		return 0, wrapAppend(err)
	}
	return g.start + uint64(after), nil
}

// Rotate seals the open segment, so that it can be copied or audited. It does
// nothing if that has no records.
func (j *Journal) Rotate() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.closed {
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

// SkipTo leaves a hole, so that the next record starts at pos. pos must be between End
// and 2⁶². It is for a journal that lost a tail after its records were counted: a
// position must not be used twice.
func (j *Journal) SkipTo(pos uint64) error {
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.closed {
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

// Close waits for the records that are being appended and seals the segment.
// Readers can be used after it. A second Close does nothing.
func (j *Journal) Close() error {
	j.mu.Lock()
	j.closing = true
	j.mu.Unlock()
	j.wakeCommitter()
	<-j.stopped

	j.trimming.Lock() // a Trim that began before has to end
	defer j.trimming.Unlock()
	j.writing.Lock()
	defer j.writing.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	if j.file == nil {
		return nil
	}
	changed := j.noSync || j.ahead != 0
	err := j.cutZeros(j.last())
	if err == nil && changed {
		err = j.file.Sync()
	}
	err = errors.Join(err, j.file.Close())
	j.file = nil
	if err != nil {
		return fmt.Errorf("journal: close: %w", err)
	}
	// The whole file is acknowledged: from now on any bad byte is damage.
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
