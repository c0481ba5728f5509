package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Counts implements store.Questions. One iterator serves the whole answer, so the
// answer is of one instant.
func (v *view) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	return answer(v.calls, "counts", func() ([]store.Count, error) { return v.counts(ctx, q) })
}

func (v *view) counts(ctx context.Context, q store.Query) (counts []store.Count, err error) {
	quarters, err := grainOf(q.Facet, q.Edges)
	if err != nil {
		return nil, err
	}
	it, err := v.r.NewIterWithContext(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	sc := &scan{ctx: ctx, it: it, scope: q.Scope, facet: q.Facet, busy: v.busy}
	if quarters {
		return sc.quarters(q)
	}
	return sc.minutes(q)
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
	var busy *busyMonths
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
		if busy == nil {
			busy = &busyMonths{sc: sc, first: first, last: last}
		}
		t := &tally{lists: make([]list, hi-lo)}
		p := makePlan(sc.facet, q.Edges[lo:hi+1], first, last, busy.have)
		if busy.err != nil {
			return nil, busy.err
		}
		if err := sc.readPlan(p, t); err != nil {
			return nil, err
		}
		counts, left = t.appendCounts(counts, lo, left)
		hi = lo
	}
	return counts, nil
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
