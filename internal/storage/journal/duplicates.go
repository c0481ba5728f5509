package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// duplicate is a segment that has a file under both names. A crash during a rename
// leaves the same file twice. A file that an operator copied into the directory is
// another one, and may have fewer records.
type duplicate struct {
	file, other string // the one that is used, and the one that is not
	// redundant is set if file contains everything that other does.
	redundant bool
}

// choose decides which of the two files of a segment is used; the segment after it
// begins at next. It fails with a *DuplicateError if each may have records that the
// other lacks.
func (d dir) choose(open, sealed string, next uint64) (t duplicate, err error) {
	a, err := d.readWhole(open, next)
	if err != nil {
		return t, err
	}
	b, err := d.readWhole(sealed, next)
	if err != nil {
		return t, err
	}
	switch {
	case bytes.HasPrefix(b.bytes, a.bytes), a.sound && a.empty():
		return duplicate{file: sealed, other: open, redundant: true}, nil
	case bytes.HasPrefix(a.bytes, b.bytes), b.sound && b.empty():
		return duplicate{file: open, other: sealed, redundant: true}, nil
	case b.replaces(a):
		return duplicate{file: sealed, other: open}, nil
	case a.replaces(b):
		return duplicate{file: open, other: sealed}, nil
	}
	at := 0
	for at < len(a.bytes) && at < len(b.bytes) && a.bytes[at] == b.bytes[at] {
		at++
	}
	return t, &DuplicateError{File: d.join(open), Other: d.join(sealed), Offset: int64(at)}
}

// wholeFile is a segment's file in memory.
type wholeFile struct {
	bytes []byte
	sound bool // every byte belongs to a record that agrees with its checks
}

// empty reports whether a file has no records.
func (w wholeFile) empty() bool { return len(w.bytes) <= headerSize }

// replaces reports whether a file is a sound copy of another one that is damaged,
// and at least as long.
func (w wholeFile) replaces(other wholeFile) bool {
	return w.sound && !other.sound && len(w.bytes) >= len(other.bytes) && len(other.bytes) >= headerSize &&
		bytes.Equal(w.bytes[:headerSize], other.bytes[:headerSize])
}

// readWhole reads a file up to the position next, at which the segment ends at the
// latest: later bytes were never acknowledged.
func (d dir) readWhole(file string, next uint64) (w wholeFile, err error) {
	f, err := d.fs.Open(d.join(file))
	if err != nil {
		return w, fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return w, fmt.Errorf("look at %s: %w", d.join(file), err)
	}
	base, _, _ := parseName(file)
	w.bytes = make([]byte, min(uint64(info.Size()), headerSize+next-base))
	if _, err := f.ReadAt(w.bytes, 0); err != nil && !errors.Is(err, io.EOF) {
		return w, fmt.Errorf("read %s: %w", d.join(file), err)
	}
	s, err := d.readHeader(f, file, base)
	if errors.Is(err, ErrCorrupt) {
		return w, nil
	}
	if err != nil {
		return w, err
	}
	sc := newScanner(f, d.join(file), s, s.base, s.base+uint64(len(w.bytes)-headerSize))
	for err == nil {
		_, err = sc.next()
	}
	if w.sound = errors.Is(err, io.EOF); w.sound || errors.Is(err, ErrCorrupt) {
		err = nil
	}
	return w, err
}

// resolve leaves a segment one file. It removes the other one, but first keeps it
// under another name unless it is redundant.
func (j *Journal) resolve(t duplicate) error {
	if t.redundant {
		return j.dir.remove(t.other)
	}
	name, err := j.dir.keep(t.other)
	if err != nil {
		return err
	}
	j.log.Warn("journal: a segment has two files. The sound one is used, and the other is kept under another name",
		"file", j.dir.join(t.file), "kept", name)
	return j.dir.remove(t.other)
}
