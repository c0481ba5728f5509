// Package meter tells how far long work has come, to whoever watches it.
//
// A meter travels in a context, as a trace does: what is done does not depend on it,
// and those between the work and the one who watches need not know of it. Work that
// nobody watches costs nothing. The package refuses to show anything.
package meter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// The units of stages.
const (
	Bytes  = "bytes"
	Clicks = "clicks"
)

// State is how far a stage of the work has come.
type State struct {
	Stage string `json:"stage"` // in words, such as "journal"
	Unit  string `json:"unit"`  // Bytes or Clicks
	Done  int64  `json:"done"`
	// Total is 0 where nobody knows how much there is to do.
	Total int64 `json:"total"`
}

// Meter has the stages of some work. It is safe for concurrent use; the zero value
// is a good one, and nil one of work that nobody watches.
type Meter struct {
	mu     sync.Mutex
	stages []*Stage
}

// Stage is a part of the work. nil is one that nobody watches.
type Stage struct {
	name, unit  string
	total, done atomic.Int64
}

type key struct{}

// With is a context whose work m watches.
func With(ctx context.Context, m *Meter) context.Context {
	if m == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, m)
}

// Of is the meter of a context; nil where nobody watches.
func Of(ctx context.Context) *Meter {
	m, _ := ctx.Value(key{}).(*Meter)
	return m
}

// Begin begins the next stage of a context's work, of a total that may be unknown, 0.
func Begin(ctx context.Context, name, unit string, total int64) *Stage {
	return Of(ctx).begin(&Stage{name: name, unit: unit}, total)
}

func (m *Meter) begin(s *Stage, total int64) *Stage {
	if m == nil {
		return nil
	}
	s.total.Store(total)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stages = append(m.stages, s)
	return s
}

// Current is the last stage that was begun of a context's work.
func Current(ctx context.Context) *Stage {
	m := Of(ctx)
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.stages) == 0 {
		return nil
	}
	return m.stages[len(m.stages)-1]
}

// Add says that so much more is done.
func (s *Stage) Add(n int64) {
	if s != nil {
		s.done.Add(n)
	}
}

// Show has the meter show a state that another one had, as its last stage.
func (m *Meter) Show(to State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := len(m.stages) - 1
	if last < 0 || m.stages[last].name != to.Stage {
		m.stages = append(m.stages, &Stage{name: to.Stage, unit: to.Unit})
		last++
	}
	m.stages[last].total.Store(to.Total)
	m.stages[last].done.Store(to.Done)
}

// State is how far the last stage is, and false where none was begun.
func (m *Meter) State() (State, bool) {
	all := m.All()
	if len(all) == 0 {
		return State{}, false
	}
	return all[len(all)-1], true
}

// All is every stage that was begun, in their order.
func (m *Meter) All() []State {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]State, len(m.stages))
	for i, s := range m.stages {
		done, total := s.done.Load(), s.total.Load()
		if total > 0 {
			done = min(done, total) // more may have come since it was begun
		}
		all[i] = State{s.name, s.unit, max(done, 0), total}
	}
	return all
}

// Watch calls show with the state at once and each time that so much time is over,
// until stop, which waits for the last call. Before a stage is begun it does not.
func (m *Meter) Watch(every time.Duration, show func(State)) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if at, any := m.State(); any {
				show(at)
			}
			select {
			case <-tick.C:
			case <-ended:
				return
			}
		}
	}()
	return sync.OnceFunc(func() { close(ended); <-done })
}
