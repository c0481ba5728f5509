package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

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
		noSync:      o.NoSync,
		existing:    o.Existing,
		synced:      o.Synced,
		rolled:      o.Rolled,
		ended:       o.Ended,
		kick:        make(chan struct{}, 1),
		stopped:     make(chan struct{}),
		pending:     &group{done: make(chan struct{})},
	}
}

// recover finds the segments, and makes the first if there is none.
func (j *Journal) recover() error {
	if err := j.dir.make(); err != nil {
		return err
	}
	l, err := j.dir.list()
	if err != nil {
		return err
	}
	if len(l.bases) == 0 && j.existing {
		return fmt.Errorf("segments in %s: %w", j.dir.path, fs.ErrNotExist)
	}
	for _, t := range l.duplicates {
		if err := j.resolve(t); err != nil {
			return err
		}
	}
	for _, name := range l.leftovers {
		if err := j.dir.remove(name); err != nil {
			return err
		}
	}
	j.trimmed = l.trimmed
	for i, base := range l.bases {
		last := i == len(l.bases)-1
		if err := j.load(base, l.files[base], last); err != nil {
			return err
		}
	}
	if len(j.segs) == 0 {
		if j.existing {
			return fmt.Errorf("records in %s: %w", j.dir.path, fs.ErrNotExist)
		}
		return j.create()
	}
	if err := j.recoverLast(); err != nil {
		return err
	}
	if err := j.complete(); err != nil {
		return err
	}
	for _, s := range j.segs[:len(j.segs)-1] {
		if _, err := j.seal(s); err != nil {
			j.log.Warn("journal: a sealed segment could not be renamed and keeps its name; nothing is lost", "error", err)
		}
	}
	// Names that a killed process made may not be durable.
	return j.dir.sync()
}

// complete fails if the journal ends before a position that it had reached.
func (j *Journal) complete() error {
	lost, ok := j.Tail()
	if !ok {
		return nil
	}
	if j.segs[len(j.segs)-1].flags&flagUnsynced == 0 {
		return lost.Err
	}
	// Append only promised that it was written.
	j.log.Warn("journal: records at the end are missing, as after a power cut while clicks are not synced; recording goes on after them",
		"from", lost.From, "to", lost.To)
	return nil
}

// create makes the first segment of a new journal.
func (j *Journal) create() error {
	rand.Read(j.id[:]) // never fails
	h := header{id: j.id}
	if j.noSync {
		h.flags = flagUnsynced
	}
	s, f, err := j.dir.create(h)
	if err != nil {
		return err
	}
	j.segs, j.file = []*segment{s}, f
	return nil
}

// recoverLast finds the end of the newest segment, the only one that may be torn.
func (j *Journal) recoverLast() error {
	s := j.segs[len(j.segs)-1]
	path := j.dir.join(s.file)
	f, err := j.dir.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at %s: %w", path, err)
	}
	sc := newScanner(f, path, s, s.base, s.base+uint64(info.Size()-headerSize))
	for err == nil {
		var rec Record
		if rec, err = sc.next(); err == nil {
			j.lastCheck = crc32.Checksum(rec.Data, castagnoli)
		}
	}
	s.end = sc.pos
	if !errors.Is(err, io.EOF) {
		if !errors.Is(err, ErrCorrupt) || s.sealed() {
			return err
		}
		acknowledged, empty, restErr := sc.rest()
		if restErr != nil {
			return restErr
		}
		if acknowledged && s.flags&flagUnsynced == 0 {
			return err
		}
		if !empty && s.end >= j.reached(j.id) { // else complete reports it
			j.log.Warn("journal: a tail that was never acknowledged is cut, as after a crash; nothing is lost",
				"file", path, "position", s.end, "bytes", sc.limit-s.end, "reason", err)
		}
	}
	if !s.sealed() && s.end > s.base {
		if err := fsync.Rewrite(f, s.offset(sc.group), s.offset(s.end)); err != nil {
			return fmt.Errorf("write the end of %s again: %w", path, err)
		}
	}
	if s.sealed() && s.end == s.base {
		// It has no records, and the next segment has the same name.
		if err := j.dir.fs.Rename(path, j.dir.join(fileName(s.base, openExt))); err != nil {
			return fmt.Errorf("reopen %s: %w", path, err)
		}
		s.file = fileName(s.base, openExt)
	}
	return nil
}

