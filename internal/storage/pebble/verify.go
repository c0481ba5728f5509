package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sort"

	"github.com/footfall/footfall/internal/base/inorder"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Verify implements store.Proof. It compares the sums of days with the quarter-hours, and
// reports every value whose sums differ. It reads ranges of users at the same time, as many as there are processors.
func (v *view) Verify(ctx context.Context, part func() func(*rollup.Cell) error, report func(string)) error {
	return v.calls.run("verify", func() error {
		// With four ranges for each processor one large range does not keep the others waiting.
		ranges, err := v.divide(4 * runtime.GOMAXPROCS(0))
		if err != nil {
			return err
		}
		var parts []inorder.Part
		for _, users := range ranges {
			var each func(*rollup.Cell) error
			if part != nil {
				each = part()
			}
			parts = append(parts, inorder.Part{
				Do: func(ctx context.Context, report func(string)) error {
					return v.eachDifferent(ctx, users, each, report, func(at block, want, have *totals) error {
						disagreements(at, want, have, report)
						return nil
					})
				},
				Report: report,
				Done:   func(err error) error { return err },
			})
		}
		return inorder.Run(meter.With(ctx, nil), runtime.GOMAXPROCS(0), parts...) // the caller watches the cells
	})
}

// userRange is the users from one on, and before another one; 0 is no bound.
type userRange struct{ from, before uint64 }

// everyone is the range of all users.
var everyone = userRange{}

// keys returns the first key that the users can have in a grain, and the first one after all of them.
func (r userRange) keys(grain byte) (lower, upper []byte) {
	lower, upper = []byte{grain}, []byte{grain + 1}
	if r.from > 0 {
		lower = binary.BigEndian.AppendUint64(lower, r.from)
	}
	if r.before > 0 {
		upper = binary.BigEndian.AppendUint64([]byte{grain}, r.before)
	}
	return lower, upper
}

// divide divides the users into at most n ranges, which take about the same space on the disk.
func (v *view) divide(n int) ([]userRange, error) {
	last, _, err := highest(v.r)
	if err != nil {
		return nil, err
	}
	users := uint64(last)
	// weight is about the bytes on the disk of the users before one. Each user adds 1, because new counts may be in memory alone.
	weight := func(before uint64) (w uint64) {
		if err == nil {
			lower, upper := userRange{before: before}.keys(grainQuarter)
			w, err = v.db.EstimateDiskUsage(lower, upper)
		}
		return w + before
	}
	whole := weight(users + 1)
	ranges := []userRange{{}}
	for i := 1; i < n && err == nil; i++ {
		// Users have ids from 1 on, so no range begins before 2 except the first.
		from := 2 + uint64(sort.Search(int(users), func(u int) bool { return weight(uint64(u)+2) >= whole*uint64(i)/uint64(n) }))
		if end := &ranges[len(ranges)-1]; from > end.from && from <= users {
			end.before = from
			ranges = append(ranges, userRange{from: from})
		}
	}
	return ranges, err
}

// eachDifferent compares the blocks of some users. It calls f with each block whose sums of days must be stored and do
// not agree: want adds up the quarter-hours, and have is what is stored. It calls each, if it is not nil, with every cell.
//
// It compares checksums, which takes much less time than to add up values by day. It reads a block again only if its
// checksums differ or a vector cannot be decoded.
func (v *view) eachDifferent(ctx context.Context, users userRange, each func(*rollup.Cell) error, report func(string), f func(at block, want, have *totals) error) (err error) {
	lower, upper := users.keys(grainQuarter)
	quarters, err := newBlocks(ctx, v.r, grainQuarter, lower, upper)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, quarters.it.Close()) }()
	lower, upper = users.keys(grainDay)
	days, err := newBlocks(ctx, v.r, grainDay, lower, upper)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, days.it.Close()) }()
	quarters.each = each

	var scope rollup.Scope
	clicks := map[uint16]uint64{} // of people, by month of the scope: All comes before other facets
	for quarters.ok || days.ok {
		at := quarters.at
		if !quarters.ok || days.ok && days.at.compare(at) < 0 {
			at = days.at
		}
		if at.scope != scope {
			scope = at.scope
			clear(clicks)
		}
		want, have := checksum{}, checksum{}
		if err := errors.Join(quarters.sum(at, &want), days.sum(at, &have)); err != nil {
			return err
		}
		if at.facet == rollup.All {
			clicks[at.month] = want.clicks
		}
		stored := summed(at.facet) || clicks[at.month] >= v.busy
		if want.corrupt || have.corrupt || stored && want != have {
			if err := v.readAgain(ctx, at, stored, report, f); err != nil {
				return err
			}
		}
	}
	return errors.Join(quarters.it.Error(), days.it.Error())
}

// readAgain reports the vectors of a block that cannot be decoded. It calls f with its totals if these are to be stored
// and are different.
func (v *view) readAgain(ctx context.Context, at block, stored bool, report func(string), f func(at block, want, have *totals) error) error {
	var want, have totals
	if err := errors.Join(v.take(ctx, grainQuarter, at, report, &want), v.take(ctx, grainDay, at, report, &have)); err != nil {
		return err
	}
	if !stored || want.equal(&have) {
		return nil
	}
	return f(at, &want, &have)
}

// disagreements reports each value whose sums of days differ, with the first such day.
func disagreements(at block, want, have *totals, report func(string)) {
	values := maps.Clone(want.at)
	maps.Copy(values, have.at)
	for _, v := range slices.Sorted(maps.Keys(values)) {
		w, h := want.get(v), have.get(v)
		for d := range w {
			if w[d] != h[d] {
				report(fmt.Sprintf("%s: the sum of the day %s-%02d is %d clicks, but its quarter-hours add up to %d.",
					at.name(v), monthName(at.month), d+1, h[d], w[d]))
				break
			}
		}
	}
}

// Repair rewrites the sums of days that do not agree with the quarter-hours, which
// must have been verified. It returns how many months of a scope and facet it
// rewrote, also after an error.
func (s *Store) Repair(ctx context.Context) (months int, err error) {
	err = s.calls.run("repair", func() error {
		s.write.Lock()
		defer s.write.Unlock()
		months, err = s.repair(ctx)
		clear(s.months)
		return err
	})
	return months, err
}

func (s *Store) repair(ctx context.Context) (months int, err error) {
	err = s.eachDifferent(ctx, everyone, nil, func(string) {}, func(at block, want, have *totals) error {
		months++
		return s.replaceMonth(at, want)
	})
	return months, err
}

// replaceMonth replaces the sums of a block.
func (s *Store) replaceMonth(at block, totals *totals) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	prefix := appendPeriod(appendScope(nil, grainDay, at.scope, at.facet), at.month)
	if err := batch.DeleteRange(prefix, after(prefix), nil); err != nil {
		return err
	}
	if err := setDays(batch, prefix, totals); err != nil {
		return err
	}
	return s.apply(batch)
}
