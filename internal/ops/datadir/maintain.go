package datadir

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Keep looks after the open directory until ctx ends: it counts what was not
// counted before, removes old segments of the journal and what was deleted,
// and watches the room on the disk and the directory itself. failed is called
// at most once, with ErrMoved or a RemovedPartError; then the process should
// stop, and after ErrMoved without Close, which would write into a directory
// that is somebody else's.
func (d *Dir) Maintain(ctx context.Context, failed func(error)) {
	d.eraser.background.Store(true)
	var all sync.WaitGroup
	all.Go(func() { d.catchUp(ctx) })
	all.Go(func() { d.retain(ctx) })
	all.Go(func() { d.Disk.watch(ctx) })
	all.Go(func() { d.eraseInBackground(ctx) })
	if err := d.watchFiles(ctx); err != nil {
		failed(err)
	}
	all.Wait()
}

// catchUp tells the log where clicks were recorded and not counted before, and
// when they are.
func (d *Dir) catchUp(ctx context.Context) {
	if d.uncounted == 0 {
		return
	}
	began := time.Now()
	d.log.Info("clicks that were recorded before are counted now; answers lack them until then", "bytes", d.uncounted)
	if d.Recorder.Drain(ctx) == nil { // else the log hears why
		d.log.Info("all clicks that were recorded before are counted", "took", time.Since(began).Round(time.Millisecond))
	}
}

// slowOpening is from when on the log is told what opening is at.
const slowOpening = 2 * time.Second

// Opening begins a part of opening, and returns what ends it. Where that takes long the
// log is told of both.
func LogIfSlow(part string, log *slog.Logger) (done func()) {
	var mu sync.Mutex
	began, told, over := time.Now(), false, false
	timer := time.AfterFunc(slowOpening, func() {
		mu.Lock()
		defer mu.Unlock()
		if told = !over; told {
			log.Info("opening the data directory takes a while; visitors are let in once it is done", "at", part)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if over = true; told {
			log.Info("this part of the data directory is open", "part", part, "took", time.Since(began).Round(time.Millisecond))
		}
	}
}
