package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// damagedExt is added to the name of a file that is kept as it was.
const damagedExt = ".damaged"

// Repair makes a journal that Open opens, and whose readers find holes in place
// of the flaws. All flaws must lie before counted, the position from which on
// the records are still needed: every record from there on is kept. Every file
// that is replaced is kept too, under the name that is returned. After a crash
// half way, Inspect and Repair can be called again.
//
// The journal must be opened or inspected again afterwards.
func (d *Damaged) Repair(counted uint64) (kept []string, err error) {
	if first := d.First(); first > d.Trimmed() {
		if first > counted {
			return nil, fmt.Errorf("journal: repair: the records from %d to %d are missing: %w", counted, first, ErrPosition)
		}
		if err := d.mark(first); err != nil {
			return nil, fmt.Errorf("journal: repair: %w", err)
		}
	}
	if d.unused != nil { // it would lie between the segments and those that are made here
		if err := d.dir.remove(d.unused.file); err != nil {
			return nil, fmt.Errorf("journal: repair: %w", err)
		}
		d.unused = nil
	}
	for i := range slices.Backward(d.segs) {
		name, err := d.repair(i, counted)
		if err != nil {
			return kept, fmt.Errorf("journal: repair: %w", err)
		}
		if name != "" {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// repair ends a segment where it cannot be read, by making another one after
// it.
func (d *Damaged) repair(i int, counted uint64) (kept string, err error) {
	s := d.segs[i]
	flaws, err := d.FlawsIn(s.base)
	if err != nil || len(flaws) == 0 {
		return "", err
	}
	cut := s.end
	for _, f := range slices.Backward(flaws) {
		if f.From == f.To {
			continue
		}
		if cut = f.From; f.To > counted {
			return "", fmt.Errorf("the records at positions %d to %d are not counted and cannot be read: %w", max(f.From, counted), f.To, f.Err)
		}
	}
	if kept, err = d.dir.keep(s.file); err != nil {
		return "", err
	}
	newest, headerOnly := i == len(d.segs)-1, cut == s.end
	switch {
	case headerOnly:
	case newest || counted < s.end: // the records that are needed, if any
		h := header{id: d.id, base: counted, prev: cut}
		if err := d.replace(h, fileName(counted, sealedExt), d.recordsFrom(s, counted)); err != nil {
			return "", err
		}
	case cut > s.base: // a mark, because the prev of the next segment is not where this one ends
		h := header{d.id, cut, cut, flagLost}
		if err := d.replace(h, fileName(cut, sealedExt), nothing); err != nil {
			return "", err
		}
	default: // nothing of this one is left: the mark takes its place
		return kept, d.replace(header{d.id, cut, s.prev, flagLost}, s.file, nothing)
	}
	if s.damage == nil {
		return kept, nil
	}
	return kept, d.replace(header{d.id, s.base, s.prev, s.flags}, s.file, d.bytesTo(s, cut))
}

// replace makes a segment in a file, which may exist.
func (d *Damaged) replace(h header, file string, fill func(*segment, vfs.File) error) error {
	_, f, err := d.dir.createWith(h, file, fill)
	if err != nil {
		return err
	}
	return f.Close()
}

// nothing fills a segment without records.
func nothing(*segment, vfs.File) error { return nil }

// recordsFrom fills a segment with the records of s from a position on.
func (d *Damaged) recordsFrom(s *segment, pos uint64) func(*segment, vfs.File) error {
	return func(to *segment, f vfs.File) error {
		if pos >= s.end {
			return nil
		}
		in, err := d.dir.fs.Open(d.dir.join(s.file))
		if err != nil {
			return err
		}
		defer in.Close()
		out := bufio.NewWriterSize(io.NewOffsetWriter(f, headerSize), chunk)
		sc := newScanner(in, d.dir.join(s.file), s, pos, s.end)
		var group []byte
		for {
			rec, err := sc.next()
			if errors.Is(err, io.EOF) {
				return out.Flush()
			}
			if errors.Is(err, ErrCorrupt) && sc.pos == pos {
				return fmt.Errorf("%w: no record starts at %d", ErrPosition, pos)
			}
			if err != nil {
				return err
			}
			group = appendRecord(group[:0], rec.Data)
			fillChecks(group, to.seed, to.end-to.base)
			if _, err := out.Write(group); err != nil {
				return err
			}
			to.end += uint64(len(group))
		}
	}
}

// bytesTo fills a segment with the bytes of s up to a position. Their checks
// agree with the header that s had.
func (d *Damaged) bytesTo(s *segment, pos uint64) func(*segment, vfs.File) error {
	return func(_ *segment, f vfs.File) error {
		in, err := d.dir.fs.Open(d.dir.join(s.file))
		if err != nil {
			return err
		}
		defer in.Close()
		n := int64(pos - s.base)
		_, err = io.CopyN(io.NewOffsetWriter(f, headerSize), io.NewSectionReader(in, headerSize, n), n)
		return err
	}
}
