package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/plain"
)

// maxManifest bounds the length of a manifest, in bytes. A file takes about 150.
const maxManifest = 64 << 20

// archive is a backup that is read. It may have been made by an attacker: nothing
// outside its directory is read, no symbolic link is followed, and anything that
// turns out not to be a regular file is closed at once.
type archive struct {
	path string
	root *os.Root
	m    Manifest
}

// openArchive opens a backup and reads its manifest.
func openArchive(path string) (*archive, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	a := &archive{path: path, root: root}
	if err := a.readManifest(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return a, nil
}

func (a *archive) close() { _ = a.root.Close() }

func (a *archive) readManifest() error {
	f, info, err := a.open(manifestFile)
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Join(a.path, manifestFile)
	if info.Size() > maxManifest {
		return fmt.Errorf("%w: %s has %d bytes, which is too long", ErrDamaged, name, info.Size())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &a.m); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if a.m.Version > version {
		return fmt.Errorf("%w: %s", ErrVersion, a.path)
	}
	return nil
}

// open opens a regular file by its name with slashes. It does not wait, as opening
// a pipe would.
func (a *archive) open(name string) (*os.File, fs.FileInfo, error) {
	for at, rest := "", name; rest != ""; { // os.Root follows links inside the directory
		var next string
		next, rest, _ = strings.Cut(rest, "/")
		at = path.Join(at, next)
		info, err := a.root.Lstat(filepath.FromSlash(at))
		if err != nil {
			return nil, nil, err
		}
		if rest != "" && !info.IsDir() || rest == "" && !info.Mode().IsRegular() {
			return nil, nil, a.odd(at, info.Mode())
		}
	}
	f, err := a.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = a.odd(name, info.Mode())
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// odd returns the error about something that should be a file or a directory of files.
func (a *archive) odd(name string, mode fs.FileMode) error {
	what := "neither a file nor a directory"
	switch {
	case mode&fs.ModeSymlink != 0:
		what = "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	case mode.IsDir():
		what = "a directory where a file should be"
	case mode.IsRegular():
		what = "a file where a directory should be"
	}
	return fmt.Errorf("%w: %s is %s, and a backup has only regular files", ErrUnlisted, plain.Text(filepath.Join(a.path, filepath.FromSlash(name))), what)
}

// listed returns the files below a directory of the backup, "." for all of it. It
// fails if the manifest lists no files or impossible ones, and if the directory has
// something that the manifest does not list.
func (a *archive) listed(dir string) ([]File, error) {
	if len(a.m.Contents) == 0 {
		return nil, fmt.Errorf("%w: %s lists no files, so they cannot be verified", ErrDamaged, filepath.Join(a.path, manifestFile))
	}
	var files []File
	known := map[string]bool{dir: true}
	for _, f := range a.m.Contents {
		if !fs.ValidPath(f.Name) || f.Name == "." || f.Name == manifestFile || f.Bytes < 0 {
			return nil, fmt.Errorf("%w: %s lists %q with %d bytes, which cannot be in a backup", ErrDamaged, filepath.Join(a.path, manifestFile), f.Name, f.Bytes)
		}
		if dir != "." && !strings.HasPrefix(f.Name, dir+"/") {
			continue
		}
		files = append(files, f)
		for name := f.Name; name != "." && !known[name]; name = path.Dir(name) {
			known[name] = true
		}
	}
	return files, fs.WalkDir(a.root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == manifestFile:
			return nil
		case name == lostAndFound && e.IsDir():
			return fs.SkipDir
		case !e.IsDir() && !e.Type().IsRegular():
			return a.odd(name, e.Type())
		case !known[name]:
			return fmt.Errorf("%w: %s does not belong to the backup, because %s does not list it", ErrUnlisted,
				plain.Text(filepath.Join(a.path, filepath.FromSlash(name))), manifestFile)
		}
		return nil
	})
}

// copyTo copies the files below a directory of the backup into another directory,
// and verifies that each is as it was when the backup was made. The copy is durable
// except for the name of the directory.
func (a *archive) copyTo(ctx context.Context, dir, to string) error {
	files, err := a.listed(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	total := int64(0)
	for _, f := range files {
		total += f.Bytes
	}
	meter.Begin(ctx, "files of the backup", meter.Bytes, total)
	for _, f := range files {
		rest := f.Name
		if dir != "." {
			rest = strings.TrimPrefix(f.Name, dir+"/")
		}
		if err := a.copyFile(ctx, f, filepath.Join(to, filepath.FromSlash(rest))); err != nil {
			return err
		}
	}
	return syncDirs(to)
}

func (a *archive) copyFile(ctx context.Context, f File, to string) error {
	in, info, err := a.open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s lacks its file %s", ErrDamaged, a.path, plain.Text(f.Name))
	}
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	changed := fmt.Errorf("%w: %s is not as it was when the backup was made", ErrDamaged, plain.Text(filepath.Join(a.path, filepath.FromSlash(f.Name))))
	if info.Size() != f.Bytes {
		return changed
	}
	sum, err := copyFile(ctx, in, to, f.Bytes, info.ModTime())
	if err == nil && sum != f.SHA256 {
		err = changed
	}
	return err
}
