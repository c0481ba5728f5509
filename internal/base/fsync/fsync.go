// Package fsync makes earlier writes durable: the names in a directory,
// and the bytes that a dead process left in a file.
//
// It refuses to write anything new.
package fsync

import (
	"errors"
	"io"
	"os"
)

// Path syncs a directory or a file of the operating system. A file that was made,
// renamed or removed is so after a power cut only if its directory was synced.
func Path(path string) error { return With(os.Open, path) }

// With syncs a directory or a file that open opens, for example a method of
// another file system.
func With[F interface {
	Sync() error
	Close() error
}](open func(path string) (F, error), path string) error {
	f, err := open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// File is a file whose bytes can be written again.
type File interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
}

// rewriteChunk is the number of bytes that Rewrite holds at a time.
const rewriteChunk = 256 << 10

// Rewrite writes the bytes of a file from one offset to another again, and syncs
// it. It is for a file that a dead process wrote. A sync alone is not enough: if
// one failed before, the operating system takes pages for written that never
// reached the disk, and the next sync succeeds without writing them.
func Rewrite(f File, from, to int64) error {
	buf := make([]byte, min(rewriteChunk, to-from))
	for at := from; at < to; at += int64(len(buf)) {
		buf = buf[:min(int64(len(buf)), to-at)]
		if _, err := f.ReadAt(buf, at); err != nil {
			return err
		}
		if _, err := f.WriteAt(buf, at); err != nil {
			return err
		}
	}
	return f.Sync()
}
