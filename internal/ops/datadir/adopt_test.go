package datadir

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestAdopt: the journal of a server that is gone is counted once, however often. A directory
// that is in use, of another installation, without a cluster, or cut short is refused.
func TestAdopt(t *testing.T) {
	t.Parallel()
	links, m, log := newSharedFile(t), newMemory(), new(logtest.Log)
	d := links.open(t, m, log)
	if _, err := d.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	l, err := d.AddLink(t.Context(), "ann", "http://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	record := func(n int) {
		for range n {
			if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: l.User, Link: l.ID}); err != nil {
				t.Fatal(err)
			}
		}
	}
	record(2)
	if err := d.Recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.away.Store(true)
	record(3)
	o := m.options(d.path, log)
	o.Links = &SharedLinks{Engine: "file", Open: func(context.Context) (SharedLinksStore, error) { return links, nil }}
	if _, err := Adopt(t.Context(), o); !errors.Is(err, ErrInUse) {
		t.Errorf("a directory that is in use: %v, want ErrInUse", err)
	}
	now, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	if err := d.Close(now); err != nil {
		t.Fatal(err)
	}
	m.away.Store(false)

	other := o
	elsewhere := newSharedFile(t)
	other.Links = &SharedLinks{Engine: "file", Open: func(context.Context) (SharedLinksStore, error) { return elsewhere, nil }}
	if _, err := Adopt(t.Context(), other); !errors.Is(err, ErrOtherInstallation) {
		t.Errorf("links of another installation: %v, want ErrOtherInstallation", err)
	}
	if _, err := Open(t.Context(), other); !errors.Is(err, ErrOtherInstallation) {
		t.Errorf("a start with links of another installation: %v, want ErrOtherInstallation", err)
	}
	other = o
	other.Clicks = newMemory().options(o.Path, log).Clicks
	if a, err := Adopt(t.Context(), other); err != nil || a.Clicks != 5 { // a cluster whose counts are empty
		t.Errorf("counts that have nothing: %+v, %v, want 5 clicks", a, err)
	}
	alone := o
	alone.Path = filepath.Join(t.TempDir(), "alone")
	open(t, alone.Path).mustClose(t)
	if _, err := Adopt(t.Context(), alone); !errors.Is(err, ErrNotShared) {
		t.Errorf("a directory with its own counts: %v, want ErrNotShared", err)
	}

	for _, counted := range []uint64{3, 0} {
		a, err := Adopt(t.Context(), o)
		if err != nil || a.Clicks != 5 || a.Counted != counted || len(a.Deleted) != 0 {
			t.Errorf("%+v, %v; want 5 clicks, of which %d were not counted before", a, err, counted)
		}
		if ledger, err := m.Ledger(t.Context()); err != nil || ledger.Total() != 5 {
			t.Errorf("%d clicks in the counts, %v; want 5", ledger.Total(), err)
		}
	}
	segments, err := filepath.Glob(filepath.Join(o.Path, journalDir, "*.sealed"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	info, err := os.Stat(segments[0])
	if err == nil {
		err = os.Truncate(segments[0], info.Size()-10)
	}
	if err != nil {
		t.Fatal(err)
	}
	if a, err := Adopt(t.Context(), o); !errors.Is(err, journal.ErrCorrupt) || !IsDamaged(err) {
		t.Errorf("a journal that was cut: %+v, %v, want journal.ErrCorrupt", a, err)
	}
}
