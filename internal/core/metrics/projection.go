package metrics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// ErrMinutes means that a facet has no counts by the minute.
var ErrMinutes = errors.New("there are no counts by the minute")

// TopBy returns the clicks in the window by the names of a projection. Clicks of people
// without a value are listed too, so that the clicks of all names add up to Total; those of
// the projection bots add up to Bots. Of r only Limit and Expensive are used. It fails with
// ErrMinutes if the unit is a minute and the facet has no minutes.
func (m *Metrics) TopBy(ctx context.Context, of Subject, p rollup.Projection, w Window, r Ranking) (top []Value, err error) {
	if w.Unit == calendar.Minute && !p.Facet.ByMinute() {
		return nil, fmt.Errorf("clicks by %s: %w", p.Facet, ErrMinutes)
	}
	if p.Distinct {
		r.Names = func(_ context.Context, values []string) ([]string, error) {
			names := make([]string, len(values))
			for i, v := range values {
				names[i] = p.Name(v)
			}
			return names, nil
		}
	} else {
		r.Group = func(value string) (name, lead string) { return p.Name(value), "" }
	}
	whole, _, _, missing := p.Facet.Missing()
	if !missing {
		whole = p.Facet
	}
	err = m.withSnapshot(ctx, func(counts Snapshot) error {
		edges, err := over(ctx, counts, of, whole, w)
		if err != nil || edges == nil {
			return err
		}
		each := of.iterate(ctx, counts, p.Facet, edges, r.Expensive)
		if missing {
			wholes := of.iterate(ctx, counts, whole, edges, r.Expensive)
			if each, err = withMissing(p.Facet, each, wholes); err != nil {
				return err
			}
		}
		lists, err := r.rank(ctx, 1, each)
		if err == nil {
			top = lists[0]
		}
		return err
	})
	return top, err
}

// withMissing is an iteration over one interval of a facet, and after that over the clicks
// without a value. wholes iterates over the facet whose values f divides.
func withMissing(f rollup.Facet, each, wholes iteration) (iteration, error) {
	_, in, unknown, _ := f.Missing()
	var list []store.Count // few: countries
	at := map[string]int{}
	err := wholes(func(c store.Count) error {
		value := strings.Clone(c.Value)
		at[value] = len(list)
		list = append(list, store.Count{Value: value, Clicks: c.Clicks})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func(yield func(store.Count) error) error {
		left := slices.Clone(list)
		err := each(func(c store.Count) error {
			if i, ok := at[in(c.Value)]; ok {
				left[i].Clicks -= min(left[i].Clicks, c.Clicks)
			}
			return yield(c)
		})
		for i := 0; i < len(left) && err == nil; i++ {
			if left[i].Clicks > 0 {
				left[i].Value = unknown(left[i].Value)
				err = yield(left[i])
			}
		}
		return err
	}, nil
}
