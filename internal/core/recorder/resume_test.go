package recorder_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestResume opens journals that lack records that were not counted, and journals
// that do not belong to the counts.
func TestResume(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := j.Append(t.Context(), recorder.Encode([]click.Click{{User: 1, Link: 1}}, nil)); err != nil {
			t.Fatal(err)
		}
	}
	hole := journal.Hole{From: j.End(), To: 1000}
	if err := j.SkipTo(1000); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	try := func(j *journal.Journal, counted ...uint64) (log string, err error) {
		counts := new(storetest.MemoryCounts)
		source := store.JournalID(j.ID())
		if len(counted) > 1 {
			source = store.JournalID{7}
		}
		for _, to := range counted[:1] {
			if err := counts.AddBatch(t.Context(), &store.Batch{Journal: source, To: to}); err != nil {
				t.Fatal(err)
			}
		}
		var b logtest.Log
		r, err := recorder.Open(t.Context(), recorder.Options{Journal: j, Counts: counts, Now: time.Now, Log: b.Logger()})
		if err == nil {
			err = r.Close(context.Background())
		}
		return b.String(), err
	}
	for _, counted := range []uint64{10, hole.From, 500} {
		_, err := try(j, counted)
		var missing *journal.HoleError
		if !errors.As(err, &missing) || missing.From != max(counted, hole.From) || missing.To != hole.To {
			t.Errorf("counts up to %d, of a journal with a hole %v: %v", counted, hole, err)
		}
	}
	if log, err := try(j, 1000); err != nil || log != "" {
		t.Errorf("counts up to the end of the hole: %v, %s", err, log)
	}
	fresh, err := journal.Open(journal.Options{Dir: "fresh", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if log, err := try(fresh, 4711, 0); err != nil || !strings.Contains(log, "is gone") || !strings.Contains(log, "counted=4711") {
		t.Errorf("counts of another journal: %v, %s", err, log)
	}
	if log, err := try(fresh, 4711); err != nil || !strings.Contains(log, "lost a tail") || fresh.End() != 4711 {
		t.Errorf("counts that reach further than the journal: %v, %s; the journal continues at %d", err, log, fresh.End())
	}
}

// TestMismatch opens a journal that was trimmed with a store that counted nothing.
func TestMismatch(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	h := open(t, fs, 1<<10)
	for range 200 {
		if err := h.Record(t.Context(), randomClick(seedtest.Rand(t))); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	if err := h.journal.Trim(h.journal.End()); err != nil {
		t.Fatal(err)
	}
	h.close(t)

	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	_, err = recorder.Open(t.Context(), recorder.Options{Journal: j, Counts: new(storetest.MemoryCounts), Now: time.Now, Log: slog.Default()})
	if err == nil {
		t.Error("empty counts were accepted for a trimmed journal")
	}
}

// TestCountsUpToDamage: everything before a record that stops counting is counted.
func TestCountsUpToDamage(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	h := open(t, fs, 1<<20)
	rng := seedtest.Rand(t)
	var clicks []click.Click
	for range 20 {
		c := randomClick(rng)
		clicks = append(clicks, c)
		if err := h.Record(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.journal.Append(t.Context(), []byte("no record at all")); err != nil {
		t.Fatal(err)
	}
	if err := h.Drain(t.Context()); err == nil || !strings.Contains(err.Error(), "counting has stopped") {
		t.Errorf("counting did not stop: %v", err)
	}
	all := expected(clicks)
	for c, err := range h.counts.Cells(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if all[c.Key] != c.Clicks {
			t.Errorf("cell %+v counts %d, want %d", c.Key, c.Clicks, all[c.Key])
		}
		delete(all, c.Key)
	}
	if len(all) > 0 {
		t.Errorf("%d cells are not counted", len(all))
	}
	_ = h.Close(t.Context()) // it says again why counting stopped
	if err := errors.Join(h.journal.Close(), h.counts.Close()); err != nil {
		t.Error(err)
	}
}
