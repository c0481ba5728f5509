package datadir

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestBacklog: an error is logged once when half of the room is full, and at the limit
// no click is recorded until less waits.
func TestBacklog(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for name, c := range map[string]struct {
		limit   uint64
		waiting []uint64 // MB, one measurement after another
		free    uint64   // MB
		alarms  int
		full    bool // in the end
	}{
		"little waits":             {limit: 1000, waiting: []uint64{0, 400, 100}, free: 5000},
		"half is full":             {limit: 1000, waiting: []uint64{501, 450, 510, 900}, free: 5000, alarms: 1},
		"half is full again":       {limit: 1000, waiting: []uint64{501, 100, 501}, free: 5000, alarms: 2},
		"half of a small disk":     {limit: 1000, waiting: []uint64{150}, free: 100, alarms: 1},
		"half of the disk":         {waiting: []uint64{150}, free: 100, alarms: 1},
		"a full disk, few clicks":  {waiting: []uint64{1}},
		"the limit":                {limit: 1000, waiting: []uint64{1000}, free: 5000, alarms: 1, full: true},
		"a little below the limit": {limit: 1000, waiting: []uint64{1000, 950}, free: 5000, alarms: 1, full: true},
		"below the limit":          {limit: 1000, waiting: []uint64{1000, 899}, free: 5000, alarms: 1},
		"a full disk has no limit": {waiting: []uint64{1000}, alarms: 1},
	} {
		log := new(logtest.Log)
		b := backlog{limit: c.limit * mb, log: log.Logger()}
		for _, waiting := range c.waiting {
			b.measure(waiting*mb, c.free*mb)
		}
		if got := log.Count("take up half of the room"); got != c.alarms || b.full() != c.full {
			t.Errorf("%s: %d alarms, full: %t, want %d and %t\n%s", name, got, b.full(), c.alarms, c.full, log)
		}
	}
}

// TestBacklogRefusesClicks: at the limit neither visits nor imports are recorded.
func TestBacklogRefusesClicks(t *testing.T) {
	t.Parallel()
	d := open(t, filepath.Join(t.TempDir(), "data"))
	defer d.mustClose(t)
	now := click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}
	d.backlog.reached.Store(true)
	end := d.Journal.End()
	if err := d.Recording().Record(t.Context(), now); !errors.Is(err, ErrBacklog) {
		t.Errorf("a click at the limit: %v, want ErrBacklog", err)
	}
	if err := d.Recording().Import(t.Context(), []click.Click{now}, store.Mark{}); !errors.Is(err, ErrBacklog) {
		t.Errorf("an import at the limit: %v, want ErrBacklog", err)
	}
	if d.Journal.End() != end {
		t.Error("the journal grew")
	}
	d.backlog.reached.Store(false)
	if err := d.Recording().Record(t.Context(), now); err != nil {
		t.Error(err)
	}
}
