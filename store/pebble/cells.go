package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/rollup"
)

// First is of store.Reader.
func (v *view) First(ctx context.Context, scope rollup.Scope, f rollup.Facet) (int64, bool, error) {
	if err := v.uses.begin(); err != nil {
		return 0, false, fmt.Errorf("store/pebble: first: %w", err)
	}
	defer v.uses.end()
	first, ok, err := v.first(ctx, scope, f)
	if err != nil {
		return 0, false, fmt.Errorf("store/pebble: first: %w", err)
	}
	return first, ok, nil
}

// first looks at all values of the first day: each may start it.
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

// errStop ends an iteration early.
var errStop = errors.New("stop")

// Cells is of store.Reader. What is recorded while it runs is not in it.
func (v *view) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		err := v.eachCell(ctx, []byte{grainQuarter}, func(c rollup.Cell) error {
			if !yield(c, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(rollup.Cell{}, fmt.Errorf("store/pebble: cells: %w", err))
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
			if errors.Is(err, errVector) || errors.Is(err, errTruncated) {
				return fmt.Errorf("key %x: %w", key, err)
			}
			return err
		}
		return nil
	})
}

func slotStart(day uint16, slot int) int64 {
	return int64(day)*rollup.Day + int64(slot)*rollup.QuarterHour
}

// eachSlot calls f with what the vector holds.
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

// Delete is of store.Clicks. No batch is recorded while it reads what it takes
// from the ledger.
func (s *Store) Delete(ctx context.Context, scope rollup.Scope) error {
	if err := s.uses.begin(); err != nil {
		return fmt.Errorf("store/pebble: delete: %w", err)
	}
	defer s.uses.end()
	if err := s.delete(ctx, scope); err != nil {
		return fmt.Errorf("store/pebble: delete: %w", err)
	}
	return nil
}

func (s *Store) delete(ctx context.Context, scope rollup.Scope) error {
	s.write.Lock()
	defer s.write.Unlock()
	batch := s.db.NewBatch()
	defer batch.Close()

	var gone rollup.Ledger
	quarters := scopePrefix([]byte{grainQuarter}, scope)
	err := s.eachCell(ctx, quarters, func(c rollup.Cell) error {
		gone.Add(c)
		return nil
	})
	if err != nil {
		return err
	}
	if err := addLedger(s.db, batch, []byte{keyLedger}, negative(&gone)); err != nil {
		return err
	}
	if err := addLedger(s.db, batch, []byte{keyRemoved}, &gone); err != nil {
		return err
	}
	hours, err := s.hours(ctx)
	if err != nil {
		return err
	}
	prefixes := [][]byte{quarters, scopePrefix([]byte{grainDay}, scope)}
	for _, h := range hours {
		prefixes = append(prefixes, scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), scope))
	}
	for _, p := range prefixes {
		if err := batch.DeleteRange(p, after(p), nil); err != nil {
			return err
		}
	}
	if err := batch.Set(scopeKey([]byte{keyDeleted}, scope), nil, nil); err != nil {
		return err
	}
	return s.db.Apply(batch, pebble.NoSync)
}

// scopeKey adds the whole scope.
func scopeKey(b []byte, s rollup.Scope) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	return binary.BigEndian.AppendUint64(b, uint64(s.Link))
}

// Deleted is of store.Reader.
func (v *view) Deleted(ctx context.Context) ([]rollup.Scope, error) {
	var scopes []rollup.Scope
	err := v.each(ctx, []byte{keyDeleted}, func(key, _ []byte) error {
		if len(key) != 1+8+8 {
			return fmt.Errorf("%w: %x", errKey, key)
		}
		scopes = append(scopes, rollup.Scope{
			User: click.UserID(binary.BigEndian.Uint64(key[1:])), Link: click.LinkID(binary.BigEndian.Uint64(key[9:])),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store/pebble: deleted: %w", err)
	}
	return scopes, nil
}

// scopePrefix is what the keys of a link share, or those of a user and all his
// links.
func scopePrefix(b []byte, s rollup.Scope) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	if s.Link != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(s.Link))
	}
	return b
}

// hours lists the hours that anyone has minutes of.
func (s *Store) hours(ctx context.Context) (hours []uint32, err error) {
	it, err := s.db.NewIterWithContext(ctx, &pebble.IterOptions{
		LowerBound: []byte{grainMinute}, UpperBound: []byte{grainMinute + 1},
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		if len(it.Key()) < headMinute {
			return nil, fmt.Errorf("%w: %x", errKey, it.Key())
		}
		h := binary.BigEndian.Uint32(it.Key()[1:])
		hours = append(hours, h)
		next := after(binary.BigEndian.AppendUint32([]byte{grainMinute}, h))
		if next == nil {
			break
		}
		ok = it.SeekGE(next)
	}
	return hours, it.Error()
}
