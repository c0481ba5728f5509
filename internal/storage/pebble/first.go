package pebble

import (
	"context"
	"errors"
	"math"

	"github.com/footfall/footfall/internal/base/rollup"
)

// First implements store.Questions.
func (v *view) First(ctx context.Context, scope rollup.Scope, f rollup.Facet) (first int64, any bool, err error) {
	err = v.calls.run("first", func() error {
		first, any, err = v.first(ctx, scope, f)
		return err
	})
	return first, any, err
}

// first reads all values of the first day: the earliest click may be of any.
func (v *view) first(ctx context.Context, scope rollup.Scope, f rollup.Facet) (int64, bool, error) {
	first := int64(math.MaxInt64)
	err := v.eachQuarter(ctx, appendScope(nil, grainQuarter, scope, f), func(k periodKey, vector []byte) error {
		if start := int64(k.period) * rollup.Day; first < start {
			return errStop
		}
		return eachSlot(vector, slots(grainQuarter), func(slot int, _ uint64) error {
			first = min(first, slotStart(k.period, slot))
			return nil
		})
	})
	if err != nil && !errors.Is(err, errStop) {
		return 0, false, err
	}
	if first == math.MaxInt64 {
		return 0, false, nil
	}
	return first, true, nil
}
