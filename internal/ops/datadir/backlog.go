package datadir

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// backlogEvery is the interval at which the backlog is measured.
	backlogEvery = time.Second
	// An error is logged when the backlog takes up backlogAlarm percent of the room, and
	// at least leastBacklog bytes.
	backlogAlarm = 50
	leastBacklog = 64 << 20
)

// backlog bounds the clicks that wait in the journal to be counted: while shared counts
// are away, the journal cannot drop them.
type backlog struct {
	limit uint64 // bytes; 0 is what the disk has room for
	log   *slog.Logger

	room    atomic.Uint64 // bytes, when it was measured last
	reached atomic.Bool   // no click is recorded
	alarmed bool
}

// ErrBacklog says that so many clicks wait to be counted that no more are recorded.
var ErrBacklog = errors.New("the clicks that wait to be counted have reached their limit")

// Recording is the Recorder for new clicks. It refuses them at Options.Limit with
// ErrBacklog.
type Recording struct {
	*recorder.Recorder
	backlog *backlog
}

// Recording returns the Recorder for new clicks.
func (d *Dir) Recording() Recording { return Recording{d.Recorder, &d.backlog} }

// Record makes a click durable.
func (r Recording) Record(ctx context.Context, c click.Click) error {
	if r.backlog.full() {
		return ErrBacklog
	}
	return r.Recorder.Record(ctx, c)
}

// RecordWithin makes a click durable.
func (r Recording) RecordWithin(patience time.Duration, c click.Click) error {
	if r.backlog.full() {
		return ErrBacklog
	}
	return r.Recorder.RecordWithin(patience, c)
}

// Import makes clicks of an import durable.
func (r Recording) Import(ctx context.Context, clicks []click.Click, mark store.Mark) error {
	if r.backlog.full() {
		return ErrBacklog
	}
	return r.Recorder.Import(ctx, clicks, mark)
}

// full reports whether no more clicks may be recorded.
func (b *backlog) full() bool { return b.reached.Load() }

// measure compares the bytes that are recorded and not counted with the room for them. It
// logs an error when half of the room is used, and when the limit is reached. Recording
// continues once less than nine tenths of the limit are used.
func (b *backlog) measure(waiting, free uint64) {
	room := waiting + free
	if b.limit > 0 {
		room = min(b.limit, room)
	}
	b.room.Store(room)
	sizes := []any{"bytes", humanize.IBytes(waiting), "limit", humanize.IBytes(room)}
	full := b.limit > 0 && (waiting >= b.limit || b.full() && waiting >= b.limit/10*9)
	switch was := b.reached.Swap(full); {
	case full && !was:
		b.log.Error("the clicks that wait to be counted have reached --journal-limit. Visitors are redirected, but their clicks are lost: find out why they are not counted, or raise the limit", sizes...)
	case was && !full:
		b.log.Info("clicks are recorded again", sizes...)
	}
	part := room / 100 * backlogAlarm
	if b.alarmed { // it must fall to half of this before the next alarm
		part /= 2
	}
	alarm := waiting >= leastBacklog && waiting >= part
	if alarm && !b.alarmed {
		b.log.Error("the clicks that wait to be counted take up half of the room for them. Without room, clicks are lost: find out why they are not counted, make room, or raise --journal-limit", sizes...)
	}
	b.alarmed = alarm
}

// Backlog returns the number of bytes that may wait in the journal to be counted; 0
// before Maintain has measured it.
func (d *Dir) Backlog() uint64 { return d.backlog.room.Load() }

// watchBacklog measures the backlog until ctx ends.
func (d *Dir) watchBacklog(ctx context.Context) {
	ticker := time.NewTicker(backlogEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C: // by now the free space is measured
		case <-ctx.Done():
			return
		}
		counted, _ := d.Recorder.Counted()
		free, _ := d.Disk.State()
		end := d.Journal.End()
		d.backlog.measure(end-min(counted, end), free)
	}
}
