// Package limit bounds how often each of many keys may do something: a bucket
// of tokens for each, which refills evenly.
//
// It refuses to know what the keys stand for and what happens to those who
// come too often.
package limit

import (
	"math"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"
)

// keys is how many keys are remembered. One that is forgotten starts anew.
const keys = 100_000

// Limits is a bucket for each key. A nil Limits lets everything pass. It is
// safe for concurrent use.
type Limits struct {
	perSecond rate.Limit
	burst     int
	now       func() time.Time

	mu      sync.Mutex
	buckets *simplelru.LRU[string, *rate.Limiter]
}

// New lets each key do something so often a second on average, and burst times
// at once. It returns nil, which sets no limit, where perSecond is 0.
func New(perSecond, burst int, now func() time.Time) *Limits {
	if perSecond <= 0 {
		return nil
	}
	buckets, err := simplelru.NewLRU[string, *rate.Limiter](keys, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Limits{perSecond: rate.Limit(perSecond), burst: max(burst, 1), now: now, buckets: buckets}
}

// State is how a key stands after a Take.
type State struct {
	// OK: it may.
	OK bool
	// Limit is how often it may at once, Remaining how often it still may now.
	Limit, Remaining int
	// Reset is how long it takes until Remaining is Limit again, and Retry
	// until it may once more.
	Reset, Retry time.Duration
}

// Take lets the key do it once more, or not. Without limits it may, and Limit
// is 0.
func (l *Limits) Take(key string) State {
	if l == nil {
		return State{OK: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b, known := l.buckets.Get(key)
	if !known {
		b = rate.NewLimiter(l.perSecond, l.burst)
		l.buckets.Add(key, b)
	}
	ok := b.AllowN(now, 1)
	left := max(b.TokensAt(now), 0)
	wait := func(tokens float64) time.Duration {
		return time.Duration(max(tokens-left, 0) / float64(l.perSecond) * float64(time.Second))
	}
	return State{OK: ok, Limit: l.burst, Remaining: int(math.Floor(left)), Reset: wait(float64(l.burst)), Retry: wait(1)}
}
