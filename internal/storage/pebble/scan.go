package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// grainOf checks edges, and reports whether quarter-hours answer a question about the facet;
// if not, minutes do.
func grainOf(f rollup.Facet, edges []int64) (quarters bool, err error) {
	if len(edges) < 2 {
		return false, fmt.Errorf("%d edges bound no interval", len(edges))
	}
	quarters, minutes := true, true
	for i, e := range edges {
		if i > 0 && e < edges[i-1] {
			return false, fmt.Errorf("edge %d is less than the one before", e)
		}
		quarters = quarters && e%rollup.QuarterHour == 0
		minutes = minutes && e%rollup.Minute == 0
	}
	if !minutes || !quarters && !f.ByMinute() {
		return false, store.ErrGrain
	}
	return quarters, nil
}

// scan reads the vectors of one scope and facet, for Counts and Sum.
type scan struct {
	ctx   context.Context
	it    *pebble.Iterator
	scope rollup.Scope
	facet rollup.Facet
	busy  uint64 // clicks of a busy month
	rows  int
}

// fewDays is a number of days that are planned without looking for those with clicks.
const fewDays = 62

// bounds finds the first and the last UTC day with clicks, among the days that
// overlap from ≤ t < to. Of fewDays it returns the first and the last, because two seeks cost more
// than they spare.
func (sc *scan) bounds(from, to int64) (first, last uint16, ok bool, err error) {
	from, to = max(from, 0), min(to, (math.MaxUint16+1)*rollup.Day)
	if from >= to {
		return 0, 0, false, nil
	}
	first, last = uint16(from/rollup.Day), uint16((to-1)/rollup.Day)
	if last-first < fewDays {
		return first, last, true, nil
	}
	prefix := appendScope(nil, grainQuarter, sc.scope, sc.facet)
	lower := appendPeriod(prefix[:len(prefix):len(prefix)], first)
	upper := after(appendPeriod(prefix[:len(prefix):len(prefix)], last))
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

// readPlan reads the periods of a plan.
func (sc *scan) readPlan(p *plan, t *tally) error {
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

// value returns the vector under the iterator. It checks the context from time to time.
func (sc *scan) value() ([]byte, error) {
	if sc.rows++; sc.rows%4096 == 0 {
		if err := sc.ctx.Err(); err != nil {
			return nil, err
		}
	}
	return sc.it.ValueAndErr()
}
