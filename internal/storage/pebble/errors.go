package pebble

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall/footfall/internal/storage/store"
)

// errStored: what lies beside the counts is not what was written.
var errStored = errors.New("what is stored is damaged")

// failed wraps an error with the operation. What the engine cannot understand,
// or we of what it stores, is a store.CorruptError.
func failed(operation string, err error) error {
	if pebble.IsCorruptionError(err) || errors.Is(err, errKey) || errors.Is(err, errVector) || errors.Is(err, errTruncated) || errors.Is(err, errStored) {
		err = corrupt(err)
	}
	return fmt.Errorf("store/pebble: %s: %w", operation, err)
}

// failedOpen is failed for Open, where the engine does not call corrupt all that
// is: a file that is missing, or has another size. What the system refuses, such
// as a right or another open file, has the system's number, and is no damage.
func failedOpen(dir string, err error) error {
	var number syscall.Errno
	refused := errors.As(err, &number) && number != syscall.ENOENT
	if !refused && !errors.Is(err, store.ErrVersion) && !errors.Is(err, context.Canceled) {
		err = corrupt(err)
	}
	return failed("open "+dir, err)
}

// corrupt names the file where the engine knows it.
func corrupt(err error) error {
	if errors.As(err, new(*store.CorruptError)) {
		return err
	}
	damage := &store.CorruptError{Err: err}
	if info := pebble.ExtractDataCorruptionInfo(err); info != nil {
		damage.File, damage.Err = info.Path, info.Details
	}
	return damage
}
