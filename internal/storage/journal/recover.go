package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

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
	lost, ok := j.LostTail()
	if !ok {
		return nil
	}
	if j.segs[len(j.segs)-1].flags&flagUnsynced == 0 {
		return lost.Err
	}
	// Append only promised that it was written.
	j.log.Warn("journal: the last records are missing. With --durability write a power cut causes this. Recording goes on",
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
