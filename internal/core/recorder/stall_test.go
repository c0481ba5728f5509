package recorder_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestUnreadableForAWhile: while the journal cannot be read, because no file can be
// opened or the disk fails, counting is tried again. Everything is counted once the
// fault has passed, and the log has one line at its beginning and one at its end.
func TestUnreadableForAWhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kind errorfs.OpKind
		err  error
	}{
		{"no file is left", errorfs.OpOpen, syscall.EMFILE},
		{"a file is away", errorfs.OpOpen, fs.ErrNotExist},
		{"the disk fails", errorfs.OpFileReadAt, syscall.EIO},
	} {
		t.Run(c.name, func(t *testing.T) {
			mem := vfs.NewMem()
			var failing atomic.Bool
			failed := make(chan struct{}, 100)
			log := new(logtest.Log)
			j, err := journal.Open(journal.Options{Dir: "journal", SegmentSize: 1 << 10, FS: errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if !failing.Load() || op.Kind != c.kind || strings.HasSuffix(op.Path, ".temp") { // a segment that is being made
					return nil
				}
				select {
				case failed <- struct{}{}:
				default:
				}
				return c.err
			}))})
			if err != nil {
				t.Fatal(err)
			}
			counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: mem, Cache: 1 << 20, MemTable: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			r, err := recorder.Open(t.Context(), recorder.Options{
				Journal: j, Counts: counts, Now: func() time.Time { return begin }, Log: log.Logger(),
			}.WithPause(time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			h := &instance{r, j, counts}
			defer h.close(t)
			rng := rand.New(rand.NewPCG(1, 2))
			var all []click.Click
			record := func() {
				for range 100 {
					all = append(all, randomClick(rng))
					if err := h.Record(t.Context(), all[len(all)-1]); err != nil {
						t.Fatal(err)
					}
				}
			}
			record()
			if err := h.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			failing.Store(true)
			record()
			for range 6 { // tries of counting; Settle fails after the fifth
				<-failed
			}
			if err := h.Stalled(); !errors.Is(err, c.err) {
				t.Errorf("counting is stalled by %v, want %v", err, c.err)
			}
			if err := h.Settle(t.Context()); !errors.Is(err, recorder.ErrStalled) || !errors.Is(err, c.err) {
				t.Errorf("Settle fails with %v", err)
			}
			if _, err := h.Counted(); err != nil {
				t.Errorf("counting has stopped for good: %v", err)
			}
			failing.Store(false)
			compare(t, h.cells(t), expected(all))
			if err := h.Stalled(); err != nil {
				t.Errorf("counting goes on, but is reported as stalled by %v", err)
			}
			if n, m := log.Count("counting fails and is tried again"), log.Count("counting goes on"); n != 1 || m != 1 {
				t.Errorf("the log has %d lines that counting fails and %d that it goes on, want one each:\n%s", n, m, log)
			}
			record()
			compare(t, h.cells(t), expected(all))
		})
	}
}

// TestCloseWhileStalled: Close does not wait for a disk that keeps failing. The
// clicks are counted after the next start.
func TestCloseWhileStalled(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	var failing atomic.Bool
	j, err := journal.Open(journal.Options{Dir: "journal", FS: errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if failing.Load() && op.Kind == errorfs.OpFileReadAt {
			return syscall.EIO
		}
		return nil
	}))})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: mem, Cache: 1 << 20, MemTable: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recorder.Open(t.Context(), recorder.Options{
		Journal: j, Counts: counts, Now: func() time.Time { return begin }, Log: new(logtest.Log).Logger(),
	}.WithPause(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	c := randomClick(rand.New(rand.NewPCG(1, 2)))
	if err := r.Record(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(t.Context()); !errors.Is(err, recorder.ErrStalled) || !errors.Is(err, syscall.EIO) {
		t.Errorf("Close while counting fails: %v", err)
	}
	if err := errors.Join(j.Close(), counts.Close()); err != nil {
		t.Fatal(err)
	}
	h := open(t, mem, 1<<10)
	defer h.close(t)
	compare(t, h.cells(t), expected([]click.Click{c}))
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
