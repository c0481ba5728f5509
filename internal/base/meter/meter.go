// Package meter reports the progress of long work.
//
// A Meter is passed in a context, as a trace is: the work does not depend on it, and
// the functions between the caller and the work need no parameter for it. Without a
// Meter in the context, reporting costs nothing. The package refuses to print
// anything.
package meter

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// The units of a Stage.
const (
	Bytes  = "bytes"
	Clicks = "clicks"
)

// State is the progress of a stage of the work.
type State struct {
	Stage string `json:"stage"` // in words, such as "journal"
	Unit  string `json:"unit"`  // Bytes or Clicks
	Done  int64  `json:"done"`
	// Total is the amount of all the work; 0 if it is not known.
	Total int64 `json:"total"`
}

// Meter has the stages of some work. It is safe for concurrent use. The zero value
// is ready to use.
type Meter struct {
	mu     sync.Mutex
	stages []*Stage
	whole  *Meter // see Follow
}

// Stage is a part of the work. The methods of a nil Stage do nothing.
type Stage struct {
	name, unit  string
	total, done atomic.Int64
}

type key struct{}

// With returns a context whose work reports to m. m may be nil.
func With(ctx context.Context, m *Meter) context.Context {
	if m == nil {
		return ctx
	}
	return context.WithValue(ctx, key{}, m)
}

// Of returns the meter of a context, or nil.
func Of(ctx context.Context) *Meter {
	m, _ := ctx.Value(key{}).(*Meter)
	return m
}

// Begin starts the next stage and reports it to the meter of ctx. total is 0 if it is
// not known. Without a meter it returns nil.
func Begin(ctx context.Context, name, unit string, total int64) *Stage {
	return Of(ctx).begin(&Stage{name: name, unit: unit}, total)
}

func (m *Meter) begin(s *Stage, total int64) *Stage {
	if m == nil {
		return nil
	}
	s.total.Store(total)
	m.add(s)
	return s
}

// add adds stages to m, and to the meter that follows it.
func (m *Meter) add(stages ...*Stage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stages = append(m.stages, stages...)
	if m.whole != nil {
		m.whole.add(stages...)
	}
}

// Follow shows the stages of part, which is a part of the work, as stages of m: those that began
// before, and from then on each when it begins. A nil m does nothing.
func (m *Meter) Follow(part *Meter) {
	if m == nil {
		return
	}
	part.mu.Lock()
	defer part.mu.Unlock()
	part.whole = m
	m.add(part.stages...)
}

// Current returns the stage of a context that was begun last, or nil.
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

// Add adds n to the work that is done.
func (s *Stage) Add(n int64) {
	if s != nil {
		s.done.Add(n)
	}
}

// Show copies a State of another Meter: into the last stage if it has the same
// name, otherwise into a new one.
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

// State returns the progress of the last stage, or false if no stage was begun.
func (m *Meter) State() (State, bool) {
	all := m.All()
	if len(all) == 0 {
		return State{}, false
	}
	return all[len(all)-1], true
}

// All returns the progress of every stage, in the order in which they began.
func (m *Meter) All() []State {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]State, len(m.stages))
	for i, s := range m.stages {
		done, total := s.done.Load(), s.total.Load()
		if total > 0 {
			done = min(done, total) // more may have been added since the total was known
		}
		all[i] = State{s.name, s.unit, max(done, 0), total}
	}
	return all
}

// Watch calls show with the State at once and then at an interval, except while no
// stage was begun. stop ends it, and waits for the last call.
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
