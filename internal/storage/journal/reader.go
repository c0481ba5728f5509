package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Record is one record of the journal.
type Record struct {
	// Segment is the base of the segment that holds the record.
	Segment uint64
	// From is the start of the record, and To its end, which is where the
	// next one starts, unless a hole does.
	From, To uint64
	// Data are the bytes that were appended. They are valid until the next call.
	Data []byte
}

// Reader reads the durable records of a Journal in order and waits for more. It
// must not be used by two goroutines at a time.
type Reader struct {
	cursor
	j *Journal
}

// Reader reads from a position where a record starts, or from End. Any other
// position is ErrPosition.
func (j *Journal) Reader(from uint64) (*Reader, error) {
	r := &Reader{cursor{c: &j.Contents}, j}
	if err := r.start(from); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// Next returns the next record, and waits until it is durable. It fails with
// ErrClosed if the journal is closed and has no more, and with ErrCorrupt, then
// and in every later call, if a record is damaged or missing. At a hole that is
// a HoleError: a new Reader must begin after the hole. After any other error,
// such as a failed read, the reader stays where it was, and the call can be
// repeated.
func (r *Reader) Next(ctx context.Context) (Record, error) {
	if rec, err := r.TryNext(); !errors.Is(err, ErrEnd) {
		return rec, err
	}
	for last := false; ; {
		more := r.j.watch() // before TryNext, so that no record is missed
		rec, err := r.TryNext()
		if !errors.Is(err, ErrEnd) {
			return rec, err
		}
		if last {
			return Record{}, fmt.Errorf("journal: read at %d: %w", r.Pos(), ErrClosed)
		}
		select {
		case <-more:
		case <-r.j.stopped:
			last = true
		case <-ctx.Done():
			return Record{}, fmt.Errorf("journal: read at %d: %w", r.Pos(), ctx.Err())
		}
	}
}

// TryNext is Next, but fails with ErrEnd instead of waiting.
func (r *Reader) TryNext() (Record, error) { return r.next() }

// Pos returns the start of the next record or hole.
func (r *Reader) Pos() uint64 { return r.sc.pos }

// Close closes the file that is being read. The journal stays open.
func (r *Reader) Close() error {
	if err := r.close(); err != nil {
		return fmt.Errorf("journal: close reader: %w", err)
	}
	return nil
}

// watch returns a channel that is closed when a record becomes durable.
func (j *Journal) watch() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.recordsAdded == nil {
		j.recordsAdded = make(chan struct{})
	}
	return j.recordsAdded
}

// cursor is a place in the contents of a journal.
type cursor struct {
	c   *Contents
	seg *segment
	f   vfs.File
	sc  *scanner
	err error // of the last call, if no later one can succeed
}

// start goes to a position where a record starts, or to the end.
func (r *cursor) start(from uint64) error {
	if err := r.goTo(from); err != nil {
		return fmt.Errorf("journal: read from %d: %w", from, err)
	}
	return nil
}

func (r *cursor) goTo(from uint64) error {
	if err := r.find(from); err != nil || from == r.sc.limit {
		return err
	}
	probe := *r.sc
	_, err := probe.next()
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	// Damaged, or inside a record? Only the records before it show that.
	walk := newScanner(r.f, r.sc.path, r.seg, r.seg.base, r.sc.limit)
	for walk.pos < from {
		if _, err := walk.next(); err != nil {
			return err
		}
	}
	if walk.pos > from {
		return ErrPosition
	}
	return err
}

// find opens the segment that contains a position, or ends at it.
func (r *cursor) find(pos uint64) error {
	c := r.c
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	i := after(c.segs, pos) - 1
	if i < 0 || pos > c.segs[i].end {
		return ErrPosition
	}
	return r.open(c.segs[i], pos)
}

// after is the index of the first segment that starts after a position.
func after(segs []*segment, pos uint64) int {
	i, _ := slices.BinarySearchFunc(segs, pos, func(s *segment, pos uint64) int {
		if s.base <= pos {
			return -1
		}
		return 1
	})
	return i
}

// open moves to a segment. The caller holds segMu, so that the file is not
// renamed meanwhile.
func (r *cursor) open(s *segment, pos uint64) error {
	if s.unreadable {
		return s.damage
	}
	path := r.c.dir.join(s.file)
	f, err := r.c.dir.fs.Open(path, vfs.SequentialReadsOption)
	if err != nil { // a segment that was trimmed is not in the list any more
		return fmt.Errorf("open segment %d: %w", s.base, err)
	}
	if r.f != nil {
		r.f.Close() // only read
	}
	r.seg, r.f, r.sc = s, f, newScanner(f, path, s, pos, s.end)
	return nil
}

// next returns the next record, or ErrEnd.
func (r *cursor) next() (Record, error) {
	if r.err != nil {
		return Record{}, r.err
	}
	for r.sc.pos == r.sc.limit {
		more, err := r.advance()
		if err != nil {
			return Record{}, r.fail(err)
		}
		if !more {
			return Record{}, ErrEnd
		}
	}
	rec, err := r.sc.next()
	if err != nil {
		return Record{}, r.fail(err)
	}
	return rec, nil
}

// fail keeps an error that a repeated call cannot change.
func (r *cursor) fail(err error) error {
	err = fmt.Errorf("journal: read at %d: %w", r.sc.pos, err)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrPosition) {
		r.err = err
	}
	return err
}

func (r *cursor) close() error {
	if r.f == nil {
		return nil
	}
	f := r.f
	r.f = nil
	r.err = fmt.Errorf("journal: read: %w", fs.ErrClosed)
	return f.Close()
}

// advance moves the limit to the durable end, or moves to the next segment. It is
// false if there are no more records.
func (r *cursor) advance() (bool, error) {
	c := r.c
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	if r.seg.end > r.sc.limit {
		r.sc.limit = r.seg.end
		return true, nil
	}
	if r.seg == c.segs[len(c.segs)-1] {
		return false, nil
	}
	i := after(c.segs, r.seg.base)
	kept := i > 0 && c.segs[i-1].base == r.seg.base
	if kept && c.segs[i-1] != r.seg {
		i-- // it had no records and was replaced
	}
	next := c.segs[i]
	switch {
	case next.base == r.sc.pos:
		return true, r.open(next, next.base)
	case kept || next.prev == r.sc.pos:
		return false, c.holeAt(r.sc.pos, next.base)
	}
	return false, fmt.Errorf("%w: the segments before %d have been trimmed", ErrPosition, next.base)
}

// holeAt is the error of a cursor at a hole that ends at to or later. The caller
// holds segMu.
func (c *Contents) holeAt(from, to uint64) error {
	for _, h := range c.holes() {
		if h.From <= from && from < h.To {
			to = max(to, h.To)
		}
	}
	return &HoleError{Hole{from, to}}
}
