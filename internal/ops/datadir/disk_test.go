package datadir

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestTheDiskFillsUp: each level of free space is logged once, before the disk is
// full.
func TestTheDiskFillsUp(t *testing.T) {
	t.Parallel()
	log := new(logtest.Log)
	d := newDisk(t.TempDir(), 0, log.Logger())
	for i, step := range []struct {
		free   uint64
		err    error
		level  int
		logged string
	}{
		{free: 5e9},
		{free: 1e9},
		{free: 1e9 - 1, level: diskLow, logged: "the disk is filling up"},
		{free: 1e9, level: diskLow},
		{free: 5e8, level: diskLow},
		{free: 5e8 - 1, level: diskFull, logged: "the disk is almost full"},
		{free: 1, level: diskFull},
		{err: errors.New("no answer"), level: diskFull, logged: "the free space of the disk is unknown"},
		{err: errors.New("no answer"), level: diskFull}, // once a minute
		{free: 54e7, level: diskFull},
		{free: 55e7, level: diskLow, logged: "there is room on the disk for links again"},
		{free: 11e8, logged: "there is room on the disk again"},
		{free: 1, level: diskFull, logged: "the disk is almost full"},
		{free: 5e9, logged: "there is room on the disk again"},
	} {
		d.statfs = func() (free, total uint64, err error) { return step.free, 100e9, step.err }
		log.Reset()
		d.Measure()
		if step.logged == "" && log.Len() > 0 || strings.Count(log.String(), "\n") > 1 || !strings.Contains(log.String(), step.logged) {
			t.Errorf("step %d: the log has %q, want %q", i, log, step.logged)
		}
		if free, level := d.State(); level != step.level || d.Full() != (level == diskFull) || step.err == nil && free != step.free {
			t.Errorf("step %d: the level is %d with %d bytes, full is %t", i, level, free, d.Full())
		}
	}
}

// TestTheReserve: the reserve is a gigabyte, a twentieth of a small disk, or the one
// that is set.
func TestTheReserve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total   uint64
		reserve int64
		want    uint64
	}{{1e12, 0, 1e9}, {10e9, 0, 5e8}, {1e12, 3e9, 3e9}} {
		d := newDisk(t.TempDir(), c.reserve, slog.New(slog.NewTextHandler(new(bytes.Buffer), nil)))
		if _, _, err := d.statfs(); err != nil {
			t.Fatal(err)
		}
		for _, free := range []uint64{c.want, c.want - 1} {
			d.statfs = func() (uint64, uint64, error) { return free, c.total, nil }
			d.Measure()
			if low := d.level.Load() == diskLow; low != (free < c.want) {
				t.Errorf("of %d bytes with a reserve of %d there are %d: low is %t", c.total, c.reserve, free, low)
			}
		}
	}
}
