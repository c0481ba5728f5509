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

// copyFile copies the first size bytes of a file to a new file and returns their
// SHA-256 in hexadecimal. The copy is durable except for its name.
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

// digest returns the SHA-256 of a file in hexadecimal.
func digest(ctx context.Context, f *os.File) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, interruptible{ctx, f})
	return hex.EncodeToString(h.Sum(nil)), err
}

// interruptible is a reader that fails once ctx has ended. The current meter of ctx
// counts its bytes.
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

// syncDirs makes the names in a directory and in those below it durable.
func syncDirs(path string) error {
	return filepath.WalkDir(path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return fsync.Path(path)
	})
}
