package datadir

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
)

// Imports records the clicks of imports.
type Imports interface {
	BeginImport(ctx context.Context, input [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Imports returns what records the clicks of imports. With shared links, one server at a
// time imports an input: two servers that do not have each other's marks would record its
// clicks twice.
func (d *Dir) Imports() Imports {
	if shared, ok := d.DB.(sharedLinks); ok {
		return &sharedImports{Imports: d.Recording(), lock: shared.Lock, timeout: sharedImportTimeout}
	}
	return d.Recording()
}

// sharedImportTimeout is how long an import waits for another server that imports the
// same input.
const sharedImportTimeout = time.Minute

type sharedImports struct {
	Imports
	lock    func(ctx context.Context, name string) (held context.Context, release func(), err error)
	timeout time.Duration
	held    sync.Map // input → context.Context, which ends if its lock is lost
}

// BeginImport is that of Recorder. It also fails with recorder.ErrImporting if another
// server still imports the input after a minute.
func (s *sharedImports) BeginImport(ctx context.Context, input [32]byte) (_ []store.Mark, end func(), err error) {
	waiting, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	held, release, err := s.lock(waiting, "import "+hex.EncodeToString(input[:]))
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, nil, recorder.ErrImporting
	}
	if err != nil {
		return nil, nil, err
	}
	marks, ended, err := s.Imports.BeginImport(ctx, input)
	if err != nil {
		release()
		return nil, nil, err
	}
	s.held.Store(input, held)
	return marks, func() { s.held.Delete(input); ended(); release() }, nil
}

// Import fails if the lock of the input was lost: another server may import it.
func (s *sharedImports) Import(ctx context.Context, clicks []click.Click, mark store.Mark) error {
	if held, ok := s.held.Load(mark.Input); ok {
		if lost := context.Cause(held.(context.Context)); lost != nil {
			return fmt.Errorf("another server may import this input by now: %w", lost)
		}
	}
	return s.Imports.Import(ctx, clicks, mark)
}
