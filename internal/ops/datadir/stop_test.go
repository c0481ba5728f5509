package datadir

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// blockedCounts count nothing after blocked is closed, until the context of the call
// ends.
type blockedCounts struct {
	store.ClickCounts
	blocked chan struct{}
}

func (h blockedCounts) AddBatch(ctx context.Context, b *store.Batch) error {
	select {
	case <-h.blocked:
		<-ctx.Done()
		return ctx.Err()
	default:
		return h.ClickCounts.AddBatch(ctx, b)
	}
}

// TestStopBeforeAllIsCounted: a stop succeeds even if it has no time left for
// counting. What is counted is durable, and the next start counts the rest.
func TestStopBeforeAllIsCounted(t *testing.T) {
	t.Parallel()
	log := new(logtest.Log)
	o := Options{Path: filepath.Join(t.TempDir(), "data"), Create: true, Now: time.Now, Log: log.Logger()}
	for round := range uint64(3) {
		d, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if _, err := d.AddUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err := d.AddLink(t.Context(), "ann", "http://example.org/"); err != nil {
				t.Fatal(err)
			}
		}
		counted := func(want uint64) {
			t.Helper()
			if err := d.Recorder.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			ledger, err := d.Counts.Ledger(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := ledger.Total(); got != want {
				t.Errorf("after %d stops %d clicks are counted, want %d", round, got, want)
			}
		}
		counted(round * 100)
		if err := d.Recorder.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		counts := blockedCounts{d.Counts, make(chan struct{})}
		d.Recorder, err = recorder.Open(t.Context(), recorder.Options{Journal: d.Journal, Counts: counts, Now: o.Now, Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		record := func(n int) {
			t.Helper()
			for range n {
				if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), Link: 1, User: 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		record(40)
		counted(round*100 + 40)
		close(counts.blocked)
		record(60)
		log.Reset()
		over, cancel := context.WithTimeout(t.Context(), 0)
		if err := d.Close(over); err != nil {
			t.Errorf("a stop without time fails: %v", err)
		}
		cancel()
		if log.Count("stopping before all clicks are counted") != 1 {
			t.Errorf("a stop before all is counted says %s", log)
		}
	}
}
