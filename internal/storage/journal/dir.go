package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/fsync"
)

// dir is the directory of a journal.
type dir struct {
	fs   vfs.FS
	path string
}

func (d dir) join(name string) string { return d.fs.PathJoin(d.path, name) }

// sync makes the names in the directory durable.
func (d dir) sync() error { return syncDir(d.fs, d.path) }

func syncDir(fs vfs.FS, path string) error {
	if err := fsync.With(fs.OpenDir, path); err != nil {
		return fmt.Errorf("sync directory: %w", err)
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

// remove removes a file durably.
func (d dir) remove(name string) error {
	if err := d.fs.Remove(d.join(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", d.join(name), err)
	}
	return d.sync()
}

// keep gives a file a second name, under which its content stays.
func (d dir) keep(file string) (path string, err error) {
	name := file + damagedExt
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
