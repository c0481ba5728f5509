// Package sparse spares a log that strangers could fill: the first time that
// something happens is told at once, and then what comes is told once a second
// with its number.
//
// It refuses to choose what is told, and to count beyond the next line: who
// needs a total, or each time to be told before something else happens, keeps
// books of its own.
package sparse

import (
	"sync"
	"time"
)

// Every is how often something is told at most.
const Every = time.Second

// Line is something that may happen any number of times. It is safe for
// concurrent use.
type Line[T any] struct {
	tell func(number uint64, last T)

	mu     sync.Mutex
	untold uint64
	last   T
	timer  *time.Timer // runs while the log must be spared
}

// New makes a Line. tell writes to the log: how often it happened since it was
// told last, which is at least once, and the last time. It is called by one
// goroutine at a time.
func New[T any](tell func(number uint64, last T)) *Line[T] { return &Line[T]{tell: tell} }

// Note says that it happened.
func (l *Line[T]) Note(t T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.untold++
	l.last = t
	if l.timer == nil {
		l.write()
		l.timer = time.AfterFunc(Every, l.next)
	}
}

// next tells what came since the last time, and goes on as long as more comes.
func (l *Line[T]) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.untold == 0 {
		l.timer = nil
		return
	}
	l.write()
	l.timer = time.AfterFunc(Every, l.next)
}

// Close tells what has not been told yet. A Line can be used after it.
func (l *Line[T]) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if l.untold > 0 {
		l.write()
	}
}

// write is called with mu held.
func (l *Line[T]) write() {
	var none T
	n, last := l.untold, l.last
	l.untold, l.last = 0, none
	l.tell(n, last)
}
