package pebble

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// trouble is what becomes of failures that the engine has no caller for. Until
// the store is open they are an error of Open. Later on they are waited out: the
// log is told, and Sync and Close fail meanwhile.
type trouble struct {
	opening chan error // the first, for Open
	phase   sync.Mutex
	opened  bool // under phase
	close   sync.Once
	closing chan struct{} // closed when Close begins
	log     *slog.Logger
	store   *Store

	failedTables atomic.Int64 // in a row, that could not be written
	beside       atomic.Pointer[error]

	mu    sync.Mutex
	times int // that something failed since all was well
	told  time.Time
}

const (
	// What failed is tried again after pauseLeast, and then after pauses that
	// double, up to pauseMost.
	pauseLeast = 100 * time.Millisecond
	pauseMost  = 5 * time.Second
	// tellEvery is how often the log is told of what goes on failing.
	tellEvery = time.Minute
)

// pause is how long to wait after so many failures in a row.
func pause(failures int) time.Duration {
	return min(pauseLeast<<min(failures-1, 10), pauseMost)
}

// until calls f until it succeeds, for what the engine cannot do without. Before
// the store is open a failure is one of Open, and the engine is stopped there for
// good: in some of its goroutines it would panic.
func (t *trouble) until(f func() error) error {
	for failures := 1; ; failures++ {
		err := f()
		if err == nil {
			if failures > 1 {
				t.over()
			}
			return nil
		}
		t.refuse(err)
		t.complain(err, func(about ...any) {
			if isFull(err) {
				t.log.Error("the click store waits for room on the disk", about...)
				return
			}
			t.log.Error("the click store waits for the disk, which fails; clicks are safe in the journal", about...)
		})
		select {
		case t.store.stuck <- err:
		default: // nobody is closing
		}
		time.Sleep(pause(failures))
	}
}

// breathe waits after a table that could not be written: the engine tries again
// at once, as often as its processor allows.
func (t *trouble) breathe() {
	select {
	case <-time.After(pause(int(min(t.failedTables.Add(1), 100)))):
	case <-t.closing:
	}
}

// background takes an error of the engine's own work, which it will try again.
func (t *trouble) background(err error) {
	t.complain(err, func(about ...any) {
		t.log.Error("the click store failed in the background, and tries again; clicks are safe in the journal", about...)
	})
}

// complain tells those who wait for a flush, and the log: at once, and now and
// then while it goes on.
func (t *trouble) complain(err error, say func(about ...any)) {
	t.store.failing.report(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times++
	if t.times > 1 && time.Since(t.told) < tellEvery {
		return
	}
	t.told = time.Now()
	// The error's text alone: with it, the engine's errors have stack traces.
	say("error", err.Error(), "times", t.times)
}

// over tells that what failed goes well again.
func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times > 0 {
		t.log.Info("the click store goes on", "failures", t.times)
	}
	t.times = 0
}

// active is whether something has failed and did not go well since.
func (t *trouble) active() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.times > 0
}

// fatal tells that the engine has found what it cannot go on after, and does
// not return: the journal has all that is lost by stopping.
func (t *trouble) fatal(err error) {
	t.refuse(err)
	t.log.Error("the click store cannot go on, and ends the program; clicks are safe in the journal: see to the disk and start it again", "error", err.Error())
	os.Exit(1)
}

// refuse returns where the store is open, and else never: Open fails.
func (t *trouble) refuse(err error) {
	t.phase.Lock()
	opened := t.opened
	if !opened {
		select {
		case t.opening <- err:
		default: // Open has heard of another
		}
	}
	t.phase.Unlock()
	if !opened {
		select {}
	}
}

// open is called when the engine has opened. It fails where that is stopped in
// the background.
func (t *trouble) open() error {
	t.phase.Lock()
	defer t.phase.Unlock()
	select {
	case err := <-t.opening:
		return err
	default:
		t.opened = true
		return nil
	}
}

// isOpen is whether Open went well.
func (t *trouble) isOpen() bool {
	t.phase.Lock()
	defer t.phase.Unlock()
	return t.opened
}

// isFull is whether an error is that of a disk without room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// stated is an error of which the engine says more in words.
type stated struct {
	message string
	error
}

func (e stated) Error() string { return e.message }
func (e stated) Unwrap() error { return e.error }

// engineLog hands the engine's messages on.
type engineLog struct {
	*slog.Logger
	trouble *trouble
}

func (l engineLog) Infof(format string, args ...any) {
	l.Debug("click store: " + fmt.Sprintf(format, args...))
}

func (l engineLog) Errorf(format string, args ...any) {
	l.Error("click store: " + fmt.Sprintf(format, args...))
}

// Fatalf keeps the error that the message is about, for whoever asks what kind
// it is.
func (l engineLog) Fatalf(format string, args ...any) {
	e := stated{message: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok {
			e.error = err
		}
	}
	l.trouble.fatal(e)
}

// caught makes an error of a panic of the engine.
func caught(p any) error {
	if err, ok := p.(error); ok {
		return stated{"the engine panics: " + err.Error(), err}
	}
	return fmt.Errorf("the engine panics: %v", p)
}
