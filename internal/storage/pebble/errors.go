package pebble

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall/footfall/internal/storage/store"
)

// Errors of stored data.
var (
	errStored    = errors.New("stored data is damaged")
	errKey       = errors.New("a key is corrupt")
	errVector    = errors.New("a vector of counts is corrupt")
	errTruncated = errors.New("a vector of counts is cut short")
)

// isVector reports whether the error is that a vector cannot be decoded.
func isVector(err error) bool { return errors.Is(err, errVector) || errors.Is(err, errTruncated) }

// failed wraps an error with the operation. Data that the engine or this package
// cannot read is a store.CorruptError.
func failed(operation string, err error) error {
	damage := []error{errStored, errKey, errVector, errTruncated}
	if pebble.IsCorruptionError(err) || slices.ContainsFunc(damage, func(d error) bool { return errors.Is(err, d) }) {
		err = corrupt(err)
	}
	return fmt.Errorf("store/pebble: %s: %w", operation, err)
}

// failedOpen is failed for Open. There the engine does not mark all damage as
// corruption, for example a file that is missing or has another size. An error
// with a number of the operating system, such as a missing permission, is not
// damage.
func failedOpen(dir string, err error) error {
	var number syscall.Errno
	refused := errors.As(err, &number) && number != syscall.ENOENT
	if !refused && !errors.Is(err, store.ErrVersion) && !errors.Is(err, context.Canceled) {
		err = corrupt(err)
	}
	return failed("open "+dir, err)
}

// corrupt makes err a store.CorruptError, with the file if the engine names one.
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
