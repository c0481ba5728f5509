// Package backup keeps copies of a data directory: each is whole, in a
// directory of its own that is named by the time it was made.
//
// A copy is there once it is complete and durable, or not at all. Files that
// have not changed since the last one are shared with it, so that another copy
// costs what is new. It refuses to know what is in the files.
package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// manifestFile is written last, and says that the copy is one.
	manifestFile = "backup.json"
	// nameLayout makes names that sort by time; partial is in front of those
	// that are being made.
	nameLayout = "2006-01-02T15-04-05.000000000Z"
	partial    = "partial-"

	version = 1
)

// ErrNone: there is no backup in the directory.
var ErrNone = errors.New("there is no complete backup")

// Manifest says what a backup holds.
type Manifest struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	// Counted is a journal position up to which the counts in it reach at least,
	// and End the one up to which its journal does.
	Counted uint64 `json:"counted"`
	End     uint64 `json:"end"`
	// Files and Bytes are of the whole; Copied is what of the bytes was not
	// shared with the backup before.
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`
	Copied int64 `json:"copied"`
}

// Draft is a backup that is being made. It is ended by Commit or Abort.
type Draft struct {
	dir, path string // of all backups, of this one
	before    string // the backup before; empty where there is none
	made      time.Time
	manifest  Manifest
}

// Begin begins a backup in a directory of backups, which it makes where it is
// missing. It fails where something else lies there.
func Begin(dir string, now time.Time) (*Draft, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		if name := strings.TrimPrefix(e.Name(), partial); !isName(name) {
			return nil, fmt.Errorf("backup: %s holds %s, which is no backup: name an empty directory, or one with backups", dir, e.Name())
		}
		if strings.HasPrefix(e.Name(), partial) { // cut short
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("backup: %w", err)
			}
		}
	}
	d := &Draft{dir: dir, made: now.UTC()}
	d.path = filepath.Join(dir, partial+d.made.Format(nameLayout))
	if all, err := List(dir); err != nil {
		return nil, err
	} else if len(all) > 0 {
		d.before = all[0]
	}
	if err := os.Mkdir(d.path, 0o700); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	return d, nil
}

func isName(name string) bool {
	_, err := time.Parse(nameLayout, name)
	return err == nil
}

// Path is where the file or directory of this name goes.
func (d *Draft) Path(name string) string { return filepath.Join(d.path, name) }

// Copy copies the first size bytes of a file that will not change, unless the
// backup before has it: of that name and size, and changed at the same time.
func (d *Draft) Copy(from, name string, size int64) error {
	info, err := os.Stat(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	to := d.Path(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d.manifest.Files++
	d.manifest.Bytes += size
	if d.before != "" {
		old := filepath.Join(d.before, name)
		if o, err := os.Stat(old); err == nil && o.Size() == size && o.ModTime().Equal(info.ModTime()) && os.Link(old, to) == nil {
			return nil
		}
	}
	d.manifest.Copied += size
	return copyFile(from, to, size, info.ModTime())
}

// CopyDir copies the files in a directory, which will not change.
func (d *Draft) CopyDir(from, name string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("backup: %s is no file", filepath.Join(from, e.Name()))
		}
		if err := d.Copy(filepath.Join(from, e.Name()), filepath.Join(name, e.Name()), info.Size()); err != nil {
			return err
		}
	}
	return nil
}

// Added tells of a file that was written under Path.
func (d *Draft) Added(name string) error {
	f, err := os.Open(d.Path(name))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	info, err := f.Stat()
	if err := errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d.manifest.Files++
	d.manifest.Bytes += info.Size()
	d.manifest.Copied += info.Size()
	return nil
}

// Commit makes the backup one that is there, and removes the oldest so that
// keep remain, 1 at least.
func (d *Draft) Commit(counted, end uint64, keep int) (Manifest, error) {
	d.manifest.Version, d.manifest.Made, d.manifest.Counted, d.manifest.End = version, d.made, counted, end
	b, err := json.MarshalIndent(d.manifest, "", "  ")
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := os.WriteFile(d.Path(manifestFile), append(b, '\n'), 0o600); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := errors.Join(syncFile(d.Path(manifestFile)), syncDirs(d.path)); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	done := filepath.Join(d.dir, d.made.Format(nameLayout))
	if err := errors.Join(os.Rename(d.path, done), syncFile(d.dir)); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	all, err := List(d.dir)
	for _, old := range all[min(max(keep, 1), len(all)):] {
		// Its name goes first, so that half of it is not taken for a backup.
		gone := filepath.Join(d.dir, partial+filepath.Base(old))
		err = errors.Join(err, os.Rename(old, gone), os.RemoveAll(gone))
	}
	if err != nil {
		return d.manifest, fmt.Errorf("backup: the new backup is complete, but older ones could not be removed: %w", err)
	}
	return d.manifest, nil
}

// Abort removes what was begun. After Commit it does nothing.
func (d *Draft) Abort() { _ = os.RemoveAll(d.path) }

// List lists the complete backups in a directory, the newest first.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	var all []string
	for _, e := range entries {
		if isName(e.Name()) && e.IsDir() {
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	slices.Reverse(all) // ReadDir sorts
	return all, nil
}

// Newest is the newest complete backup in a directory, or the directory itself
// where it is one. It fails with ErrNone.
func Newest(dir string) (path string, m Manifest, err error) {
	if m, err := Read(dir); err == nil {
		return dir, m, nil
	}
	all, err := List(dir)
	if err != nil {
		return "", m, err
	}
	if len(all) == 0 {
		return "", m, fmt.Errorf("backup: %w in %s", ErrNone, dir)
	}
	m, err = Read(all[0])
	return all[0], m, err
}

// Read reads the manifest of one backup.
func Read(path string) (m Manifest, err error) {
	b, err := os.ReadFile(filepath.Join(path, manifestFile))
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return m, fmt.Errorf("backup: %s: %w", filepath.Join(path, manifestFile), err)
	}
	if m.Version > version {
		return m, fmt.Errorf("backup: %s was made by a newer version of footfall: run that version", path)
	}
	return m, nil
}

// Restore copies a backup to a directory that is missing or empty. It is there
// whole, or not at all.
func Restore(path, to string) error {
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
		return fmt.Errorf("restore: %s is not empty: move what is in it away, or name another directory", to)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	temp := strings.TrimSuffix(to, string(filepath.Separator)) + ".restoring"
	if err := errors.Join(os.RemoveAll(temp), CopyTree(path, temp)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Remove(filepath.Join(temp, manifestFile)); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	if err := errors.Join(syncDirs(temp), os.Rename(temp, to), syncFile(filepath.Dir(to))); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// CopyTree copies a directory and all that is in it, durably but for its own
// name.
func CopyTree(from, to string) error {
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, name), info.Size(), info.ModTime())
	})
	return errors.Join(err, syncDirs(to))
}

func copyFile(from, to string, size int64, changed time.Time) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.CopyN(out, in, size)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s has %d bytes, and should have %d", from, n, size)
	}
	return errors.Join(err, out.Sync(), out.Close(), os.Chtimes(to, changed, changed))
}

// syncDirs makes the names in a directory and below it durable.
func syncDirs(path string) error {
	return filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return syncFile(path)
	})
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
