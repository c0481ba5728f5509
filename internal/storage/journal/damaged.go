package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Damaged is a journal that is examined and repaired, usually one that Open
// refuses. Nothing can be appended to it. It has no open files, and needs no
// Close.
type Damaged struct {
	Contents

	// unused is a newest file in which nothing was ever recorded; nil if there is
	// none.
	unused *segment
}

// Flaw is a stretch of a journal that cannot be read: the positions From ≤ p <
// To. It is empty if only a header is damaged and the records are sound.
type Flaw struct {
	From, To uint64
	// Unknown is set if more than that may be lost, because nothing shows how long
	// the newest segment was.
	Unknown bool
	Err     error // *CorruptError, *HoleError or *TailError
}

// Inspect examines a journal, also one that Open refuses, and changes nothing.
// It uses Dir, FS, Reached, Existing and Logger of o. If every header is damaged,
// the ID of the journal is looked for among ids. It fails with fs.ErrNotExist if
// there is no segment.
func Inspect(o Options, ids ...[16]byte) (*Damaged, error) {
	d := &Damaged{Contents: newContents(o)}
	if err := d.inspect(o.Existing, ids); err != nil {
		return nil, fmt.Errorf("journal: inspect: %w", err)
	}
	return d, nil
}

// Flaws lists the unreadable stretches of the journal, except holes, in order: the
// segments that are missing before the first one, the flaws in each segment, and the
// lost tail.
func (d *Damaged) Flaws() (flaws []Flaw, err error) {
	if first, trimmed := d.First(), d.Trimmed(); first > trimmed {
		flaws = append(flaws, Flaw{From: trimmed, To: first, Err: &HoleError{Hole{trimmed, first}}})
	}
	for _, s := range d.segs {
		some, err := d.FlawsIn(s.base)
		if err != nil {
			return nil, err
		}
		flaws = append(flaws, some...)
	}
	tail, ok := d.LostTail()
	if ok && !slices.ContainsFunc(flaws, func(f Flaw) bool { return f.To >= tail.To }) {
		flaws = append(flaws, tail)
	}
	return flaws, nil
}

func (d *Damaged) inspect(existing bool, ids [][16]byte) error {
	l, err := d.dir.list()
	if err != nil {
		return err
	}
	d.trimmed = l.trimmed
	for i, base := range l.bases {
		s, err := d.load(base, l.files[base], i == len(l.bases)-1)
		if err != nil {
			return err
		}
		if s != nil {
			d.segs = append(d.segs, s)
		}
	}
	if len(d.segs) == 0 && d.unused != nil && existing { // all that is left of a journal
		d.segs, d.unused = append(d.segs, d.unreadable(d.unused.header, d.unused.file, "the file is empty")), nil
	}
	if len(d.segs) == 0 {
		return fmt.Errorf("segments in %s: %w", d.dir.path, fs.ErrNotExist)
	}
	d.identify(ids)
	if d.id != [16]byte{} {
		ids = [][16]byte{d.id}
	}
	for i, s := range d.segs {
		switch {
		case s.unreadable:
			if err := d.guessHeader(s, ids); err != nil {
				return err
			}
		case s.id != d.id:
			d.segs[i] = d.unreadable(s.header, s.file, "the segment is of another journal")
		case i > 0 && s.prev < d.segs[i-1].base:
			d.segs[i] = d.unreadable(s.header, s.file, "the segment does not follow the one before it")
		}
	}
	for i, s := range d.segs[:len(d.segs)-1] {
		if s.flags&flagLost == 0 {
			s.end = d.segs[i+1].prev
		}
	}
	return d.findEnd()
}

// load reads the header of a segment. A newest file that was never used is no
// segment: load stores it in d.unused and returns nil.
func (d *Damaged) load(base uint64, file string, last bool) (*segment, error) {
	f, err := d.dir.fs.Open(d.dir.join(file))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	h := header{base: base, prev: base}
	if last && file == fileName(base, openExt) {
		unused, err := isUnused(f)
		if unused {
			d.unused, _ = newSegment(h, file)
		}
		if unused || err != nil {
			return nil, err
		}
	}
	s, err := d.dir.readHeader(f, file, base)
	var damage *CorruptError
	if errors.As(err, &damage) {
		return d.unreadable(h, file, damage.Reason), nil
	}
	return s, err
}

// unreadable returns a segment whose records cannot be checked, because its header
// is damaged. Only the base of h is used.
func (d *Damaged) unreadable(h header, file, reason string) *segment {
	s, _ := newSegment(header{base: h.base, prev: h.base}, file)
	s.damage = &CorruptError{File: d.dir.join(file), Position: h.base, Reason: reason}
	s.unreadable = true
	return s
}

// identify finds the ID of the journal in the headers: the newest that is one of
// ids, or else the oldest. It stays zero if no header can be read and ids are
// not exactly one.
func (d *Damaged) identify(ids [][16]byte) {
	if len(ids) == 1 {
		d.id = ids[0]
	}
	for _, s := range slices.Backward(d.segs) {
		if s.damage != nil {
			continue
		}
		d.id = s.id
		if slices.Contains(ids, s.id) {
			return
		}
	}
}

// guessHeader finds the header that a segment had, so that its records can be
// checked and read. Only the id and one flag have to be tried: the name of the
// file has the base, and prev equals it, except after a hole. The header whose
// check agrees with a record is the right one. The segment stays unreadable if
// none does.
func (d *Damaged) guessHeader(s *segment, ids [][16]byte) error {
	path := d.dir.join(s.file)
	f, err := d.dir.fs.Open(path)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	end, err := d.fileEnd(s)
	if err != nil {
		return err
	}
	for _, id := range ids {
		for _, flags := range []uint32{0, flagUnsynced} {
			guess, _ := newSegment(header{id, s.base, s.base, flags}, s.file)
			sc := newScanner(f, path, guess, s.base, end)
			_, err := sc.next()
			if errors.Is(err, ErrCorrupt) {
				if err = sc.resync(end); err == nil && sc.pos == end {
					continue
				}
			}
			if errors.Is(err, io.EOF) {
				return nil // no records, so nothing to read
			}
			if err != nil {
				return err
			}
			d.id, s.header, s.seed, s.unreadable = id, guess.header, guess.seed, false
			return nil
		}
	}
	return nil
}

// findEnd finds where the newest segment ends. It does what recoverLast does, but
// goes on after damage.
func (d *Damaged) findEnd() (err error) {
	s := d.segs[len(d.segs)-1]
	if s.end, err = d.fileEnd(s); err != nil {
		return err
	}
	if s.unreadable {
		reached := d.reached(d.id)
		if s.end, s.unknown = max(s.end, reached), reached == 0; d.unused != nil {
			s.end, s.unknown = max(s.end, d.unused.base), false
		}
		return nil
	}
	if s.sealed() {
		return nil
	}
	f, err := d.dir.fs.Open(d.dir.join(s.file))
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	sc := newScanner(f, d.dir.join(s.file), s, s.base, s.end)
	for {
		_, err := sc.next()
		if errors.Is(err, ErrCorrupt) {
			var acknowledged bool
			if acknowledged, _, err = sc.rest(); err == nil && acknowledged && s.flags&flagUnsynced == 0 {
				err = sc.resync(s.end)
			} else if err == nil {
				err = io.EOF // the torn tail
			}
		}
		if errors.Is(err, io.EOF) {
			s.end = sc.pos
			return nil
		}
		if err != nil {
			return err
		}
	}
}
