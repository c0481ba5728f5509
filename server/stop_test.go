package server

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/click"
)

// TestStopBeforeAllIsCounted: a stop that has no time left for counting is none
// that failed. What is counted is durable, and the next start counts the rest.
func TestStopBeforeAllIsCounted(t *testing.T) {
	t.Parallel()
	o := Options{Dir: filepath.Join(t.TempDir(), "data"), Create: true, Host: "sho.rt", Now: time.Now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for round := range uint64(3) {
		app, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if _, err := app.AddUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			if _, err := app.AddLink(t.Context(), "ann", "http://example.org/", ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := app.recorder.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		ledger, err := app.clicks.Ledger(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := ledger.Total(); got != round*100 {
			t.Errorf("after %d stops %d clicks are counted, want %d", round, got, round*100)
		}
		for range 100 {
			if err := app.recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), Link: 1, User: 1}); err != nil {
				t.Fatal(err)
			}
		}
		over, cancel := context.WithTimeout(t.Context(), 0)
		if err := app.Close(over); err != nil {
			t.Errorf("a stop without time fails: %v", err)
		}
		cancel()
	}
}
