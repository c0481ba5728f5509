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

// maxManifest bounds the manifest, in bytes: a file in it takes about 150.
const maxManifest = 64 << 20

// source is a backup that is read. Whoever made it may have been anybody:
// nothing outside of its directory is read, no symbolic link is followed, and
// nothing but regular files is opened for longer than it takes to see that.
type source struct {
	path string
	root *os.Root
	m    Manifest
}

// openSource opens a backup and reads its manifest.
func openSource(path string) (*source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, root: root}
	if err := s.readManifest(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

func (s *source) close() { _ = s.root.Close() }

func (s *source) readManifest() error {
	f, info, err := s.open(manifestFile)
	if err != nil {
		return err
	}
	defer f.Close()
	name := filepath.Join(s.path, manifestFile)
	if info.Size() > maxManifest {
		return fmt.Errorf("%s has %d bytes: that is no list of a backup's files", name, info.Size())
	}
	b, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &s.m); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.m.Version > version {
		return fmt.Errorf("%s was made by a newer version of footfall: run that version", s.path)
	}
	return nil
}

// open opens a regular file by its name with slashes. It waits for nobody, as
// the open of a pipe would.
func (s *source) open(name string) (*os.File, fs.FileInfo, error) {
	for at, rest := "", name; rest != ""; { // os.Root follows links inside of it
		var next string
		next, rest, _ = strings.Cut(rest, "/")
		at = path.Join(at, next)
		info, err := s.root.Lstat(filepath.FromSlash(at))
		if err != nil {
			return nil, nil, err
		}
		if rest != "" && !info.IsDir() || rest == "" && !info.Mode().IsRegular() {
			return nil, nil, s.odd(at, info.Mode())
		}
	}
	f, err := s.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = s.odd(name, info.Mode())
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// odd is the error about what should be a file, or a directory of files.
func (s *source) odd(name string, mode fs.FileMode) error {
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
	return fmt.Errorf("%s is %s, and a backup has regular files alone: find out who put it there, and take another backup", plain.Text(filepath.Join(s.path, filepath.FromSlash(name))), what)
}

// listed is the files below a directory of the backup, "." for all of it. It
// fails where the manifest says nothing of its files, or what cannot be, and
// where something lies there that it does not list.
func (s *source) listed(dir string) ([]File, error) {
	if len(s.m.Contents) == 0 {
		return nil, fmt.Errorf("%s lists no files, so nothing can be proven of them: take a newer backup", filepath.Join(s.path, manifestFile))
	}
	var files []File
	known := map[string]bool{dir: true}
	for _, f := range s.m.Contents {
		if !fs.ValidPath(f.Name) || f.Name == "." || f.Name == manifestFile || f.Bytes < 0 {
			return nil, fmt.Errorf("%s lists %q with %d bytes, which no backup has", filepath.Join(s.path, manifestFile), f.Name, f.Bytes)
		}
		if dir != "." && !strings.HasPrefix(f.Name, dir+"/") {
			continue
		}
		files = append(files, f)
		for name := f.Name; name != "." && !known[name]; name = path.Dir(name) {
			known[name] = true
		}
	}
	return files, fs.WalkDir(s.root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == manifestFile:
			return nil
		case name == lostAndFound && e.IsDir():
			return fs.SkipDir
		case !e.IsDir() && !e.Type().IsRegular():
			return s.odd(name, e.Type())
		case !known[name]:
			return fmt.Errorf("%s does not belong to the backup, for its %s does not list it: find out who put it there, move it away, and check what else was changed",
				plain.Text(filepath.Join(s.path, filepath.FromSlash(name))), manifestFile)
		}
		return nil
	})
}

// copyTo copies the files below a directory of the backup into another
// directory, durably but for its own name, and proves that each is as it was
// when the backup was made.
func (s *source) copyTo(ctx context.Context, dir, to string) error {
	files, err := s.listed(dir)
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
		if err := s.copyFile(ctx, f, filepath.Join(to, filepath.FromSlash(rest))); err != nil {
			return err
		}
	}
	return syncDirs(to)
}

func (s *source) copyFile(ctx context.Context, f File, to string) error {
	in, info, err := s.open(f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s lacks its file %s", ErrDamaged, s.path, plain.Text(f.Name))
	}
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	changed := fmt.Errorf("%w: %s is not as it was when the backup was made", ErrDamaged, plain.Text(filepath.Join(s.path, filepath.FromSlash(f.Name))))
	if info.Size() != f.Bytes {
		return changed
	}
	sum, err := copyFile(ctx, in, to, f.Bytes, info.ModTime())
	if err == nil && sum != f.SHA256 {
		err = changed
	}
	return err
}
