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

	mu     sync.Mutex // never held while the log is told
	untold uint64
	last   T
	spared bool // next will run, or runs
	timer  *time.Timer
}

// New makes a Line. tell writes to the log: how often it happened since it was
// told last, which is at least once, and the last time.
func New[T any](tell func(number uint64, last T)) *Line[T] { return &Line[T]{tell: tell} }

// Note says that it happened. A log that takes no lines keeps one caller waiting,
// and the others are counted.
func (l *Line[T]) Note(t T) {
	l.mu.Lock()
	l.untold++
	l.last = t
	if l.spared {
		l.mu.Unlock()
		return
	}
	l.spared = true
	l.write()
}

// next tells what came since the last time, and goes on as long as more comes.
func (l *Line[T]) next() {
	l.mu.Lock()
	if l.untold == 0 {
		l.spared = false
		l.mu.Unlock()
		return
	}
	l.write()
}

// write is called with mu held, and gives it back before the log is told.
func (l *Line[T]) write() {
	n, last := l.take()
	l.mu.Unlock()
	l.tell(n, last)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = time.AfterFunc(Every, l.next)
}

func (l *Line[T]) take() (n uint64, last T) {
	var none T
	n, last = l.untold, l.last
	l.untold, l.last = 0, none
	return n, last
}

// Close tells what has not been told yet. Nothing may happen after it.
func (l *Line[T]) Close() {
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
	}
	n, last := l.take()
	l.mu.Unlock()
	if n > 0 {
		l.tell(n, last)
	}
}
