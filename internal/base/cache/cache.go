// Package cache remembers the answers of a slower source for a while.
//
// It refuses to ask the source, and to decide what an answer means.
package cache

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Options bound what Answers remembers.
type Options[K comparable, V any] struct {
	// Entries is the maximum number of answers that are remembered; 1 or more.
	Entries int
	// Age is for how long an answer is fresh.
	Age time.Duration
	// Bytes is the maximum number of bytes of all answers together, by Size, unless
	// one answer alone has more. Without Size they have no such bound.
	Bytes int
	Size  func(K, *V) int
}

// Answers are the answers that were used last. They are safe for concurrent use.
type Answers[K comparable, V any] struct {
	o Options[K, V]

	mu         sync.Mutex
	lru        *simplelru.LRU[K, entry[V]]
	bytes      int
	generation Generation
	expired    Generation // answers of an earlier generation are not fresh
}

// Generation counts how often something was forgotten because it changed at the
// source.
type Generation uint64

// entry is an answer, and when the question was asked.
type entry[V any] struct {
	value      V
	asked      time.Time
	generation Generation
}

// New makes an empty Answers.
func New[K comparable, V any](o Options[K, V]) *Answers[K, V] {
	a := &Answers[K, V]{o: o}
	lru, err := simplelru.NewLRU(o.Entries, func(k K, e entry[V]) { a.bytes -= a.size(k, &e.value) })
	if err != nil {
		panic(err) // Entries is less than 1
	}
	a.lru = lru
	return a
}

func (a *Answers[K, V]) size(k K, v *V) int {
	if a.o.Size == nil {
		return 0
	}
	return a.o.Size(k, v)
}

// Get returns the answer that is remembered, or the zero value, and whether it is
// fresh. Pass the generation to Add, with the answer of the source.
func (a *Answers[K, V]) Get(k K, now time.Time) (v V, fresh bool, g Generation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, known := a.lru.Get(k)
	// An answer must not live longer because the clock was set back.
	age := now.Sub(e.asked)
	return e.value, known && age >= 0 && age < a.o.Age && e.generation >= a.expired, a.generation
}

// Has reports whether an answer is remembered, fresh or not.
func (a *Answers[K, V]) Has(k K) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lru.Contains(k)
}

// Add remembers the answer to a question that was asked at a time and has a
// generation of Get. If something was forgotten since then, the answer may be from
// before the change, and Add does nothing.
func (a *Answers[K, V]) Add(k K, v V, asked time.Time, g Generation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.generation != g {
		return
	}
	a.lru.Remove(k)
	a.bytes += a.size(k, &v)
	a.lru.Add(k, entry[V]{v, asked, g})
	for a.bytes > a.o.Bytes && a.lru.Len() > 1 && a.o.Size != nil {
		a.lru.RemoveOldest()
	}
}

// Drop removes an answer that no longer holds. Questions that are under way are not
// affected.
func (a *Answers[K, V]) Drop(k K) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lru.Remove(k)
}

// Forget removes the answers of the keys, which have changed at the source. Answers
// to questions that are under way are not remembered, whatever their key.
func (a *Answers[K, V]) Forget(keys ...K) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	for _, k := range keys {
		a.lru.Remove(k)
	}
}

// ForgetIf is Forget for all answers for which changed returns true.
func (a *Answers[K, V]) ForgetIf(changed func(K, *V) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	for _, k := range a.lru.Keys() {
		if e, ok := a.lru.Peek(k); ok && changed(k, &e.value) {
			a.lru.Remove(k)
		}
	}
}

// Expire makes all answers old, because anything may have changed at the source. They stay,
// for callers whose source does not answer. Answers to questions that are under way are not
// remembered.
func (a *Answers[K, V]) Expire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.generation++
	a.expired = a.generation
}

// Len returns the number of answers that are remembered, and their bytes by Size.
func (a *Answers[K, V]) Len() (entries, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lru.Len(), a.bytes
}
