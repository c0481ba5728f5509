// Package throttle bounds how often each of many keys may do something (Limiter),
// and how many may do it at the same time (Seats).
//
// It does not depend on what a key stands for, or what happens to a key that is
// refused.
//
// golang.org/x/time/rate was weighed for the buckets of Limiter. It cannot take
// back tokens that were used at once, it rounds what an HTTP header reports
// exactly, and an empty bucket stays empty for as long as a clock was set back. It
// would save fourteen lines.
package throttle

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// MaxKeys is the number of keys that a Limiter remembers. After that it forgets the key
// that was taken least recently, which then starts with a full bucket.
const MaxKeys = 100_000

// Limiter has a token bucket for each key. A nil Limiter allows everything. It is
// safe for concurrent use.
type Limiter struct {
	every time.Duration // until one more token is free
	burst int
	now   func() time.Time

	mu      sync.Mutex
	buckets *simplelru.LRU[string, *bucket] // of keys that do not have all tokens free
}

// bucket is the use of a key: at an instant, the time until all its tokens are
// free again.
type bucket struct {
	used time.Duration
	at   time.Time
}

// New makes a Limiter that gives each key burst tokens, at least 1, and one more
// after each interval every. If every is 0, it returns nil, which allows everything.
func New(every time.Duration, burst int, now func() time.Time) *Limiter {
	if every <= 0 {
		return nil
	}
	buckets, err := simplelru.NewLRU[string, *bucket](MaxKeys, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Limiter{every: every, burst: max(burst, 1), now: now, buckets: buckets}
}

// PerSecond returns the interval for n tokens in a second; 0 if n is not positive.
func PerSecond(n int) time.Duration { return per(time.Second, n) }

// PerMinute returns the interval for n tokens in a minute; 0 if n is not positive.
func PerMinute(n int) time.Duration { return per(time.Minute, n) }

func per(span time.Duration, n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return max(span/time.Duration(n), 1)
}

// State is the state of a key's bucket.
type State struct {
	// OK reports whether Take took the tokens; after Look, whether one is free.
	OK bool
	// Limit is the number of tokens, 0 if there is no limit; Remaining of them are
	// free now.
	Limit, Remaining int
	// Reset is the time until all tokens are free, and Retry until as many are as
	// were asked for.
	Reset, Retry time.Duration
}

// Take takes a token of the key, if one is free.
func (l *Limiter) Take(key string) State { return l.TakeN(key, 1) }

// TakeN takes n tokens of the key, or none if fewer are free. If n is more than a
// bucket has, it takes a full bucket.
func (l *Limiter) TakeN(key string, n int) State {
	if l == nil {
		return State{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	cost := l.cost(n)
	ok := b.used+cost <= l.full()
	if ok {
		b.used += cost
	}
	l.buckets.Add(key, b)
	s := l.state(b, ok)
	if !ok {
		s.Retry = b.used + cost - l.full()
	}
	return s
}

// Look returns the state of the key. It takes nothing, and does not change which
// keys are remembered.
func (l *Limiter) Look(key string) State {
	if l == nil {
		return State{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	return l.state(b, b.used+l.every <= l.full())
}

// GiveBack undoes a Take.
func (l *Limiter) GiveBack(key string) { l.GiveBackN(key, 1) }

// GiveBackN undoes a TakeN.
func (l *Limiter) GiveBackN(key string, n int) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	if b.used -= l.cost(n); b.used <= 0 {
		l.buckets.Remove(key)
	}
}

// Len returns the number of keys that are remembered.
func (l *Limiter) Len() int {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buckets.Len()
}

// cost is the time until n used tokens are free again.
func (l *Limiter) cost(n int) time.Duration { return l.every * time.Duration(min(n, l.burst)) }

// full is the cost of all tokens.
func (l *Limiter) full() time.Duration { return l.every * time.Duration(l.burst) }

// bucket is the key's bucket now. A clock that was set back frees no tokens and
// takes none.
func (l *Limiter) bucket(key string) *bucket {
	now := l.now()
	b, known := l.buckets.Peek(key)
	if !known {
		return &bucket{at: now}
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.used = max(b.used-passed, 0)
	}
	b.at = now
	return b
}

func (l *Limiter) state(b *bucket, ok bool) State {
	free := l.full() - b.used
	return State{OK: ok, Limit: l.burst, Remaining: int(free / l.every), Reset: b.used, Retry: max(l.every-free, 0)}
}
