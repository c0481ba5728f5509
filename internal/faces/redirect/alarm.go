package redirect

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// alarm tells the log of clicks that are not durable: the first at once, and
// further ones every alarmEvery with their number.
//
// A visitor is sent on once the log has been told of the click. So whatever ends
// the program, kill -9 included, nobody was answered whose click is neither
// durable nor reported.
type alarm struct {
	log   *slog.Logger
	total atomic.Uint64

	closing sync.Once
	closed  chan struct{}

	// writing is held while the log is told. It comes before mu.
	writing sync.Mutex

	mu     sync.Mutex
	untold uint64
	last   error
	told   chan struct{} // closed when the log has heard of those that are untold now; nil where none is
	busy   bool          // run runs
}

const (
	// alarmEvery is the time between two lines of the log, and so the most that
	// a visitor waits for one.
	alarmEvery = 100 * time.Millisecond
	// alarmPatience is how long a visitor waits for a log that takes no lines.
	alarmPatience = time.Second
)

func newAlarm(log *slog.Logger) *alarm { return &alarm{log: log, closed: make(chan struct{})} }

// raise returns once the log has been told, unless it takes no lines.
func (a *alarm) raise(err error) {
	a.mu.Lock()
	a.total.Add(1)
	a.untold++
	a.last = err
	if a.told == nil {
		a.told = make(chan struct{})
	}
	told := a.told
	if !a.busy {
		a.busy = true
		go a.run()
	}
	a.mu.Unlock()
	patience := time.NewTimer(alarmPatience)
	defer patience.Stop()
	select {
	case <-told:
	case <-patience.C:
	}
}

// run tells what has come, and goes on as long as more comes.
func (a *alarm) run() {
	for {
		a.tell()
		select {
		case <-time.After(alarmEvery):
		case <-a.closed: // the log need not be spared any more
		}
		a.mu.Lock()
		if a.untold == 0 {
			a.busy = false
			a.mu.Unlock()
			return
		}
		a.mu.Unlock()
	}
}

// tell tells the log of all that it has not been told yet.
func (a *alarm) tell() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	clicks, total, err, told := a.untold, a.total.Load(), a.last, a.told
	a.untold, a.told = 0, nil
	a.mu.Unlock()
	if clicks == 0 {
		return
	}
	a.log.Error("visitors were sent on although their clicks are not durable: make room on the disk, or see why it fails",
		"clicks", clicks, "total", total, "error", err)
	close(told)
}

// close tells what is untold. What comes after it is told, too.
func (a *alarm) close() {
	a.closing.Do(func() { close(a.closed) })
	a.tell()
}
