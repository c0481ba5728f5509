// Package metrics answers questions from the counts: clicks over time, and clicks by
// the values of a facet, in a window of calendar units.
//
// It has no wire formats, does not depend on an engine, and leaves time zones to
// package calendar. The metrics of the process for Prometheus are in package monitor.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Counts answers questions about one number per interval: a part of store.Questions. Lists by
// value need a Snapshot.
type Counts interface {
	Counts(ctx context.Context, q store.Query) ([]store.Count, error)
	First(ctx context.Context, s rollup.Scope, f rollup.Facet) (int64, bool, error)
}

// Snapshot is the counts at one time, until it is closed: a part of store.Snapshot.
type Snapshot interface {
	Counts
	Sum(ctx context.Context, q store.Sum, f func(store.Count) error) error
	Close() error
}

// Store has the counts that Metrics reads: a part of store.ClickCounts. S is the type of its
// snapshots.
type Store[S Snapshot] interface {
	Counts
	// Snapshot is called for lists of values.
	Snapshot(ctx context.Context) (S, error)
}

// Subject is the scopes that a question is about. Their clicks are added up. Each scope is
// there at most once.
type Subject []Scope

// Scope is a rollup.Scope, or its clicks from an instant on.
type Scope struct {
	User click.UserID
	Link click.LinkID
	// Since is a Unix second, a multiple of 900. Clicks before it are left out; 0
	// leaves out no click.
	Since int64
}

// Metrics answers questions from the counts.
type Metrics struct {
	counts   Counts
	snapshot func(context.Context) (Snapshot, error)
	// all is the facet of totals and series: rollup.All, or rollup.Bot.
	all rollup.Facet
}

// New returns Metrics of the counts in c.
func New[S Snapshot](c Store[S]) *Metrics {
	// The closure converts S to Snapshot: Go does not convert the results of a func.
	return &Metrics{c, func(ctx context.Context) (Snapshot, error) { return c.Snapshot(ctx) }, rollup.All}
}

// OfBots returns Metrics whose totals and series are about the clicks of bots. Lists by value
// are the same.
func (m *Metrics) OfBots() *Metrics { return &Metrics{m.counts, m.snapshot, rollup.Bot} }

// AllTime as a number of units means all units from the first click on.
const AllTime = -1

// MaxMinutes is the number of minutes before the reference that have counts. With the
// unit minute, AllTime is this number.
const MaxMinutes = 60

const _ = uint(rollup.MinutesKept - MaxMinutes*rollup.Minute) // they are kept for longer

// Window is a number of calendar units. The last one holds the reference.
type Window struct {
	Zone *calendar.Zone
	Unit calendar.Unit
	// Units is 1 or more, or AllTime.
	Units int
	// Reference is a Unix second within click.Earliest and click.Latest.
	Reference int64
	// Bounds limit the clicks further, also within a unit.
	Bounds
}

// Bounds limit the clicks of a window to From ≤ t < Until, Unix seconds that are
// multiples of 900. 0 is no bound. With From, the window starts with the unit that
// holds From, and Units is AllTime. With Until, the reference is the second before
// it.
type Bounds struct{ From, Until int64 }

// empty reports whether no time is within the bounds.
func (b Bounds) empty() bool { return b.Until > 0 && b.From >= b.Until }

// cut limits the first and the last edge to the bounds, which lie in the first and
// the last interval.
func (b Bounds) cut(edges []int64) []int64 {
	last := len(edges) - 1
	if b.From <= edges[0] && (b.Until == 0 || b.Until >= edges[last]) {
		return edges
	}
	edges = slices.Clone(edges)
	edges[0] = max(edges[0], b.From)
	if b.Until > 0 {
		edges[last] = min(edges[last], b.Until)
	}
	return edges
}

// Point is the count of one unit of time: of clicks, or of links made if the store is
// links.Creations.
type Point struct {
	Start int64 // Unix second
	Count uint64
}

// Total returns the clicks in the window, without those of bots.
func (m *Metrics) Total(ctx context.Context, of Subject, w Window) (uint64, error) {
	return m.total(ctx, of, m.all, w)
}

// Ever returns the clicks of all time, without those of bots.
func (m *Metrics) Ever(ctx context.Context, of Subject) (total uint64, err error) {
	edges := []int64{click.Earliest.Unix(), click.Latest.Unix()}
	counts, err := m.countsOfSubject(ctx, of, store.Query{Facet: rollup.All, Edges: edges})
	for _, c := range counts {
		total += c.Clicks
	}
	return total, err
}

// Bots returns the clicks of bots in the window.
func (m *Metrics) Bots(ctx context.Context, of Subject, w Window) (uint64, error) {
	return m.total(ctx, of, rollup.Bot, w)
}

func (m *Metrics) total(ctx context.Context, of Subject, f rollup.Facet, w Window) (uint64, error) {
	edges, err := over(ctx, m.counts, of, f, w)
	if err != nil || edges == nil {
		return 0, err
	}
	counts, err := m.countsOfSubject(ctx, of, store.Query{Facet: f, Edges: edges})
	var total uint64
	for _, c := range counts {
		total += c.Clicks
	}
	return total, err
}

