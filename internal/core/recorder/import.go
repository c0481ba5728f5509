package recorder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Import makes clicks of an import durable together with the mark after them. Once
// it has begun, it waits for the disk even if ctx ends: the next import of the same
// input must find the mark.
func (r *Recorder) Import(ctx context.Context, clicks []click.Click, mark store.Mark) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("recorder: import: %w", err)
	}
	if _, err := r.journal.Append(context.WithoutCancel(ctx), encode(nil, clicks, &mark)); err != nil {
		return fmt.Errorf("recorder: import: %w", err)
	}
	return nil
}

// ErrImporting: another import of the same input is running.
var ErrImporting = errors.New("another import of the same input is running, perhaps from a pipe that is still open")

// BeginImport waits until no other import of the input is running and everything
// in the journal is counted, and returns the marks of the input. It fails with
// ErrImporting after a minute. The input is the Source of its marks. The caller calls
// end when its import has ended.
func (r *Recorder) BeginImport(ctx context.Context, input [32]byte) (marks []store.Mark, end func(), err error) {
	late := time.After(cmp.Or(r.options.importTimeout, defaultImportTimeout))
	for {
		r.mu.Lock()
		other, busy := r.imports[input]
		if !busy {
			r.imports[input] = make(chan struct{})
		}
		r.mu.Unlock()
		if !busy {
			break
		}
		select {
		case <-other:
		case <-late:
			return nil, nil, ErrImporting
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	end = func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		close(r.imports[input])
		delete(r.imports, input)
	}
	if marks, err = r.marks(ctx, input); err != nil {
		end()
		return nil, nil, err
	}
	return marks, end, nil
}

// marks returns the marks of an input once everything in the journal is counted. An engine that
// loses clicks loses their marks too. So it must still have all clicks afterwards.
func (r *Recorder) marks(ctx context.Context, input [32]byte) ([]store.Mark, error) {
	for {
		end := r.journal.End()
		if err := r.drain(ctx, end, false); err != nil {
			return nil, err
		}
		marks, err := r.counts.Marks(ctx, input)
		held := false
		if err == nil {
			held, err = r.holds(ctx, end)
		}
		if err != nil {
			return nil, fmt.Errorf("recorder: %w", err)
		}
		if held {
			return marks, nil
		}
	}
}
