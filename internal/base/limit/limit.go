// Package limit bounds how often each of many keys may do something, by a bucket
// for each, which refills evenly; and how many do something at once, by seats.
//
// It refuses to know what the keys stand for and what happens to those who
// come too often.
package limit

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Keys is how many keys are remembered. One that is forgotten starts anew: that
// least lately taken goes, and one that has everything free needs no memory.
const Keys = 100_000

// Limits is a bucket for each key. A nil Limits lets everything pass. It is
// safe for concurrent use.
type Limits struct {
	every time.Duration
	burst int
	now   func() time.Time

	mu      sync.Mutex
	buckets *simplelru.LRU[string, *bucket]
}

// bucket is what a key has taken: how long it took, at an instant, until
// everything is free again.
type bucket struct {
	taken time.Duration
	at    time.Time
}

// New lets each key do something burst times at once, and once more after each
// every. It returns nil, which sets no limit, where every is 0.
func New(every time.Duration, burst int, now func() time.Time) *Limits {
	if every <= 0 {
		return nil
	}
	buckets, err := simplelru.NewLRU[string, *bucket](Keys, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Limits{every: every, burst: max(burst, 1), now: now, buckets: buckets}
}

// PerSecond is how long one of n in a second takes; 0 for none.
func PerSecond(n int) time.Duration { return per(time.Second, n) }

// PerMinute is how long one of n in a minute takes; 0 for none.
func PerMinute(n int) time.Duration { return per(time.Minute, n) }

func per(span time.Duration, n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return max(span/time.Duration(n), 1)
}

// State is how a key stands.
type State struct {
	// OK: it may. Of Take, that it did; of Look, that it may now.
	OK bool
	// Limit is how often it may at once, Remaining how often it still may now.
	Limit, Remaining int
	// Reset is how long it takes until Remaining is Limit again, and Retry
	// until it may once more.
	Reset, Retry time.Duration
}

// Take lets the key do it once more, or not. Without limits it may, and Limit
// is 0.
func (l *Limits) Take(key string) State { return l.TakeMany(key, 1) }

// TakeMany lets the key do it n times more, or not once. What is more than a
// whole bucket takes a whole one.
func (l *Limits) TakeMany(key string, n int) State {
	if l == nil {
		return State{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	takes := l.takes(n)
	ok := b.taken+takes <= l.whole()
	if ok {
		b.taken += takes
	}
	l.buckets.Add(key, b)
	s := l.state(b, ok)
	if !ok {
		s.Retry = b.taken + takes - l.whole()
	}
	return s
}

// Look is how the key stands. It takes nothing, and has nobody remembered or
// forgotten.
func (l *Limits) Look(key string) State {
	if l == nil {
		return State{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	return l.state(b, b.taken+l.every <= l.whole())
}

// GiveBack undoes a Take: it was for nothing that counts.
func (l *Limits) GiveBack(key string) { l.GiveBackMany(key, 1) }

// GiveBackMany undoes a TakeMany.
func (l *Limits) GiveBackMany(key string, n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	if b.taken -= l.takes(n); b.taken <= 0 {
		l.buckets.Remove(key)
	}
}

// takes is how long it takes until n are free again.
func (l *Limits) takes(n int) time.Duration { return l.every * time.Duration(min(n, l.burst)) }

// Len is how many keys are remembered.
func (l *Limits) Len() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets.Len()
}

// whole is how long an empty bucket takes to be full.
func (l *Limits) whole() time.Duration { return l.every * time.Duration(l.burst) }

// bucket is the key's as it is now, a new one where none is remembered. A clock
// that was set back neither gives nor takes.
func (l *Limits) bucket(key string) *bucket {
	now := l.now()
	b, known := l.buckets.Peek(key)
	if !known {
		return &bucket{at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.taken = max(b.taken-passed, 0)
	}
	b.at = now
	return b
}

func (l *Limits) state(b *bucket, ok bool) State {
	free := l.whole() - b.taken
	return State{OK: ok, Limit: l.burst, Remaining: int(free / l.every), Reset: b.taken, Retry: max(l.every-free, 0)}
}
