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

// faults handles failures that the engine does not report to a caller. Until the
// store is open they are an error of Open. After that it waits until they are over:
// it logs them, and Sync and Close fail meanwhile.
type faults struct {
	opening chan error // the first, for Open
	phase   sync.Mutex
	opened  bool // guarded by phase
	close   sync.Once
	closing chan struct{} // closed when Close starts
	log     *slog.Logger
	store   *Store

	failedTables atomic.Int64 // consecutive tables that could not be written
	outside      atomic.Pointer[error]

	mu     sync.Mutex
	times  int // failures since the last success
	logged time.Time
}

const (
	// A failed operation is repeated after pauseLeast, and then after pauses that
	// double, up to pauseMost.
	pauseLeast = 100 * time.Millisecond
	pauseMost  = 5 * time.Second
	// logEvery is the time between two log lines about a failure that goes on.
	logEvery = time.Minute
)

// pause is the pause after n failures in a row.
func pause(failures int) time.Duration {
	return min(pauseLeast<<min(failures-1, 10), pauseMost)
}

// until calls f until it succeeds. It is for operations that the engine requires:
// in some of its goroutines an error would be a panic. Before the store is open, a
// failure is an error of Open, and until does not return.
func (t *faults) until(f func() error) error {
	for failures := 1; ; failures++ {
		err := f()
		if err == nil {
			if failures > 1 {
				t.over()
			}
			return nil
		}
		t.refuse(err)
		t.report(err, func(about ...any) {
			if isFull(err) {
				t.log.Error("the counts wait for room on the disk", about...)
				return
			}
			t.log.Error("the counts wait for the disk, which fails; clicks are safe in the journal", about...)
		})
		select {
		case t.store.stuck <- err:
		default: // no call of close waits
		}
		time.Sleep(pause(failures))
	}
}

// pauseTable pauses after a table could not be written: the engine retries at once
// and without limit.
func (t *faults) pauseTable() {
	select {
	case <-time.After(pause(int(min(t.failedTables.Add(1), 100)))):
	case <-t.closing:
	}
}

// background handles an error of the engine's background work, which the engine
// retries.
func (t *faults) background(err error) {
	t.report(err, func(about ...any) {
		t.log.Error("the counts could not be written in the background, which is tried again; clicks are safe in the journal", about...)
	})
}

// report passes a failure to callers that wait for a flush, and logs it: at once,
// and then every logEvery while it goes on.
func (t *faults) report(err error, log func(about ...any)) {
	t.store.failing.report(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.times++
	if t.times > 1 && time.Since(t.logged) < logEvery {
		return
	}
	t.logged = time.Now()
	// The text alone: as an error, it has a stack trace of the engine.
	log("error", err.Error(), "times", t.times)
}

// over ends a time of failures.
func (t *faults) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times > 0 {
		t.log.Info("the counts are written again", "failures", t.times)
	}
	t.times = 0
}

// active reports whether something has failed, and has not succeeded since.
func (t *faults) active() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.times > 0
}

// fatal handles an error after which the engine cannot go on. It does not return.
// All that is lost by ending the program is in the journal.
func (t *faults) fatal(err error) {
	t.refuse(err)
	t.log.Error("the engine of the counts cannot go on, and the program ends; clicks are safe in the journal: check the disk, then start footfall again", "error", err.Error())
	os.Exit(1)
}

// refuse returns if the store is open. Else Open fails, and refuse never returns.
func (t *faults) refuse(err error) {
	t.phase.Lock()
	opened := t.opened
	if !opened {
		select {
		case t.opening <- err:
		default: // Open fails with an earlier one
		}
	}
	t.phase.Unlock()
	if !opened {
		select {}
	}
}

// open is called after the engine has opened. It fails if the engine failed in the
// background.
func (t *faults) open() error {
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

// isOpen reports whether Open succeeded.
func (t *faults) isOpen() bool {
	t.phase.Lock()
	defer t.phase.Unlock()
	return t.opened
}

// isFull reports whether an error is that of a full disk or quota.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// stated is an error with the engine's message about it.
type stated struct {
	message string
	error
}

func (e stated) Error() string { return e.message }
func (e stated) Unwrap() error { return e.error }

// engineLog logs the engine's messages.
type engineLog struct {
	*slog.Logger
	faults *faults
}

func (l engineLog) Infof(format string, args ...any) {
	l.Debug("counts: " + fmt.Sprintf(format, args...))
}

func (l engineLog) Errorf(format string, args ...any) {
	l.Error("counts: " + fmt.Sprintf(format, args...))
}

// Fatalf wraps the error in the message, so that its kind can be tested.
func (l engineLog) Fatalf(format string, args ...any) {
	e := stated{message: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok {
			e.error = err
		}
	}
	l.faults.fatal(e)
}

// caught makes a panic of the engine an error.
func caught(p any) error {
	if err, ok := p.(error); ok {
		return stated{"the engine panics: " + err.Error(), err}
	}
	return fmt.Errorf("the engine panics: %v", p)
}
