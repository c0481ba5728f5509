package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/base/plain"
)

// Draft is a backup that is being made. It must be ended by Abort, which keeps a
// committed backup.
type Draft struct {
	dir, path string // of all backups, and of this one
	name      string
	before    *archive // the backup before; nil for the first
	manifest  Manifest
}

// Begin starts a backup of an installation in a directory of backups, which it
// makes if it is missing. It fails if the directory has anything else, or backups
// of another installation.
func Begin(dir, installation string, now time.Time) (*Draft, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritable(err)
	}
	if err := checkPlace(dir); err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	for _, e := range entries {
		if e.Name() == lostAndFound {
			continue
		}
		if name := strings.TrimPrefix(e.Name(), partial); !isName(name) {
			return nil, fmt.Errorf("backup: %w: %s has %s, which is not a backup", ErrMixed, dir, plain.Text(e.Name()))
		}
		if strings.HasPrefix(e.Name(), partial) { // of a backup that was not finished
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("backup: %w", err)
			}
		}
	}
	d := &Draft{dir: dir, manifest: Manifest{Version: version, Made: now.UTC(), Installation: installation}}
	after := now.UTC()
	if all, err := List(dir); err != nil {
		return nil, err
	} else if len(all) > 0 {
		if d.before, err = openArchive(all[0]); err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		if other := d.before.m.Installation; other != "" && other != installation {
			d.before.close()
			return nil, fmt.Errorf("backup: %w: %s has the backups of another installation", ErrMixed, dir)
		}
		// The newest sorts last even if the clock was set back.
		if last, err := time.Parse(nameLayout, filepath.Base(all[0])); err == nil && !after.After(last) {
			after = last.Add(time.Nanosecond)
		}
	}
	d.name = after.Format(nameLayout)
	d.path = filepath.Join(dir, partial+d.name)
	if err := os.Mkdir(d.path, 0o700); err != nil {
		d.close()
		return nil, unwritable(err)
	}
	return d, nil
}

// checkPlace fails if other users could replace the files that are written there.
func checkPlace(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	return safePlace(dir, info.Sys().(*syscall.Stat_t).Uid, info.Mode(), uint32(os.Geteuid()))
}

// safePlace fails with a PlaceError if users other than the given one could put
// files into a directory of backups.
func safePlace(dir string, owner uint32, mode fs.FileMode, user uint32) error {
	if owner != user && owner != 0 || mode.Perm()&0o002 != 0 {
		return &PlaceError{Dir: dir, Owner: owner, User: user}
	}
	return nil
}

// unwritable marks an error of permission as ErrWrite: the process that writes may
// run as another user than the command.
func unwritable(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: %w", ErrWrite, err)
	}
	return fmt.Errorf("backup: %w", err)
}

// Path returns the path of a file or directory in the backup.
func (d *Draft) Path(name string) string { return filepath.Join(d.path, name) }

// Copy copies the first size bytes of a file that does not change. It shares the
// file with the backup before if that has a sound one of the same name, size and
// modification time.
func (d *Draft) Copy(ctx context.Context, from, name string, size int64) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	to := d.Path(name)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	shared, err := d.share(ctx, name, size, info.ModTime())
	if err != nil || shared {
		return err
	}
	sum, err := copyFile(ctx, in, to, size, info.ModTime())
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d.manifest.Copied += size
	d.add(File{filepath.ToSlash(name), size, sum})
	return nil
}

// share takes a file from the backup before if that has a sound one.
func (d *Draft) share(ctx context.Context, name string, size int64, changed time.Time) (bool, error) {
	if d.before == nil {
		return false, nil
	}
	old, known := d.before.m.file(filepath.ToSlash(name))
	if !known || old.Bytes != size {
		return false, nil
	}
	// A file that cannot be read or has changed is copied again.
	f, info, err := d.before.open(old.Name)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	if info.Size() != size || !info.ModTime().Equal(changed) {
		return false, nil
	}
	if sum, err := digest(ctx, f); err != nil || sum != old.SHA256 {
		return false, ctx.Err()
	}
	if os.Link(filepath.Join(d.before.path, name), d.Path(name)) != nil {
		return false, nil
	}
	d.add(old)
	return true, nil
}

func (d *Draft) add(f File) {
	d.manifest.Contents = append(d.manifest.Contents, f)
	d.manifest.Files++
	d.manifest.Bytes += f.Bytes
}

// CopyDir copies the files in a directory. They must not change.
func (d *Draft) CopyDir(ctx context.Context, from, name string) error {
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
			return fmt.Errorf("backup: %s is not a regular file", plain.Text(filepath.Join(from, e.Name())))
		}
		if err := d.Copy(ctx, filepath.Join(from, e.Name()), filepath.Join(name, e.Name()), info.Size()); err != nil {
			return err
		}
	}
	return nil
}

// Added adds a file that the caller wrote to Path(name).
func (d *Draft) Added(ctx context.Context, name string) error {
	f, err := os.Open(d.Path(name))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	info, err := f.Stat()
	sum, readErr := digest(ctx, f)
	if err := errors.Join(err, readErr, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	d.manifest.Copied += info.Size()
	d.add(File{filepath.ToSlash(name), info.Size(), sum})
	return nil
}

// Commit completes the backup, and removes the oldest ones so that keep remain, at
// least 1.
func (d *Draft) Commit(counted, end uint64, keep int) (Manifest, error) {
	d.manifest.Counted, d.manifest.End = counted, end
	b, err := json.MarshalIndent(d.manifest, "", "  ")
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := os.WriteFile(d.Path(manifestFile), append(b, '\n'), 0o600); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := errors.Join(fsync.Path(d.Path(manifestFile)), syncDirs(d.path)); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := errors.Join(os.Rename(d.path, filepath.Join(d.dir, d.name)), fsync.Path(d.dir)); err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if err := prune(d.dir, keep); err != nil {
		return d.manifest, fmt.Errorf("backup: the new backup is complete, but older ones could not be removed: %w", err)
	}
	return d.manifest, nil
}

// Abort removes an unfinished backup, and closes what Begin opened. It must be
// called after Commit too.
func (d *Draft) Abort() {
	d.close()
	_ = os.RemoveAll(d.path)
}

func (d *Draft) close() {
	if d.before != nil {
		d.before.close()
	}
}
