package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// Flaw is what cannot be read of a journal: the positions From ≤ p < To. They
// are none where only a header is damaged, and the records are sound.
type Flaw struct {
	From, To uint64
	// Unknown is set where more than that may be lost: nothing tells how far the
	// newest segment had come.
	Unknown bool
	Err     error // *CorruptError, *HoleError or *TailError
}

// Inspect opens a journal to look at what there is, also one that Open refuses,
// and to Mend it. Nothing else is changed, and nothing can be appended. Readers
// fail where they come to what cannot be read. known are ids that the journal
// may have, should no header tell. Where there is no segment it is
// fs.ErrNotExist.
func Inspect(o Options, known ...[16]byte) (*Journal, error) {
	j := newJournal(o)
	j.closed, j.shut = true, true
	close(j.stopped)
	if err := j.inspect(known); err != nil {
		return nil, fmt.Errorf("journal: inspect: %w", err)
	}
	return j, nil
}

func (j *Journal) inspect(known [][16]byte) error {
	l, err := j.dir.list()
	if err != nil {
		return err
	}
	j.trimmed = l.trimmed
	for i, base := range l.bases {
		s, err := j.look(base, l.files[base], i == len(l.bases)-1)
		if err != nil {
			return err
		}
		if s != nil {
			j.segs = append(j.segs, s)
		}
	}
	if len(j.segs) == 0 && j.unborn != nil && j.existing { // all that is left of a journal
		s := j.unborn
		s.damage = &CorruptError{File: j.dir.join(s.file), Position: s.base, Reason: "the file is empty"}
		s.blind, j.unborn = true, nil
		j.segs = append(j.segs, s)
	}
	if len(j.segs) == 0 {
		return fmt.Errorf("segments in %s: %w", j.dir.path, fs.ErrNotExist)
	}
	j.identify(known)
	for i, s := range j.segs {
		if err := j.judge(i, s, known); err != nil {
			return err
		}
	}
	for i, s := range j.segs[:len(j.segs)-1] {
		next := j.segs[i+1]
		switch {
		case s.flags&flagLost != 0:
		case next.blind:
			s.end = next.base
		default:
			s.end = next.prev
		}
	}
	return j.findEnd()
}

// look reads the header of a segment; a segment that was never in use is nil,
// and becomes unborn.
func (j *Journal) look(base uint64, file string, last bool) (*segment, error) {
	f, err := j.dir.fs.Open(j.dir.join(file))
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	if last && file == fileName(base, openExt) {
		unborn, err := isUnborn(f)
		if unborn {
			j.unborn = &segment{header: header{base: base, prev: base}, end: base, file: file}
		}
		if unborn || err != nil {
			return nil, err
		}
	}
	s, err := j.dir.readHeader(f, file, base)
	var damage *CorruptError
	if errors.As(err, &damage) {
		s = &segment{header: header{base: base, prev: base}, end: base, file: file, damage: damage, blind: true}
		return s, nil
	}
	return s, err
}

// identify finds the journal's id: one that is known, if any header tells it.
func (j *Journal) identify(known [][16]byte) {
	if len(known) == 1 {
		j.id = known[0]
	}
	for _, s := range slices.Backward(j.segs) {
		if s.damage != nil {
			continue
		}
		j.id = s.id
		if slices.Contains(known, s.id) {
			return
		}
	}
}

// judge finds what is wrong with the header of a segment, and makes it anew
// where its records agree with what it must have been.
func (j *Journal) judge(i int, s *segment, known [][16]byte) error {
	switch {
	case s.blind:
		return j.guess(i, s, known)
	case s.id != j.id:
		s.damage = &CorruptError{File: j.dir.join(s.file), Position: s.base, Reason: "the segment is of another journal"}
	case i > 0 && s.prev < j.segs[i-1].base:
		s.damage = &CorruptError{File: j.dir.join(s.file), Position: s.base, Reason: "the segment does not follow the one before it"}
	default:
		return nil
	}
	s.blind, s.header = true, header{base: s.base, prev: s.base}
	return nil
}

// guess tries headers that the segment may have had on its records.
func (j *Journal) guess(i int, s *segment, known [][16]byte) error {
	if j.id != [16]byte{} {
		known = [][16]byte{j.id}
	}
	f, err := j.dir.fs.Open(j.dir.join(s.file))
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	end, err := j.fileEnd(s)
	if err != nil {
		return err
	}
	prevs := []uint64{s.base}
	if i == 0 {
		prevs = append(prevs, 0)
	} else if prev, err := j.fileEnd(j.segs[i-1]); err != nil {
		return err
	} else if prev < s.base {
		prevs = append(prevs, prev)
	}
	for _, id := range known {
		for _, prev := range prevs {
			for _, flags := range []uint32{0, flagUnsynced} {
				g, _ := newSegment(header{id, s.base, prev, flags}, s.file)
				sc := newScanner(f, j.dir.join(s.file), g, s.base, end)
				_, err := sc.next()
				if errors.Is(err, ErrCorrupt) {
					if err = sc.resync(end); err == nil && sc.pos == end {
						continue
					}
				}
				if errors.Is(err, io.EOF) {
					return nil // no records to try it on
				}
				if err != nil {
					return err
				}
				j.id, s.header, s.seed, s.blind = id, g.header, g.seed, false
				return nil
			}
		}
	}
	return nil
}

// fileEnd is the position at which the file of a segment ends.
func (j *Journal) fileEnd(s *segment) (uint64, error) {
	size, err := j.dir.size(s.file)
	return s.base + uint64(max(size-headerSize, 0)), err
}

// findEnd finds where the newest segment ends: as recoverLast does, but behind
// what is damaged.
func (j *Journal) findEnd() (err error) {
	s := j.segs[len(j.segs)-1]
	if s.end, err = j.fileEnd(s); err != nil {
		return err
	}
	if s.blind {
		if s.end, s.unknown = max(s.end, j.reached(j.id)), j.reached(j.id) == 0; j.unborn != nil {
			s.end, s.unknown = max(s.end, j.unborn.base), false
		}
		return nil
	}
	if s.sealed() {
		return nil
	}
	f, err := j.dir.fs.Open(j.dir.join(s.file))
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	sc := newScanner(f, j.dir.join(s.file), s, s.base, s.end)
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

// Flaws lists what cannot be read of the segment with that base, in order. It is
// ErrPosition where there is no such segment.
func (j *Journal) Flaws(base uint64) (flaws []Flaw, err error) {
	r := &Reader{j: j}
	defer r.Close()
	err = r.find(base)
	var damage *CorruptError
	if errors.As(err, &damage) { // the header's
		end, unknown := j.endOf(base)
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
	end, err := j.fileEnd(r.seg)
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

// endOf is the end of the segment with that base, and whether that is a guess.
func (j *Journal) endOf(base uint64) (end uint64, unknown bool) {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	s := j.segs[after(j.segs, base)-1]
	return s.end, s.unknown
}

// Tail is what is missing after the newest segment: the journal ends before the
// position that it had reached, as Options.Reached knows. It is false where
// nothing is.
func (j *Journal) Tail() (Flaw, bool) {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	s := j.segs[len(j.segs)-1]
	reached := j.reached(j.id)
	if s.end >= reached {
		return Flaw{}, false
	}
	return Flaw{From: s.end, To: reached, Err: &TailError{Dir: j.dir.path, End: s.end, Reached: reached}}, true
}
