package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// sumHeld is the default of Options.Held, in bytes.
	sumHeld = 8 << 20
	// A sum is expensive if it holds more than expensiveHeld bytes, or has read
	// more than expensiveRows rows.
	expensiveHeld, expensiveRows = 256 << 10, 1 << 16
)

// Sum implements store.Questions. If the values fit into Options.Held, it reads all
// parts in one pass. Else a pass keeps the values that come first bytewise, and
// the next pass reads the others. One iterator serves all passes, so the answer is
// of one instant.
func (v *view) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) error {
	return v.calls.run("sum", func() error { return v.sum(ctx, q, f) })
}

func (v *view) sum(ctx context.Context, q store.Sum, f func(store.Count) error) (err error) {
	quarters, err := grainOf(q.Facet, q.Edges)
	if err != nil {
		return err
	}
	it, err := v.r.NewIterWithContext(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	s := &summing{scan: scan{ctx: ctx, it: it, facet: q.Facet, busy: v.busy}, sieve: sieve{most: v.held}, quarters: quarters, expensive: q.Expensive}
	for i := len(q.Edges) - 2; i >= 0; i-- {
		s.sieve.from = ""
		for again := true; again; {
			s.sieve.empty()
			for _, p := range q.Parts {
				if err := s.part(p, q.Edges[i], q.Edges[i+1]); err != nil {
					return err
				}
			}
			for _, item := range s.sieve.sorted() {
				if err := f(store.Count{Interval: i, Value: item.value, Clicks: item.clicks}); err != nil {
					return err
				}
			}
			again = s.sieve.cut
			s.sieve.from = s.sieve.bound
		}
	}
	return nil
}

// summing is a Sum in progress.
type summing struct {
	scan
	sieve     sieve
	quarters  bool
	expensive func(context.Context) error // nil after it was called
}

// part reads the clicks of one part with from ≤ t < to.
func (s *summing) part(p store.Part, from, to int64) error {
	if from = max(from, p.Since); from >= to {
		return nil
	}
	s.scope = p.Scope
	edges := []int64{from, to}
	if !s.quarters {
		return s.hours(edges)
	}
	first, last, ok, err := s.bounds(from, to)
	if err != nil || !ok {
		return err
	}
	busy := &busyMonths{sc: &s.scan, first: first, last: last}
	plan := makePlan(s.facet, edges, first, last, busy.have)
	if busy.err != nil {
		return busy.err
	}
	if err := s.periods(grainDay, plan.months, plan.pieces); err != nil {
		return err
	}
	return s.periods(grainQuarter, plan.days, plan.pieces)
}

// periods reads, in some periods of a grain, the values that the sieve takes.
func (s *summing) periods(grain byte, spans []span, pieces []piece) error {
	if len(spans) == 0 {
		return nil
	}
	prefix := appendScope(make([]byte, 0, headQuarter+len(s.sieve.from)), grain, s.scope, s.facet)
	start := func(period uint16) []byte { return append(appendPeriod(prefix, period), s.sieve.from...) }
	upper := after(appendPeriod(prefix[:len(prefix):len(prefix)], spans[len(spans)-1].period))
	s.it.SetBounds(append([]byte(nil), start(spans[0].period)...), upper)
	for ok := s.it.First(); ok; {
		key := s.it.Key()
		if len(key) < headQuarter {
			return fmt.Errorf("%w: %x", errKey, key)
		}
		period := binary.BigEndian.Uint16(key[periodAt:])
		for spans[0].period < period {
			if spans = spans[1:]; len(spans) == 0 {
				return nil
			}
		}
		value := key[headQuarter:]
		if spans[0].period > period || s.sieve.before(value) {
			ok = s.it.SeekGE(start(spans[0].period))
			continue
		}
		if s.sieve.after(value) {
			if spans = spans[1:]; len(spans) == 0 {
				return nil
			}
			ok = s.it.SeekGE(start(spans[0].period))
			continue
		}
		if err := s.row(pieces[spans[0].from:spans[0].to], grain, key, value); err != nil {
			return err
		}
		ok = s.it.Next()
	}
	return s.it.Error()
}

// hours reads minutes: in each hour the values that the sieve takes.
func (s *summing) hours(edges []int64) error {
	lo, hi := max(edges[0], 0), min(edges[1], (math.MaxUint32+1)*hour)
	var pieces []piece
	for h := lo / hour; h*hour < hi; h++ {
		// Seek to the next hour with minutes of any scope.
		s.it.SetBounds(binary.BigEndian.AppendUint32([]byte{grainMinute}, uint32(h)), []byte{grainMinute + 1})
		if !s.it.First() {
			break
		}
		if len(s.it.Key()) < headMinute {
			return fmt.Errorf("%w: %x", errKey, s.it.Key())
		}
		if h = int64(binary.BigEndian.Uint32(s.it.Key()[1:])); h*hour >= hi {
			break
		}
		pieces = appendPieces(pieces[:0], edges, h*hour, hour, rollup.Minute)
		prefix := appendMinutes(nil, uint32(h), s.scope, s.facet)
		s.it.SetBounds(append(prefix[:len(prefix):len(prefix)], s.sieve.from...), after(prefix))
		for ok := s.it.First(); ok && !s.sieve.after(s.it.Key()[headMinute:]); ok = s.it.Next() {
			key := s.it.Key()
			if err := s.row(pieces, grainMinute, key, key[headMinute:]); err != nil {
				return err
			}
		}
	}
	return s.it.Error()
}

// row counts the vector under the iterator.
func (s *summing) row(pieces []piece, grain byte, key, value []byte) error {
	vector, err := s.value()
	if err != nil {
		return err
	}
	clicks, err := within(pieces, slots(grain), vector)
	if err != nil {
		return fmt.Errorf("key %x: %w", key, err)
	}
	if clicks > 0 {
		s.sieve.add(value, clicks)
	}
	if s.expensive != nil && (s.sieve.held > expensiveHeld || s.rows > expensiveRows) {
		expensive := s.expensive
		s.expensive = nil
		return expensive(s.ctx)
	}
	return nil
}
