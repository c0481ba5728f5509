package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Contents is the readable part of a journal, in use or damaged. Its methods are
// safe for concurrent use.
type Contents struct {
	dir     dir
	id      [16]byte
	reached func(id [16]byte) uint64
	log     *slog.Logger

	segMu   sync.RWMutex
	segs    []*segment // ascending by base, at least one
	trimmed uint64     // the position in the trim mark
}

// newContents returns contents without segments.
func newContents(o Options) Contents {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Reached == nil {
		o.Reached = func([16]byte) uint64 { return 0 }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return Contents{dir: dir{o.FS, o.Dir}, reached: o.Reached, log: o.Logger}
}

// ID returns the ID of the journal, which is drawn at random when it is made.
func (c *Contents) ID() [16]byte { return c.id }

// First returns the base of the oldest segment that is kept.
func (c *Contents) First() uint64 {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	return c.segs[0].base
}

// End returns the position after the last durable record: the next record starts
// there.
func (c *Contents) End() uint64 {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	return c.segs[len(c.segs)-1].end
}

// Segments lists the segments that are kept, oldest first.
func (c *Contents) Segments() []Segment {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	list := make([]Segment, len(c.segs))
	for i, s := range c.segs {
		sealed := i < len(c.segs)-1 || s.sealed()
		list[i] = Segment{Base: s.base, End: s.end, Sealed: sealed, Size: s.offset(s.end)}
	}
	return list
}

// File returns the path of the segment with this base. The path and the bytes of a
// sealed segment do not change. It fails with fs.ErrNotExist if the segment is
// not kept.
func (c *Contents) File(base uint64) (string, error) {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	for _, s := range c.segs {
		if s.base == base {
			return c.dir.join(s.file), nil
		}
	}
	return "", fmt.Errorf("journal: segment %d: %w", base, fs.ErrNotExist)
}

// Written returns the time when the file of the segment with this base was last written,
// by the file system's clock. It fails with fs.ErrNotExist if the segment is not kept.
func (c *Contents) Written(base uint64) (time.Time, error) {
	c.segMu.RLock()
	defer c.segMu.RUnlock() // the file is not renamed meanwhile
	i := slices.IndexFunc(c.segs, func(s *segment) bool { return s.base == base })
	if i < 0 {
		return time.Time{}, fmt.Errorf("journal: segment %d: %w", base, fs.ErrNotExist)
	}
	info, err := c.dir.fs.Stat(c.dir.join(c.segs[i].file))
	if err != nil {
		return time.Time{}, fmt.Errorf("journal: segment %d: %w", base, err)
	}
	return info.ModTime(), nil
}

// Holes lists the positions that are missing between the segments that are
// kept, in order. SkipTo and Repair make holes.
func (c *Contents) Holes() []Hole {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	return c.holes()
}

// holes is Holes. The caller holds segMu.
func (c *Contents) holes() (holes []Hole) {
	for i, s := range c.segs[1:] {
		from := c.segs[i].end
		if from == s.base {
			continue
		}
		if n := len(holes); n > 0 && holes[n-1].To == from { // no record lies between them
			holes[n-1].To = s.base
			continue
		}
		holes = append(holes, Hole{from, s.base})
	}
	return holes
}

// Trimmed returns the position before which Trim removed the segments, or will. If
// First is greater, something else removed the segments between them.
func (c *Contents) Trimmed() uint64 {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	return c.trimmed
}

// TrimMark returns the path of the file that records Trimmed; empty if that is 0. A
// copy of the journal needs this file as it needs the segments.
func (c *Contents) TrimMark() string {
	at := c.Trimmed()
	if at == 0 {
		return ""
	}
	return c.dir.join(fileName(at, trimmedExt))
}

// LostTail returns the stretch that is missing after the newest segment, up to the position
// of Options.Reached; false if nothing is missing there.
func (c *Contents) LostTail() (Flaw, bool) {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	s := c.segs[len(c.segs)-1]
	reached := c.reached(c.id)
	if s.end >= reached {
		return Flaw{}, false
	}
	return Flaw{From: s.end, To: reached, Err: &TailError{Dir: c.dir.path, End: s.end, Reached: reached}}, true
}

// FlawsIn lists the unreadable stretches of the segment with this base, in order. It
// fails with ErrPosition if there is no such segment.
func (c *Contents) FlawsIn(base uint64) (flaws []Flaw, err error) {
	r := &cursor{c: c}
	defer r.close()
	err = r.find(base)
	var damage *CorruptError
	if errors.As(err, &damage) { // the header's
		end, unknown := c.endOf(base)
		return []Flaw{{From: base, To: end, Unknown: unknown, Err: damage}}, nil
	}
	if err == nil && r.seg.base != base {
		err = ErrPosition
	}
	if err != nil {
		return nil, fmt.Errorf("journal: look through segment %d: %w", base, err)
	}
	if r.seg.damage != nil {
		flaws = append(flaws, Flaw{From: base, To: base, Err: r.seg.damage})
	}
	end, err := c.fileEnd(r.seg)
	for err == nil {
		if _, err = r.sc.next(); errors.As(err, &damage) {
			flaw := Flaw{From: r.sc.pos, Err: damage}
			err = r.sc.resync(min(end, r.sc.limit))
			flaw.To = r.sc.pos
			flaws = append(flaws, flaw)
		}
	}
	if !errors.Is(err, io.EOF) {
		return flaws, fmt.Errorf("journal: look through segment %d: %w", base, err)
	}
	return flaws, nil
}

// endOf is the end of the segment with this base; unknown is set if it may have
// had more.
func (c *Contents) endOf(base uint64) (end uint64, unknown bool) {
	c.segMu.RLock()
	defer c.segMu.RUnlock()
	s := c.segs[after(c.segs, base)-1]
	return s.end, s.unknown
}

// fileEnd is the position at which the file of a segment ends.
func (c *Contents) fileEnd(s *segment) (uint64, error) {
	size, err := c.dir.size(s.file)
	return s.base + uint64(max(size-headerSize, 0)), err
}

// Scan reads the durable records of the segment with this base. It ends with
// the first error: ErrCorrupt at a damaged record, or, after all records, if the
// header is damaged; ErrPosition if there is no such segment.
func (c *Contents) Scan(base uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		r := &cursor{c: c}
		defer r.close()
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

// Records reads the durable records from a position to the end. It ends with the
// first error, the same as of a Reader from this position.
func (c *Contents) Records(from uint64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		r := &cursor{c: c}
		defer r.close()
		err := r.start(from)
		for err == nil {
			var rec Record
			if rec, err = r.next(); err == nil && !yield(rec, nil) {
				return
			}
		}
		if !errors.Is(err, ErrEnd) {
			yield(Record{}, err)
		}
	}
}

// Holds reports whether the record that ends at a position is the one whose data
// has this CRC-32C. A copy of the journal that diverged has another record there, or
// none. It is true if that cannot be known: for 0, for a position that is not kept or
// not reached, and after damage.
func (c *Contents) Holds(end uint64, last uint32) (bool, error) {
	if last == 0 || end <= c.First() || end > c.End() {
		return true, nil
	}
	var base uint64
	for _, s := range c.Segments() {
		if s.Base < end {
			base = s.Base
		}
	}
	for rec, err := range c.Scan(base) {
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
