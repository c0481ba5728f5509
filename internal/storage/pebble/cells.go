package pebble

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/footfall/footfall/internal/base/rollup"
)

// errStop ends an iteration early.
var errStop = errors.New("stop")

// Cells implements store.Proof. What is recorded while it runs is not in it.
func (v *view) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		err := v.calls.run("cells", func() error {
			err := v.eachCell(ctx, []byte{grainQuarter}, func(c rollup.Cell) error {
				if !yield(c, nil) {
					return errStop
				}
				return nil
			})
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		})
		if err != nil {
			yield(rollup.Cell{}, err)
		}
	}
}

// eachCell calls f with the quarter-hour cells whose keys start with prefix.
func (v *view) eachCell(ctx context.Context, prefix []byte, f func(rollup.Cell) error) error {
	return v.eachQuarter(ctx, prefix, func(k periodKey, vector []byte) error {
		c := rollup.Cell{Key: rollup.Key{Scope: k.scope, Facet: k.facet, Value: string(k.value)}}
		return eachSlot(vector, slots(grainQuarter), func(slot int, clicks uint64) error {
			c.Slot, c.Clicks = slotStart(k.period, slot), clicks
			return f(c)
		})
	})
}

func (v *view) eachQuarter(ctx context.Context, prefix []byte, f func(k periodKey, vector []byte) error) error {
	rows := 0
	return v.each(ctx, prefix, func(key, value []byte) error {
		if rows++; rows%4096 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		k, err := parsePeriodKey(key)
		if err != nil {
			return err
		}
		if err := f(k, value); err != nil {
			if isVector(err) {
				return fmt.Errorf("key %x: %w", key, err)
			}
			return err
		}
		return nil
	})
}

// slotStart is the Unix second at which a quarter-hour of a UTC day starts.
func slotStart(day uint16, slot int) int64 {
	return int64(day)*rollup.Day + int64(slot)*rollup.QuarterHour
}

// eachSlot calls f with the slots of a vector that have clicks, in their order.
func eachSlot(vector []byte, slots int, f func(slot int, clicks uint64) error) error {
	slot := -1
	for len(vector) > 0 {
		gap, clicks, rest, err := nextSlot(vector)
		if err != nil {
			return err
		}
		if slot += gap + 1; slot >= slots {
			return errVector
		}
		if err := f(slot, clicks); err != nil {
			return err
		}
		vector = rest
	}
	return nil
}
