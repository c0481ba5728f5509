package datadir

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/base/lograte"
)

// diskEvery is the interval at which the free space is measured.
const diskEvery = 5 * time.Second

// reserveOf returns the default reserve: a gigabyte, or 5 % of the disk if that is less.
func reserveOf(total uint64) uint64 { return min(1e9, total/20) }

// The levels of free space.
const (
	diskRoomy = iota
	diskLow   // less is free than the reserve
	diskFull  // less is free than half of the reserve, which is for clicks
)

// Disk watches the free space of the file system of a data directory.
type Disk struct {
	reserve uint64 // bytes; 0 for reserveOf
	statfs  func() (free, total uint64, err error)
	log     *slog.Logger
	unknown *lograte.Line[error]

	level atomic.Int32
	free  atomic.Uint64 // bytes, when it was measured last
}

func newDisk(dir string, reserve int64, log *slog.Logger) *Disk {
	return &Disk{
		reserve: uint64(max(reserve, 0)), log: log,
		unknown: lograte.New(time.Minute, func(times uint64, last error) {
			log.Warn("the free space of the disk is unknown, so footfall cannot warn before the disk is full: look at the error and the disk", "times", times, "error", last)
		}),
		statfs: func() (free, total uint64, err error) {
			var s unix.Statfs_t
			if err := unix.Statfs(dir, &s); err != nil {
				return 0, 0, err
			}
			return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), nil
		},
	}
}

// watch measures until ctx ends.
func (d *Disk) watch(ctx context.Context) {
	ticker := time.NewTicker(diskEvery)
	defer ticker.Stop()
	defer d.unknown.Close()
	for {
		d.Measure()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Full reports whether the free space is for clicks alone: links may not be made or
// changed.
func (d *Disk) Full() bool { return d.level.Load() == diskFull }

// State returns the number of free bytes, and the level: 0 if that is more than the
// reserve, 1 if it is less, 2 if it is less than half of it.
func (d *Disk) State() (free uint64, level int) { return d.free.Load(), int(d.level.Load()) }

// Measure asks the file system, and logs if the level changed. The level falls once
// a tenth more is free than where it begins, so that it does not change all the
// time.
func (d *Disk) Measure() {
	free, total, err := d.statfs()
	if err != nil {
		d.unknown.Note(err)
		return
	}
	d.free.Store(free)
	reserve := d.reserve
	if reserve == 0 {
		reserve = reserveOf(total)
	}
	was := d.level.Load()
	below := func(bound uint64, level int32) bool {
		if was >= level {
			bound += bound / 10
		}
		return free < bound
	}
	level := int32(diskRoomy)
	switch {
	case below(reserve/2, diskFull):
		level = diskFull
	case below(reserve, diskLow):
		level = diskLow
	}
	if level == was {
		return
	}
	d.level.Store(level)
	room := []any{"free", humanize.Bytes(free), "reserve", humanize.Bytes(reserve)}
	switch {
	case level == diskFull:
		d.log.Error("the disk is almost full: users cannot make or change links, so that clicks can still be recorded; make room", room...)
	case level == diskLow && was == diskRoomy:
		d.log.Warn("the disk is filling up: below half of the reserve users cannot make links; make room", room...)
	case level == diskLow:
		d.log.Info("there is room on the disk for links again, but less than the reserve", room...)
	default:
		d.log.Info("there is room on the disk again", room...)
	}
}
