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

// diskEvery is how often the room on the disk is looked at.
const diskEvery = 5 * time.Second

// reserveOf is the reserve unless told otherwise: a gigabyte, or 5 % of a disk
// that is so small.
func reserveOf(total uint64) uint64 { return min(1e9, total/20) }

// How the disk stands, each worse than the one before.
const (
	diskRoomy = iota
	diskLow   // there is less room than the reserve
	diskFull  // than half of it: what is left is for clicks
)

// Disk watches how much room the file system of a data directory has.
type Disk struct {
	reserve uint64 // bytes; 0 is reserveOf
	statfs  func() (free, total uint64, err error)
	log     *slog.Logger
	unknown *lograte.Line[error]

	level atomic.Int32
	free  atomic.Uint64 // bytes, when it was looked at last
}

func newDisk(dir string, reserve int64, log *slog.Logger) *Disk {
	return &Disk{
		reserve: uint64(max(reserve, 0)), log: log,
		unknown: lograte.New(time.Minute, func(times uint64, last error) {
			log.Warn("the room on the disk cannot be told", "times", times, "error", last)
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

// watch looks until ctx ends.
func (d *Disk) watch(ctx context.Context) {
	ticker := time.NewTicker(diskEvery)
	defer ticker.Stop()
	defer d.unknown.Close()
	for {
		d.Look()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// Full says that the room left is for clicks: nobody may make or change links.
func (d *Disk) Full() bool { return d.level.Load() == diskFull }

// State is how many bytes are free, and how low that is: 0 if it is more than
// the reserve, 1 if less, 2 if less than half of it.
func (d *Disk) State() (free uint64, level int) { return d.free.Load(), int(d.level.Load()) }

// Look asks the file system, and tells the log if the level changed. A level is left once there is a
// tenth more room than it begins with, so that it does not change all the time.
func (d *Disk) Look() {
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
		d.log.Error("the disk is almost full: users make no links and change none, and what is left is for clicks", room...)
	case level == diskLow && was == diskRoomy:
		d.log.Warn("the disk is filling up: below half of the reserve users make no more links", room...)
	case level == diskLow:
		d.log.Info("there is room on the disk for links again, and less than the reserve", room...)
	default:
		d.log.Info("there is room on the disk again", room...)
	}
}
