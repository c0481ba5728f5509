package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Counts implements store.Questions. One iterator serves the whole answer, so the
// answer is of one instant.
func (v *view) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	return answer(v.calls, "counts", func() ([]store.Count, error) { return v.counts(ctx, q) })
}

func (v *view) counts(ctx context.Context, q store.Query) (counts []store.Count, err error) {
	quarters, err := grainOf(q.Edges)
	if err != nil {
		return nil, err
	}
	it, err := v.r.NewIterWithContext(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	sc := &scan{ctx: ctx, it: it, scope: q.Scope, facet: q.Facet}
	if quarters {
		return sc.quarters(q)
	}
	return sc.minutes(q)
}

// scan reads the vectors of one scope and facet.
type scan struct {
	ctx   context.Context
	it    *pebble.Iterator
	scope rollup.Scope
	facet rollup.Facet
	rows  int
}

// quarters answers from quarter-hours and days. It reads the newest intervals
// first: all at once, or, if the answer is limited, as many as the limit, and then
// twice as many older ones each time until the answer is complete.
func (sc *scan) quarters(q store.Query) ([]store.Count, error) {
	size, left := len(q.Edges), math.MaxInt
	if q.Newest > 0 {
		size, left = q.Newest, q.Newest
	}
	var counts []store.Count
	for hi := len(q.Edges) - 1; hi > 0 && left > 0; size *= 2 {
		first, last, ok, err := sc.bounds(q.Edges[0], q.Edges[hi])
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		// Leave out intervals after the last day and before the first.
		hi = min(hi, sort.Search(len(q.Edges), func(i int) bool {
			return q.Edges[i] >= (int64(last)+1)*rollup.Day
		}))
		lo := sort.Search(len(q.Edges), func(i int) bool { return q.Edges[i] > int64(first)*rollup.Day }) - 1
		lo = max(lo, hi-min(size, hi), 0)
		if lo >= hi {
			break
		}
		t := &tally{lists: make([]list, hi-lo)}
		if err := sc.days(makePlan(sc.facet, q.Edges[lo:hi+1], first, last), t); err != nil {
			return nil, err
		}
		counts, left = t.appendCounts(counts, lo, left)
		hi = lo
	}
	return counts, nil
}

// bounds finds the first and the last UTC day with clicks, among the days that
// overlap from ≤ t < to.
func (sc *scan) bounds(from, to int64) (first, last uint16, ok bool, err error) {
	from, to = max(from, 0), min(to, (math.MaxUint16+1)*rollup.Day)
	if from >= to {
		return 0, 0, false, nil
	}
	prefix := appendScope(nil, grainQuarter, sc.scope, sc.facet)
	lower := appendPeriod(prefix[:len(prefix):len(prefix)], uint16(from/rollup.Day))
	upper := after(appendPeriod(prefix[:len(prefix):len(prefix)], uint16((to-1)/rollup.Day)))
	sc.it.SetBounds(lower, upper)
	if !sc.it.Last() {
		return 0, 0, false, sc.it.Error()
	}
	k, err := parsePeriodKey(sc.it.Key())
	if err != nil {
		return 0, 0, false, err
	}
	last = k.period
	if !sc.it.First() {
		return 0, 0, false, sc.it.Error()
	}
	if k, err = parsePeriodKey(sc.it.Key()); err != nil {
		return 0, 0, false, err
	}
	return k.period, last, true, nil
}

// days reads the periods of a plan.
func (sc *scan) days(p *plan, t *tally) error {
	if err := sc.spans(grainDay, p.months, p.pieces, t); err != nil {
		return err
	}
	return sc.spans(grainQuarter, p.days, p.pieces, t)
}

// spans reads some periods of a grain, in one pass that seeks over the others.
func (sc *scan) spans(grain byte, spans []span, pieces []piece, t *tally) error {
	if len(spans) == 0 {
		return nil
	}
	prefix := appendScope(make([]byte, 0, headQuarter), grain, sc.scope, sc.facet)
	seek := appendPeriod(prefix, spans[0].period)
	upper := after(appendPeriod(prefix[:len(prefix):len(prefix)], spans[len(spans)-1].period))
	sc.it.SetBounds(append([]byte(nil), seek...), upper)
	for ok := sc.it.First(); ok; {
		key := sc.it.Key()
		if len(key) < headQuarter {
			return fmt.Errorf("%w: %x", errKey, key)
		}
		period := binary.BigEndian.Uint16(key[periodAt:])
		for spans[0].period < period {
			if spans = spans[1:]; len(spans) == 0 {
				return nil
			}
		}
		if spans[0].period > period {
			seek = appendPeriod(prefix, spans[0].period)
			ok = sc.it.SeekGE(seek)
			continue
		}
		value, err := sc.value()
		if err != nil {
			return err
		}
		if err := t.vector(pieces[spans[0].from:spans[0].to], slots(grain), value, key[headQuarter:]); err != nil {
			return fmt.Errorf("key %x: %w", key, err)
		}
		ok = sc.it.Next()
	}
	return sc.it.Error()
}

// value is the vector under the iterator. It checks the context from time to time.
func (sc *scan) value() ([]byte, error) {
	if sc.rows++; sc.rows%4096 == 0 {
		if err := sc.ctx.Err(); err != nil {
			return nil, err
		}
	}
	return sc.it.ValueAndErr()
}

// minutes answers from minutes.
func (sc *scan) minutes(q store.Query) ([]store.Count, error) {
	lo, hi := max(q.Edges[0], 0), min(q.Edges[len(q.Edges)-1], (math.MaxUint32+1)*hour)
	t := &tally{lists: make([]list, len(q.Edges)-1)}
	var pieces []piece
	for h := lo / hour; h*hour < hi; h++ {
		// Seek to the next hour with minutes of any scope.
		sc.it.SetBounds(binary.BigEndian.AppendUint32([]byte{grainMinute}, uint32(h)), []byte{grainMinute + 1})
		if !sc.it.First() {
			break
		}
		if len(sc.it.Key()) < headMinute {
			return nil, fmt.Errorf("%w: %x", errKey, sc.it.Key())
		}
		if h = int64(binary.BigEndian.Uint32(sc.it.Key()[1:])); h*hour >= hi {
			break
		}
		pieces = appendPieces(pieces[:0], q.Edges, h*hour, hour, rollup.Minute)
		prefix := appendMinutes(nil, uint32(h), sc.scope, sc.facet)
		sc.it.SetBounds(prefix, after(prefix))
		for ok := sc.it.First(); ok; ok = sc.it.Next() {
			value, err := sc.value()
			if err != nil {
				return nil, err
			}
			if err := t.vector(pieces, slots(grainMinute), value, sc.it.Key()[headMinute:]); err != nil {
				return nil, fmt.Errorf("key %x: %w", sc.it.Key(), err)
			}
		}
	}
	left := math.MaxInt
	if q.Newest > 0 {
		left = q.Newest
	}
	counts, _ := t.appendCounts(nil, 0, left)
	return counts, sc.it.Error()
}
