package datadir

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
)

// locks are those of one PostgreSQL.
type locks struct {
	free map[string]chan struct{}
	lost error // of new locks
}

func (l *locks) lock(ctx context.Context, name string) (context.Context, func(), error) {
	if l.free[name] == nil {
		l.free[name] = make(chan struct{}, 1)
	}
	select {
	case l.free[name] <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	held, lose := context.WithCancelCause(context.Background())
	if l.lost != nil {
		lose(l.lost)
	}
	return held, func() { lose(nil); <-l.free[name] }, nil
}

// imported counts what a server records.
type imported struct {
	clicks int
	err    error // of BeginImport
}

func (i *imported) BeginImport(context.Context, [32]byte) ([]store.Mark, func(), error) {
	return nil, func() {}, i.err
}

func (i *imported) Import(_ context.Context, clicks []click.Click, _ store.Mark) error {
	i.clicks += len(clicks)
	return nil
}

func (i *imported) Drain(context.Context) error { return nil }

// TestSharedImports: an input is imported on one server at a time.
func TestSharedImports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		all := &locks{free: map[string]chan struct{}{}}
		one, two := new(imported), new(imported)
		a := &sharedImports{Imports: one, lock: all.lock, timeout: sharedImportTimeout}
		b := &sharedImports{Imports: two, lock: all.lock, timeout: sharedImportTimeout}
		log, other := [32]byte{1}, [32]byte{2}
		_, end, err := a.BeginImport(ctx, log)
		if err != nil {
			t.Fatal(err)
		}
		if _, end, err := b.BeginImport(ctx, other); err != nil {
			t.Errorf("another input: %v", err)
		} else {
			end()
		}
		start := time.Now()
		if _, _, err := b.BeginImport(ctx, log); !errors.Is(err, recorder.ErrImporting) || time.Since(start) != time.Minute {
			t.Errorf("the same input on another server: %v, after %v", err, time.Since(start))
		}
		short, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Second, cancel)
		if _, _, err := b.BeginImport(short, log); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who leaves gets %v", err)
		}
		if err := a.Import(ctx, make([]click.Click, 3), store.Mark{Input: log}); err != nil || one.clicks != 3 {
			t.Errorf("an import records %d clicks, %v", one.clicks, err)
		}
		time.AfterFunc(time.Second, end)
		if _, end, err = b.BeginImport(ctx, log); err != nil {
			t.Fatalf("after the end of the first import: %v", err)
		}
		end()
		two.err = errors.New("the counts are away")
		if _, _, err := b.BeginImport(ctx, log); !errors.Is(err, two.err) {
			t.Errorf("an import that cannot begin: %v", err)
		}
		all.lost = errors.New("the connection is lost")
		if _, _, err := a.BeginImport(ctx, log); err != nil {
			t.Fatalf("after an import that could not begin: %v", err)
		}
		if err := a.Import(ctx, make([]click.Click, 5), store.Mark{Input: log}); !errors.Is(err, all.lost) || one.clicks != 3 {
			t.Errorf("without its lock, an import recorded %d clicks, %v", one.clicks, err)
		}
	})
}