// make makes the directory and its parents durably. Each level is synced before
// the next is made, so only the lowest one that exists may not be durable yet.
func (d dir) make() error {
	var missing []string
	exists := d.path
	for {
		_, err := d.fs.Stat(exists)
		if err == nil {
			break
		}
		parent := d.fs.PathDir(exists)
		if !errors.Is(err, fs.ErrNotExist) || parent == exists {
			return fmt.Errorf("look for directory: %w", err)
		}
		missing = append(missing, exists)
		exists = parent
	}
	// A directory that cannot be read was not made by an earlier call.
	if err := syncDir(d.fs, d.fs.PathDir(exists)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	for _, path := range slices.Backward(missing) {
		if err := d.fs.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("make directory: %w", err)
		}
		if err := syncDir(d.fs, d.fs.PathDir(path)); err != nil {
			return err
		}
	}
	return nil
}

// listing is the content of a journal's directory.
type listing struct {
	bases      []uint64          // of the segments, ascending
	files      map[uint64]string // by base
	trimmed    uint64            // the position in the trim mark; 0 without one
	leftovers  []string          // files that a crash left
	duplicates []duplicate       // segments that have two files
}

func (d dir) list() (*listing, error) {
	names, err := d.fs.List(d.path)
	if err != nil {
		return nil, fmt.Errorf("list directory: %w", err)
	}
	slices.Sort(names) // ".open" before ".sealed", and marks by their position
	l := &listing{files: make(map[uint64]string)}
	for i, name := range names {
		base, ext, ours := parseName(name)
		if !ours {
			continue
		}
		switch other, both := l.files[base]; {
		case ext == tempExt:
			l.leftovers = append(l.leftovers, name)
		case ext == trimmedExt:
			if l.trimmed > 0 {
				l.leftovers = append(l.leftovers, fileName(l.trimmed, trimmedExt))
			}
			l.trimmed = base
		case both:
			t, err := d.choose(other, name, next(names[i+1:]))
			if err != nil {
				return nil, err
			}
			l.duplicates = append(l.duplicates, t)
			l.files[base] = t.file
		default:
			l.bases = append(l.bases, base)
			l.files[base] = name
		}
	}
	return l, nil
}

// load reads the header of a segment, adds it to the list and sets the end of the
// segment before.
func (j *Journal) load(base uint64, file string, last bool) error {
	path := j.dir.join(file)
	f, err := j.dir.fs.Open(path)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	defer f.Close()
	if last && file == fileName(base, openExt) {
		unused, err := isUnused(f)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if unused && len(j.segs) > 0 && j.reached(j.id) > base {
			return &TailError{Dir: j.dir.path, End: base, Reached: j.reached(j.id)}
		}
		if unused {
			j.log.Warn("journal: a segment that was never used is removed, as after a crash; nothing is lost", "file", path)
			return j.dir.remove(file)
		}
	}
	s, err := j.dir.readHeader(f, file, base)
	if err != nil {
		return err
	}
	if len(j.segs) == 0 {
		j.id = s.id
		j.segs = append(j.segs, s)
		return nil
	}
	before := j.segs[len(j.segs)-1]
	if s.id != j.id {
		return &CorruptError{File: path, Position: base, Reason: "the segment is of another journal"}
	}
	if s.prev < before.base {
		return &CorruptError{File: path, Position: base, Reason: "the segment does not follow the one before it"}
	}
	if before.flags&flagLost != 0 {
		j.segs = append(j.segs, s)
		return nil
	}
	before.end = s.prev
	size, err := j.dir.size(before.file)
	if err != nil {
		return err
	}
	if size < before.offset(before.end) {
		return &CorruptError{
			File: j.dir.join(before.file), Offset: size, Position: before.base + uint64(max(size-headerSize, 0)),
			Reason: "the file ends before its last record, or a segment after it is missing",
		}
	}
	j.segs = append(j.segs, s)
	return nil
}

// next is the base of the first segment in a sorted list of names, or noPosition.
func next(names []string) uint64 {
	for _, name := range names {
		if base, ext, ours := parseName(name); ours && (ext == openExt || ext == sealedExt) {
			return base
		}
	}
	return noPosition
}

func (d dir) size(file string) (int64, error) {
	info, err := d.fs.Stat(d.join(file))
	if err != nil {
		return 0, fmt.Errorf("look at segment: %w", err)
	}
	return info.Size(), nil
}

// isUnused reports whether a file is shorter than a header or all zeros, as some
// file systems leave a file that was made just before a power cut. A header is
// durable before the first record, so nothing in the file was acknowledged.
func isUnused(f vfs.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	if info.Size() < headerSize {
		return true, nil
	}
	buf := make([]byte, chunk)
	for at := int64(0); ; {
		n, err := f.ReadAt(buf, at)
		if slices.ContainsFunc(buf[:n], func(b byte) bool { return b != 0 }) {
			return false, nil
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		at += int64(n)
	}
}
