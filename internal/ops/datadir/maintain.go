package datadir

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"time"
)

// Maintain does what an open directory needs until ctx ends: it removes old segments
// of the journal and deleted data, and watches the free space and the directory
// itself. It calls failed with ErrMoved, a RemovedPartError or an OtherCountsError. Then
// the process should stop; after ErrMoved without Close, which would write into
// another directory.
func (d *Dir) Maintain(ctx context.Context, failed func(error)) {
	d.eraser.background.Store(true)
	var all sync.WaitGroup
	all.Go(func() { d.catchUp(ctx) })
	all.Go(func() { d.retain(ctx) })
	all.Go(func() { d.Disk.watch(ctx) })
	all.Go(func() { d.eraseInBackground(ctx) })
	all.Go(func() { d.watchBacklog(ctx) })
	if d.claimed != nil {
		all.Go(func() {
			if err := d.keepClaim(ctx); err != nil {
				failed(err)
			}
		})
	}
	if len(d.watched) > 0 {
		all.Go(func() { d.followDeletions(ctx) })
		all.Go(func() { d.watchEngines(ctx) })
	}
	if err := d.watchFiles(ctx); err != nil {
		failed(err)
	}
	all.Wait()
}

// catchUp logs that clicks of an earlier process are being counted, and when all
// are.
func (d *Dir) catchUp(ctx context.Context) {
	if d.uncounted == 0 {
		return
	}
	began := time.Now()
	d.log.Info("clicks that were recorded before are counted now; answers lack them until then", "bytes", d.uncounted)
	if d.Recorder.Drain(ctx) == nil { // an error was logged
		d.log.Info("all clicks that were recorded before are counted", "took", time.Since(began).Round(time.Millisecond))
	}
}

// watchEvery is the interval at which Maintain checks that the directory and its parts are the
// ones that were opened.
const watchEvery = time.Second

// watchFiles watches the data directory until ctx ends. It fails with ErrMoved or a
// RemovedPartError.
func (d *Dir) watchFiles(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		restored, err := d.lock.check()
		switch {
		case errors.Is(err, ErrMoved):
			return err
		case restored:
			d.log.Warn("the lock of the data directory was removed, and is made again: find out what removed it, and prevent that", "file", filepath.Join(d.path, lockFile))
		}
		if err == nil {
			err = d.checkParts()
		}
		if errors.As(err, new(*RemovedPartError)) {
			return err
		}
	}
}

// slowOpening is the time after which a step of opening is logged.
const slowOpening = 2 * time.Second

// LogIfSlow logs a part of opening if it takes over 2 s, and again when done is
// called.
func LogIfSlow(part string, log *slog.Logger) (done func()) {
	var mu sync.Mutex
	began, logged, over := time.Now(), false, false
	timer := time.AfterFunc(slowOpening, func() {
		mu.Lock()
		defer mu.Unlock()
		if logged = !over; logged {
			log.Info("opening the data directory takes a while; visitors are answered after that", "at", part)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if over = true; logged {
			log.Info("this part of the data directory is open", "part", part, "took", time.Since(began).Round(time.Millisecond))
		}
	}
}