// Top returns the clicks in the window by the values of a facet.
func (m *Metrics) Top(ctx context.Context, of Subject, f rollup.Facet, w Window, r Ranking) (top []Value, err error) {
	err = m.withSnapshot(ctx, func(counts Snapshot) error {
		edges, err := over(ctx, counts, of, f, w)
		if err != nil || edges == nil {
			return err
		}
		lists, err := r.rank(ctx, 1, of.iterate(ctx, counts, f, edges, r.Expensive))
		if err == nil {
			top = lists[0]
		}
		return err
	})
	return top, err
}

// withSnapshot calls f with a snapshot of the counts.
func (m *Metrics) withSnapshot(ctx context.Context, f func(Snapshot) error) (err error) {
	counts, err := m.snapshot(ctx)
	if err != nil {
		return fmt.Errorf("snapshot of the counts: %w", err)
	}
	// Also if f panics: the counts cannot be closed before their snapshots.
	defer func() { err = errors.Join(err, counts.Close()) }()
	return f(counts)
}

// over is the edges of the window as one interval, from the first click on; nil if
// there are no clicks.
func over(ctx context.Context, c firsts, of Subject, f rollup.Facet, w Window) (edges []int64, err error) {
	if w.empty() {
		return nil, nil
	}
	var start, end int64
	switch {
	case w.From > 0:
		_, end = w.Zone.Span(w.Unit, w.Reference, 1)
		start = w.From
	case w.Units != AllTime:
		start, end = w.Zone.Span(w.Unit, w.Reference, w.Units)
	case w.Unit == calendar.Minute:
		start, end = w.Zone.Span(w.Unit, w.Reference, MaxMinutes)
	default:
		first, found, err := firstClick(ctx, c, of, f)
		if err != nil {
			return nil, err
		}
		_, end = w.Zone.Span(w.Unit, w.Reference, 1)
		if !found || first >= end {
			return nil, nil
		}
		start = first
	}
	if w.Until > 0 {
		end = min(end, w.Until)
	}
	if start >= end {
		return nil, nil
	}
	return []int64{start, end}, nil
}

// Series returns the clicks of each unit of the window, newest first, at most limit
// units. AllTime without From lists only units with clicks, else every unit is
// listed.
func (m *Metrics) Series(ctx context.Context, of Subject, w Window, limit int) ([]Point, error) {
	if w.empty() {
		return nil, nil
	}
	n := w.Units
	if w.From > 0 {
		n = w.Zone.Count(w.Unit, w.From, w.Reference)
	}
	if n != AllTime {
		return m.dense(ctx, of, w.Zone.Edges(w.Unit, w.Reference, min(n, limit)), w.Bounds)
	}
	if w.Unit == calendar.Minute {
		points, err := m.dense(ctx, of, w.Zone.Edges(w.Unit, w.Reference, MaxMinutes), w.Bounds)
		points = slices.DeleteFunc(points, func(p Point) bool { return p.Count == 0 })
		return points[:min(len(points), limit)], err
	}
	return m.sparse(ctx, of, w, limit)
}

// dense lists every interval between edges, with its clicks within the bounds.
func (m *Metrics) dense(ctx context.Context, of Subject, edges []int64, within Bounds) ([]Point, error) {
	if len(edges) < 2 {
		return nil, nil
	}
	counts, err := m.countsOfSubject(ctx, of, store.Query{Facet: m.all, Edges: within.cut(edges)})
	if err != nil {
		return nil, err
	}
	n := len(edges) - 1
	points := make([]Point, n)
	for i := range points {
		points[i].Start = edges[n-1-i]
	}
	for _, c := range counts {
		points[n-1-c.Interval].Count += c.Clicks
	}
	return points, nil
}

// sparse lists units with clicks. How far back these are is not known, so it goes
// back in steps that double.
func (m *Metrics) sparse(ctx context.Context, of Subject, w Window, limit int) ([]Point, error) {
	first, found, err := firstClick(ctx, m.counts, of, m.all)
	if err != nil || !found {
		return nil, err
	}
	var points []Point
	walk := w.Zone.Walk(w.Unit, w.Reference)
	oldest, more := walk.Next() // the end of the newest unit, or Until
	if w.Until > 0 {
		oldest = min(oldest, w.Until)
	}
	for step := max(64, 2*limit); more && len(points) < limit && oldest > first; step *= 2 {
		edges := []int64{oldest}
		for len(edges) <= step && oldest > first {
			if oldest, more = walk.Next(); !more {
				break
			}
			edges = append(edges, oldest)
		}
		slices.Reverse(edges)
		counts, err := m.countsOfSubject(ctx, of, store.Query{
			Facet: m.all, Edges: edges, Newest: limit - len(points),
		})
		if err != nil {
			return nil, err
		}
		for _, c := range counts { // several values of an interval are next to each other
			if n := len(points); n > 0 && points[n-1].Start == edges[c.Interval] {
				points[n-1].Count += c.Clicks
				continue
			}
			points = append(points, Point{edges[c.Interval], c.Clicks})
		}
	}
	return points, nil
}
