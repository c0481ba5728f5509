package redirect

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// alarm tells the log of clicks that are not durable: the first at once, and
// further ones at most once a second with their number.
type alarm struct {
	log   *slog.Logger
	total atomic.Uint64

	mu     sync.Mutex
	untold uint64
	last   error
	timer  *time.Timer // runs while the log must be spared
}

// alarmEvery is how often the log hears at most.
const alarmEvery = time.Second

func newAlarm(log *slog.Logger) *alarm { return &alarm{log: log} }

func (a *alarm) raise(err error) {
	a.total.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.untold++
	a.last = err
	if a.timer == nil {
		a.tell()
		a.timer = time.AfterFunc(alarmEvery, a.ring)
	}
}

// ring tells what came since the last time, and goes on as long as more comes.
func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.untold == 0 {
		a.timer = nil
		return
	}
	a.tell()
	a.timer = time.AfterFunc(alarmEvery, a.ring)
}

func (a *alarm) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.untold > 0 {
		a.tell()
	}
	if a.timer != nil {
		a.timer.Stop()
	}
}

// tell is called with mu held.
func (a *alarm) tell() {
	a.log.Error("visitors were sent on although their clicks are not durable: make room on the disk, or see why it fails",
		"clicks", a.untold, "total", a.total.Load(), "error", a.last)
	a.untold = 0
}
