package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

const (
	headerSize = 48
	magic      = "ffjourn"
	version    = 1

	// flagUnsynced: groups were not synced, so a power cut may have lost any of
	// them.
	flagUnsynced = 1
	// flagLost: Repair made the segment. It has no records and ends at its base,
	// whatever the prev of the next one is: everything between them is a hole.
	flagLost = 2

	openExt, sealedExt, tempExt = ".open", ".sealed", ".temp"
	// trimmedExt is that of the trim mark, an empty file: everything before the
	// position in its name was trimmed.
	trimmedExt = ".trimmed"
	nameDigits = 20

	// noPosition is greater than every position.
	noPosition = 1 << 63
)

// Segment describes one file of the journal.
type Segment struct {
	// Base and End bound its durable records: Base ≤ p < End.
	Base, End uint64
	Sealed    bool  // no record will be added to it
	Size      int64 // bytes of the file up to End
}

// header is the start of a segment file.
type header struct {
	id         [16]byte
	base, prev uint64
	flags      uint32
}

// segment is a file of the journal and what is known about it.
type segment struct {
	header
	seed uint32 // the header's check, which its records' checks begin with
	// end is where the durable records end, and file is the name of the file. Both
	// change under Contents.segMu.
	end  uint64
	file string

	// What Inspect found: damage of the header, whether no record can be read
	// because of it, and whether the end is unknown then.
	damage     *CorruptError
	unreadable bool
	unknown    bool
}

func (s *segment) sealed() bool { return strings.HasSuffix(s.file, sealedExt) }

// offset is the place of a position in the file.
func (s *segment) offset(pos uint64) int64 { return headerSize + int64(pos-s.base) }

func fileName(base uint64, ext string) string { return fmt.Sprintf("%0*d%s", nameDigits, base, ext) }

// parseName is the inverse of fileName. It is false for other files.
func parseName(name string) (base uint64, ext string, ok bool) {
	if len(name) < nameDigits {
		return 0, "", false
	}
	base, err := strconv.ParseUint(name[:nameDigits], 10, 64)
	ext = name[nameDigits:]
	return base, ext, err == nil && (ext == openExt || ext == sealedExt || ext == tempExt || ext == trimmedExt)
}

// encode writes the header, check included.
func (h header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = append(b, version)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, h.base)
	b = binary.BigEndian.AppendUint64(b, h.prev)
	b = binary.BigEndian.AppendUint32(b, h.flags)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHeader is the inverse of encode, and also returns the check. The reason is
// empty if the header is sound.
func decodeHeader(b []byte) (h header, check uint32, reason string, err error) {
	if len(b) < headerSize {
		return h, 0, "the file is shorter than a segment's header", nil
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return h, 0, "the file does not begin as a segment does", nil
	}
	check = binary.BigEndian.Uint32(b[44:])
	if crc32.Checksum(b[:44], castagnoli) != check {
		return h, 0, "the header does not agree with its check", nil
	}
	if b[7] != version {
		return h, 0, "", fmt.Errorf("%w (%d)", ErrVersion, b[7])
	}
	copy(h.id[:], b[8:])
	h.base = binary.BigEndian.Uint64(b[24:])
	h.prev = binary.BigEndian.Uint64(b[32:])
	h.flags = binary.BigEndian.Uint32(b[40:])
	if h.prev > h.base {
		return h, 0, "the segment begins before the one before it ends", nil
	}
	if h.base >= noPosition {
		return h, 0, "the segment begins after all positions", nil
	}
	return h, check, "", nil
}

// dir is the directory of a journal.
type dir struct {
	fs   vfs.FS
	path string
}

func (d dir) join(name string) string { return d.fs.PathJoin(d.path, name) }

// sync makes the names in the directory durable.
func (d dir) sync() error { return syncDir(d.fs, d.path) }

// remove removes a file durably.
func (d dir) remove(name string) error {
	if err := d.fs.Remove(d.join(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", d.join(name), err)
	}
	return d.sync()
}

func syncDir(fs vfs.FS, path string) error {
	if err := fsync.With(fs.OpenDir, path); err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// newSegment returns a segment without records, and the bytes of its header.
func newSegment(h header, file string) (*segment, []byte) {
	b := h.encode()
	return &segment{header: h, end: h.base, file: file, seed: binary.BigEndian.Uint32(b[44:])}, b
}

// create makes a durable segment without records and returns it with its file,
// open for writing. It replaces a segment of the same base atomically; that must
// have no acknowledged records.
func (d dir) create(h header) (*segment, vfs.File, error) {
	return d.createWith(h, fileName(h.base, openExt), func(*segment, vfs.File) error { return nil })
}

// createWith makes a segment in a file of this name; fill writes the bytes after the
// header.
func (d dir) createWith(h header, file string, fill func(*segment, vfs.File) error) (*segment, vfs.File, error) {
	s, b := newSegment(h, file)
	temp := d.join(fileName(h.base, tempExt))
	if err := d.fs.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("make segment: %w", err)
	}
	f, err := d.makeFile(temp)
	if err != nil {
		return nil, nil, fmt.Errorf("make segment: %w", err)
	}
	err = func() error {
		if _, err := f.WriteAt(b, 0); err != nil {
			return err
		}
		if err := fill(s, f); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if err := d.fs.Rename(temp, d.join(s.file)); err != nil {
			return err
		}
		return d.sync()
	}()
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("make segment: %w", err)
	}
	return s, f, nil
}

// makeFile makes a file for the owner alone.
func (d dir) makeFile(path string) (vfs.File, error) {
	f, err := d.fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	// The interface has no modes; real files do.
	if m, ok := f.(interface{ Chmod(fs.FileMode) error }); ok {
		if err := m.Chmod(0o600); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// readHeader reads the header of a segment file; base is the one in its name.
func (d dir) readHeader(f vfs.File, file string, base uint64) (*segment, error) {
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", d.join(file), err)
	}
	h, check, reason, err := decodeHeader(b[:n])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", d.join(file), err)
	}
	if reason == "" && h.base != base {
		reason = "the header has another position than the name"
	}
	if reason != "" {
		return nil, &CorruptError{File: d.join(file), Position: base, Reason: reason}
	}
	return &segment{header: h, seed: check, end: h.base, file: file}, nil
}
