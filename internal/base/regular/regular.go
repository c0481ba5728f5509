// Package regular reads files of an operator that are read again while the
// program serves: whole, and only such as end.
//
// It refuses pipes, devices and sockets, which may keep a reader for ever, and to
// know what is in a file.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ErrKind is of a file that is not a regular one.
var ErrKind = errors.New("not a regular file: a pipe, a device, a socket or a directory cannot be read here")

// File is an open regular file, and what it was when it was opened.
type File struct {
	file *os.File
	Info fs.FileInfo
}

// Open opens a file, of which a symbolic link may tell. It does not wait for the
// other end of a pipe: it fails with ErrKind. The file must be closed.
func Open(path string) (*File, error) {
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
	return &File{f, info}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Read reads the file as long as it was when it was opened, which may be most
// bytes. What is written to its end meanwhile is left for the next time.
func (f *File) Read(most int64) ([]byte, error) {
	size := f.Info.Size()
	if size > most {
		return nil, fmt.Errorf("%s has %d bytes, and may have %d", f.file.Name(), size, most)
	}
	b := make([]byte, size)
	n, err := io.ReadFull(f.file, b)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return b[:n], nil // it was cut meanwhile
	}
	return b, err
}
