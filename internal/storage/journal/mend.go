package journal

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// damagedExt is added to the name of a file that Mend keeps as it was.
const damagedExt = ".damaged"

// Mend makes a journal of Inspect one that Open opens and whose readers meet
// holes where they met flaws. All flaws must lie before counted, the position
// from which on the records are still needed: these are all kept, and so is
// every file as it was, under a name of its own, which is returned. A crash on
// the way leaves a journal to Inspect and Mend again.
//
// The journal must be opened anew after it.
func (j *Journal) Mend(counted uint64) (aside []string, err error) {
	if first := j.First(); first > j.Trimmed() {
		if first > counted {
			return nil, fmt.Errorf("journal: mend: the records from %d to %d are missing: %w", counted, first, ErrPosition)
		}
		if err := j.mark(first); err != nil {
			return nil, fmt.Errorf("journal: mend: %w", err)
		}
	}
	if j.unborn != nil { // it would lie between the segments and what is made here
		if err := j.dir.remove(j.unborn.file); err != nil {
			return nil, fmt.Errorf("journal: mend: %w", err)
		}
		j.unborn = nil
	}
	for i := range slices.Backward(j.segs) {
		name, err := j.mend(i, counted)
		if err != nil {
			return aside, fmt.Errorf("journal: mend: %w", err)
		}
		if name != "" {
			aside = append(aside, name)
		}
	}
	return aside, nil
}

// mend cuts a segment off where it cannot be read, by another one behind it.
func (j *Journal) mend(i int, counted uint64) (aside string, err error) {
	s := j.segs[i]
	flaws, err := j.Flaws(s.base)
	if err != nil || len(flaws) == 0 {
		return "", err
	}
	cut := s.end
	for _, f := range slices.Backward(flaws) {
		if f.From == f.To {
			continue
		}
		if cut = f.From; f.To > counted {
			return "", fmt.Errorf("positions %d to %d are needed: %w", max(f.From, counted), f.To, f.Err)
		}
	}
	if aside, err = j.dir.keep(s.file); err != nil {
		return "", err
	}
	replaced := false
	if cut < s.end {
		h, file, fill := header{id: j.id, base: counted, prev: cut}, fileName(counted, sealedExt), nothing
		switch {
		case counted < s.end:
			fill = j.from(s, counted)
		case i == len(j.segs)-1:
			file = fileName(counted, openExt)
		case cut == s.base: // in its place, for the name must not be there twice
			h, file, replaced = header{j.id, cut, s.prev, flagLost}, s.file, true
		default:
			h, file = header{j.id, cut, cut, flagLost}, fileName(cut, sealedExt)
		}
		if err := j.place(h, file, fill); err != nil {
			return "", err
		}
	}
	if s.damage != nil && !replaced {
		if err := j.place(header{j.id, s.base, s.prev, s.flags}, s.file, j.upTo(s, cut)); err != nil {
			return "", err
		}
	}
	return aside, nil
}

// place makes a segment.
func (j *Journal) place(h header, file string, fill func(*segment, vfs.File) error) error {
	_, f, err := j.dir.createWith(h, file, fill)
	if err != nil {
		return err
	}
	return f.Close()
}

// keep gives a file another name, which stays with what is in it now.
func (d dir) keep(file string) (name string, err error) {
	name = file + damagedExt
	for n := 2; ; n++ {
		if _, err := d.fs.Stat(d.join(name)); err != nil {
			break
		}
		name = fmt.Sprint(file, damagedExt, n)
	}
	if err := vfs.LinkOrCopy(d.fs, d.join(file), d.join(name)); err != nil {
		return "", fmt.Errorf("keep %s: %w", d.join(file), err)
	}
	return d.join(name), d.sync()
}

func nothing(*segment, vfs.File) error { return nil }

// from writes the records of a segment from a position on.
func (j *Journal) from(s *segment, pos uint64) func(*segment, vfs.File) error {
	return func(to *segment, f vfs.File) error {
		in, err := j.dir.fs.Open(j.dir.join(s.file))
		if err != nil {
			return err
		}
		defer in.Close()
		var group []byte
		var distance uint64
		write := func() error {
			seal(group, to.seed, distance)
			_, err := f.WriteAt(group, headerSize+int64(distance))
			distance += uint64(len(group))
			group = group[:0]
			return err
		}
		sc := newScanner(in, j.dir.join(s.file), s, pos, s.end)
		for {
			rec, err := sc.next()
			if errors.Is(err, io.EOF) {
				return write()
			}
			if errors.Is(err, ErrCorrupt) && sc.pos == pos {
				return fmt.Errorf("%w: no record starts at %d", ErrPosition, pos)
			}
			if err != nil {
				return err
			}
			if group = appendRecord(group, rec.Data); len(group) >= roomyGroup {
				if err := write(); err != nil {
					return err
				}
			}
		}
	}
}

// upTo writes the bytes of a segment up to a position as they are.
func (j *Journal) upTo(s *segment, pos uint64) func(*segment, vfs.File) error {
	return func(_ *segment, f vfs.File) error {
		in, err := j.dir.fs.Open(j.dir.join(s.file))
		if err != nil {
			return err
		}
		defer in.Close()
		buf := make([]byte, chunk)
		for at, end := int64(headerSize), s.offset(pos); at < end; at += int64(len(buf)) {
			buf = buf[:min(chunk, end-at)]
			if _, err := in.ReadAt(buf, at); err != nil {
				return err
			}
			if _, err := f.WriteAt(buf, at); err != nil {
				return err
			}
		}
		return nil
	}
}
