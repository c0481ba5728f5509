package server

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

// disk looks after the room on the file system of the data directory.
type disk struct {
	reserve uint64 // bytes; 0 is reserveOf
	statfs  func() (free, total uint64, err error)
	log     *slog.Logger
	unknown *lograte.Line[error]

	level atomic.Int32
	free  atomic.Uint64 // bytes, when it was looked at last
}

func newDisk(dir string, reserve int64, log *slog.Logger) *disk {
	return &disk{
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
func (d *disk) watch(ctx context.Context) {
	ticker := time.NewTicker(diskEvery)
	defer ticker.Stop()
	defer d.unknown.Close()
	for {
		d.look()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// full tells whether no links are to be made.
func (d *disk) full() bool { return d.level.Load() == diskFull }

// look tells the log when the level changes. A level is left once there is a
// tenth more room than it begins with, so that it does not change all the time.
func (d *disk) look() {
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
