package reload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ErrKind is the error for a path that does not lead to a regular file.
var ErrKind = errors.New("not a regular file: a pipe, a device, a socket or a directory cannot be read here")

// file is an open regular file, and its info at that time.
type file struct {
	*os.File
	info fs.FileInfo
}

// open opens a regular file, also through a symbolic link. It does not wait for the
// other end of a pipe: it fails with ErrKind.
func open(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %w", path, ErrKind)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &file{f, info}, nil
}

// content is the content of the file, in the length that it had when it was opened,
// or less if it was cut since then. It fails if that is more than largest bytes.
func (f *file) content(largest int64) ([]byte, error) {
	size := f.info.Size()
	if size > largest {
		return nil, fmt.Errorf("%s has %d bytes; the limit is %d", f.Name(), size, largest)
	}
	b := make([]byte, size)
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return b[:n], nil
	}
	return b, err
}

// changed reports whether a file is another one than before, or has changed.
func changed(now, before fs.FileInfo) bool {
	return !os.SameFile(now, before) || now.Size() != before.Size() || !now.ModTime().Equal(before.ModTime())
}
