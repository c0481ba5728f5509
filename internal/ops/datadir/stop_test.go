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

// heldClicks count nothing once they are held, until whoever counts gives up.
type heldClicks struct {
	store.Clicks
	held chan struct{} // closed from then on
}

func (h heldClicks) Record(ctx context.Context, b *store.Batch) error {
	select {
	case <-h.held:
		<-ctx.Done()
		return ctx.Err()
	default:
		return h.Clicks.Record(ctx, b)
	}
}

// TestStopBeforeAllIsCounted: a stop that has no time left for counting is none
// that failed. What is counted is durable, and the next start counts the rest.
func TestStopBeforeAllIsCounted(t *testing.T) {
	t.Parallel()
	log := new(logtest.Log)
	o := Options{Path: filepath.Join(t.TempDir(), "data"), Create: true, Now: time.Now, Log: log.Logger()}
	for round := range uint64(3) {
		app, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if _, err := app.AddUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err := app.AddLink(t.Context(), "ann", "http://example.org/"); err != nil {
				t.Fatal(err)
			}
		}
		counted := func(want uint64) {
			t.Helper()
			if err := app.Recorder.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			ledger, err := app.Counts.Ledger(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := ledger.Total(); got != want {
				t.Errorf("after %d stops %d clicks are counted, want %d", round, got, want)
			}
		}
		counted(round * 100)
		if err := app.Recorder.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		clicks := heldClicks{app.Counts, make(chan struct{})}
		app.Recorder, err = recorder.Open(t.Context(), recorder.Options{Journal: app.Journal, Clicks: clicks, Now: o.Now, Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		record := func(n int) {
			t.Helper()
			for range n {
				if err := app.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), Link: 1, User: 1}); err != nil {
					t.Fatal(err)
				}
			}
		}
		record(40)
		counted(round*100 + 40)
		close(clicks.held)
		record(60)
		log.Reset()
		over, cancel := context.WithTimeout(t.Context(), 0)
		if err := app.Close(over); err != nil {
			t.Errorf("a stop without time fails: %v", err)
		}
		cancel()
		if log.Count("stopping before all clicks are counted") != 1 {
			t.Errorf("a stop before all is counted says %s", log)
		}
	}
}
