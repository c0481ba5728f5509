// Package lograte bounds how many lines a repeated event writes to the log. The
// first event is logged at once. Later ones are logged together, in one line per
// interval that gives their number.
//
// It is for events that strangers can cause at will. It does not format lines and
// keeps no totals. For a condition that lasts, such as a full disk, log its
// beginning and its end instead.
package lograte

import (
	"sync"
	"time"
)

// Line is a line of the log for events of one kind. It is safe for concurrent
// use.
type Line[T any] struct {
	every time.Duration
	write func(events uint64, last T)

	writing sync.Mutex // held while write runs; taken before mu

	mu      sync.Mutex
	pending uint64 // events that are not logged yet
	last    T
	logged  chan struct{} // closed when the pending events are logged; nil if there are none
	paused  bool          // a line is being written, or the timer runs
	timer   *time.Timer
	closed  bool
}

// New makes a Line that is written once per interval at most. write logs the
// number of events since the last line, at least 1, and the last event. Calls of
// write do not overlap.
func New[T any](every time.Duration, write func(events uint64, last T)) *Line[T] {
	return &Line[T]{every: every, write: write}
}

// Note takes an event. If a line is due, Note writes it before it returns: a log
// that blocks holds up one caller, and events of other callers are counted.
func (l *Line[T]) Note(event T) {
	if _, due := l.add(event); due {
		l.flush()
	}
}

// NoteAndWait takes an event, and returns when it is logged or the timeout is over.
func (l *Line[T]) NoteAndWait(event T, timeout time.Duration) {
	logged, due := l.add(event)
	if due {
		go l.flush()
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-logged:
	case <-timer.C:
	}
}

func (l *Line[T]) add(event T) (logged <-chan struct{}, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending++
	l.last = event
	if l.logged == nil {
		l.logged = make(chan struct{})
	}
	due = l.closed || !l.paused
	l.paused = true
	return l.logged, due
}

// flush logs the pending events, and runs again after each interval until there
// are none.
func (l *Line[T]) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	events, last, logged := l.pending, l.last, l.logged
	var none T
	l.pending, l.last, l.logged = 0, none, nil
	l.paused = events > 0
	l.mu.Unlock()
	if events == 0 {
		return
	}
	l.write(events, last)
	close(logged)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.timer = time.AfterFunc(l.every, l.flush)
	}
}

// Close logs the pending events. Later events are logged one by one.
func (l *Line[T]) Close() {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.flush()
}
