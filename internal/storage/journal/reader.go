package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Record is one record of the journal.
type Record struct {
	// Epoch is the base of the segment that the record lies in.
	Epoch uint64
	// From is where the record starts, and To where it ends. To is the next
	// record's From, where a reader yields one.
	From, To uint64
	// Data is what was appended. It is valid until the next call.
	Data []byte
}

// Reader reads the durable records in order and goes on as more come. It is
// for one goroutine.
type Reader struct {
	j   *Journal
	seg *segment
	f   vfs.File
	sc  *scanner
	err error // of the last call, if it was for good
}

// Reader reads from a position on: where a record starts, or End. Any other
// position is ErrPosition.
func (j *Journal) Reader(from uint64) (*Reader, error) {
	r := &Reader{j: j}
	if err := r.start(from); err != nil {
		r.Close()
		return nil, fmt.Errorf("journal: read from %d: %w", from, err)
	}
	return r, nil
}

func (r *Reader) start(from uint64) error {
	if err := r.find(from); err != nil || from == r.sc.limit {
		return err
	}
	probe := *r.sc
	_, err := probe.next()
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	// Damaged, or inside a record? Only the records before it can tell.
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

// find opens the segment that a position is in, or at the end of.
func (r *Reader) find(pos uint64) error {
	j := r.j
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	i := after(j.segs, pos) - 1
	if i < 0 || pos > j.segs[i].end {
		return ErrPosition
	}
	return r.open(j.segs[i], pos)
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

// open goes on in a segment. The caller holds segMu, lest the file be renamed.
func (r *Reader) open(s *segment, pos uint64) error {
	if s.blind {
		return s.damage
	}
	path := r.j.dir.join(s.file)
	f, err := r.j.dir.fs.Open(path, vfs.SequentialReadsOption)
	if err != nil { // a segment that was trimmed is not in the list any more
		return fmt.Errorf("open segment %d: %w", s.base, err)
	}
	if r.f != nil {
		r.f.Close() // only read
	}
	r.seg, r.f, r.sc = s, f, newScanner(f, path, s, pos, s.end)
	return nil
}

// Next returns the next record, and waits for it to be durable. It fails with
// ErrClosed where the journal is closed and has no more, and with ErrCorrupt,
// then and ever after, where a record is damaged, or missing: at a hole that is
// a HoleError, and only another Reader begins behind it. After any other error,
// such as a read that failed or a file that could not be opened, the reader
// stands where it stood: another call tries again.
func (r *Reader) Next(ctx context.Context) (Record, error) {
	if rec, err := r.TryNext(); !errors.Is(err, ErrEnd) {
		return rec, err
	}
	for last := false; ; {
		more := r.j.watch() // before looking, lest a record come in between
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

// TryNext is Next, but ErrEnd where it would wait.
func (r *Reader) TryNext() (Record, error) {
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

// fail keeps an error that no other try can change.
func (r *Reader) fail(err error) error {
	err = fmt.Errorf("journal: read at %d: %w", r.Pos(), err)
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrPosition) {
		r.err = err
	}
	return err
}

// Pos is where the next record starts, unless a hole does.
func (r *Reader) Pos() uint64 { return r.sc.pos }

// Close lets go of the file. The journal stays open.
func (r *Reader) Close() error {
	if r.f == nil {
		return nil
	}
	f := r.f
	r.f = nil
	r.err = fmt.Errorf("journal: read: %w", fs.ErrClosed)
	if err := f.Close(); err != nil {
		return fmt.Errorf("journal: close reader: %w", err)
	}
	return nil
}

// advance moves the limit to what is durable by now, or to the next segment,
// and tells whether either changed.
func (r *Reader) advance() (bool, error) {
	j := r.j
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	if r.seg.end > r.sc.limit {
		r.sc.limit = r.seg.end
		return true, nil
	}
	if r.seg == j.segs[len(j.segs)-1] {
		return false, nil
	}
	i := after(j.segs, r.seg.base)
	kept := i > 0 && j.segs[i-1].base == r.seg.base
	if kept && j.segs[i-1] != r.seg {
		i-- // it had no records and was replaced
	}
	next := j.segs[i]
	switch {
	case next.base == r.sc.pos:
		return true, r.open(next, next.base)
	case kept || next.prev == r.sc.pos:
		return false, j.holeAt(r.sc.pos, next.base)
	}
	return false, fmt.Errorf("%w: the segments before %d have been trimmed", ErrPosition, next.base)
}

// holeAt is the error of a reader that came to a hole, which reaches as far as
// to at least.
func (j *Journal) holeAt(from, to uint64) error {
	for _, h := range j.holes() {
		if h.From <= from && from < h.To {
			to = max(to, h.To)
		}
	}
	return &HoleError{Hole{from, to}}
}

// watch returns a channel that is closed when a record becomes durable.
func (j *Journal) watch() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.more == nil {
		j.more = make(chan struct{})
	}
	return j.more
}

// Holds tells whether the record that ends at a position is the one whose data
// have that CRC-32C: a copy of the journal that went its own way has another one
// there, or none. It is true where that cannot be told: for 0, for a position
// that the journal does not keep or has not reached, and after damage.
func (j *Journal) Holds(end uint64, last uint32) (bool, error) {
	if last == 0 || end <= j.First() || end > j.End() {
		return true, nil
	}
	var base uint64
	for _, s := range j.Segments() {
		if s.Base < end {
			base = s.Base
		}
	}
	for rec, err := range j.Scan(base) {
		switch {
		case errors.Is(err, ErrCorrupt), errors.Is(err, ErrPosition):
			return true, nil
		case err != nil:
			return false, err
		case rec.To >= end:
			return rec.To == end && crc32.Checksum(rec.Data, castagnoli) == last, nil
		}
	}
	return true, nil // in a hole
}

// Scan reads the durable records of the segment with that base, for audits. It
// ends with the first error: ErrCorrupt where a record is damaged, or, behind
// all records, where the header is; ErrPosition where there is no such segment.
func (j *Journal) Scan(base uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		r := &Reader{j: j}
		defer r.Close()
		err := r.find(base)
		if err == nil && r.seg.base != base {
			err = ErrPosition
		}
		for err == nil {
			var rec Record
			if rec, err = r.sc.next(); err == nil && !yield(rec, nil) {
				return
			}
		}
		if errors.Is(err, io.EOF) && r.seg.damage != nil {
			err = r.seg.damage
		}
		if !errors.Is(err, io.EOF) {
			yield(Record{}, fmt.Errorf("journal: scan segment %d: %w", base, err))
		}
	}
}
