package server

import (
	"context"
	"sync"
	"time"
)

// slowOpening is from when on the log is told what opening is at.
const slowOpening = 2 * time.Second

// at begins a part of opening, and returns what ends it. Where that takes long the
// log is told of both.
func (o *Options) at(part string) (done func()) {
	var mu sync.Mutex
	began, told, over := time.Now(), false, false
	timer := time.AfterFunc(slowOpening, func() {
		mu.Lock()
		defer mu.Unlock()
		if told = !over; told {
			o.Log.Info("opening the data directory takes a while; visitors are let in once it is done", "at", part)
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		if over = true; told {
			o.Log.Info("this part of the data directory is open", "part", part, "took", time.Since(began).Round(time.Millisecond))
		}
	}
}

// catchUp tells the log where clicks were recorded and not counted before, and
// when they are.
func (a *App) catchUp(ctx context.Context) {
	if a.behind == 0 {
		return
	}
	began := time.Now()
	a.log.Info("clicks that were recorded before are counted now; answers lack them until then", "bytes", a.behind)
	if a.recorder.Drain(ctx) == nil { // else the log hears why
		a.log.Info("all clicks that were recorded before are counted", "took", time.Since(began).Round(time.Millisecond))
	}
}

// stopped is the last line of the log of a server.
func (a *App) stopped(began time.Time, err error) {
	took := time.Since(began).Round(time.Millisecond)
	counted, _ := a.recorder.Counted()
	switch end := a.journal.End(); {
	case err != nil:
		a.log.Error("stopped, but not in order", "took", took, "error", err)
	case counted < end:
		a.log.Info("stopped: everything is on disk, and the next start counts the clicks that are not counted yet", "took", took, "bytes", end-counted)
	default:
		a.log.Info("stopped: everything is on disk, and all clicks are counted", "took", took)
	}
}
