package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/base/meter"
)

// copyFile copies the first size bytes of a file to a name that is free, durably
// but for that name, and returns their digest.
func copyFile(ctx context.Context, in *os.File, to string, size int64, changed time.Time) (sum string, err error) {
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.CopyN(io.MultiWriter(out, h), interruptible{ctx, in}, size)
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s has %d bytes, and should have %d", in.Name(), n, size)
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, out.Sync(), out.Close(), os.Chtimes(to, changed, changed))
}

// digest is the SHA-256 of a file, hexadecimal.
func digest(ctx context.Context, f *os.File) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, interruptible{ctx, f})
	return hex.EncodeToString(h.Sum(nil)), err
}

// interruptible is a reader that ends with ctx, whose meter it adds to.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (r interruptible) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.r.Read(b)
	meter.Current(r.ctx).Add(int64(n))
	return n, err
}

// syncDirs makes the names in a directory and below it durable.
func syncDirs(path string) error {
	return filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return fsync.Path(path)
	})
}
