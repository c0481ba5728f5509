package pebble

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/footfall/footfall/internal/base/rollup"
)

// taking takes the clicks of deleted links from the counts of their user.
type taking struct {
	s     *Store
	ctx   context.Context
	grain byte
	link  rollup.Scope

	rows  []row           // to add to the user's counts: negative numbers, mod 2⁶⁴
	known int             // the number of these in taken
	taken map[cell]uint64 // clicks that earlier links take from the stored counts

	// What is left of the user's clicks in a period; nil for a value without
	// clicks.
	period uint32
	left   map[valueOf]*[maxSlots]uint64
	order  map[rollup.Facet][]string // all values bytewise, of capped facets that were read
}

type valueOf struct {
	facet rollup.Facet
	value string
}

// cell is the cell that a row adds to, within a user and a grain.
type cell struct {
	valueOf
	period uint32
	slot   uint8
}

// begin starts with the next link of the user. Its rows start at first.
func (t *taking) begin(link rollup.Scope) (first int) {
	if t.taken == nil {
		t.taken = map[cell]uint64{}
	}
	for i := range t.rows[t.known:] {
		r := &t.rows[t.known+i]
		t.taken[cell{valueOf{r.facet, r.value}, r.period, r.slot}] -= r.clicks
	}
	t.known = len(t.rows)
	t.link, t.left, t.order = link, nil, nil
	return t.known
}

// all takes everything under the link's keys that start with prefix.
func (t *taking) all(prefix []byte) error {
	return t.s.each(t.ctx, prefix, func(key, vector []byte) error {
		f, period, value, err := t.parse(key)
		if err != nil {
			return err
		}
		return eachSlot(vector, slots(t.grain), func(slot int, clicks uint64) error {
			if !f.Capped() {
				if _, err := t.take(f, period, value, slot, clicks); err != nil || f != rollup.All {
					return err
				}
				_, err := t.take(rollup.Link, period, rollup.LinkValue(t.link.Link), slot, clicks)
				return err
			}
			return t.takeCapped(f, period, value, slot, clicks)
		})
	})
}

// parse parses a key of the link.
func (t *taking) parse(key []byte) (f rollup.Facet, period uint32, value string, err error) {
	if t.grain == grainMinute {
		if len(key) < headMinute {
			return 0, 0, "", fmt.Errorf("%w: %x", errKey, key)
		}
		return rollup.Facet(key[headMinute-1]), binary.BigEndian.Uint32(key[1:]), string(key[headMinute:]), nil
	}
	k, err := parsePeriodKey(key)
	return k.facet, uint32(k.period), string(k.value), err
}

// takeCapped takes clicks from their value, then from the other of that value, where the cap
// may have put them, then from any value with the same other: if the cap replaced values of
// the link, the user may still have them by name.
func (t *taking) takeCapped(f rollup.Facet, period uint32, value string, slot int, clicks uint64) error {
	other := f.Other(value)
	for _, v := range [...]string{value, other} {
		took, err := t.take(f, period, v, slot, clicks)
		if err != nil {
			return err
		}
		if clicks -= took; clicks == 0 {
			return nil
		}
	}
	if err := t.readAll(f, period); err != nil {
		return err
	}
	for _, v := range t.order[f] {
		if f.Other(v) != other {
			continue
		}
		took, err := t.take(f, period, v, slot, clicks)
		if err != nil {
			return err
		}
		if clicks -= took; clicks == 0 {
			return nil
		}
	}
	return nil
}

// take takes up to n clicks of a value, and returns the number that it took.
func (t *taking) take(f rollup.Facet, period uint32, value string, slot int, clicks uint64) (took uint64, err error) {
	t.turnTo(period)
	v := valueOf{f, value}
	left, known := t.left[v]
	if !known {
		if left, err = t.read(v); err != nil {
			return 0, err
		}
		t.left[v] = left
	}
	if left == nil {
		return 0, nil
	}
	if took = min(left[slot], clicks); took == 0 {
		return 0, nil
	}
	left[slot] -= took
	t.rows = append(t.rows, row{
		user: uint64(t.link.User), facet: f, period: period, value: value, slot: uint8(slot), clicks: -took,
	})
	return took, nil
}

// turnTo drops the rows that were read of another period.
func (t *taking) turnTo(period uint32) {
	if t.left == nil || period != t.period {
		t.period, t.left, t.order = period, map[valueOf]*[maxSlots]uint64{}, map[rollup.Facet][]string{}
	}
}

// key returns the key of a value of the user in the period.
func (t *taking) key(v valueOf) []byte {
	r := row{user: uint64(t.link.User), facet: v.facet, period: t.period, value: v.value}
	return r.appendKey(nil, t.grain)
}

// read reads the user's clicks of a value.
func (t *taking) read(v valueOf) (*[maxSlots]uint64, error) {
	vector, err := get(t.s.db, t.key(v))
	if err != nil || vector == nil {
		return nil, err
	}
	return t.unpack(v, vector)
}

// readAll reads all values of a facet of the user in a period.
func (t *taking) readAll(f rollup.Facet, period uint32) error {
	t.turnTo(period)
	if t.order[f] != nil {
		return nil
	}
	t.order[f] = []string{}
	prefix := t.key(valueOf{facet: f})
	return t.s.each(t.ctx, prefix, func(key, vector []byte) error {
		v := valueOf{f, string(key[len(prefix):])}
		t.order[f] = append(t.order[f], v.value)
		if t.left[v] != nil {
			return nil
		}
		left, err := t.unpack(v, vector)
		t.left[v] = left
		return err
	})
}

// unpack returns the clicks of a value in the period, less those that earlier links
// took.
func (t *taking) unpack(v valueOf, vector []byte) (*[maxSlots]uint64, error) {
	u := new([maxSlots]uint64)
	return u, eachSlot(vector, slots(t.grain), func(slot int, clicks uint64) error {
		u[slot] = clicks - t.taken[cell{v, t.period, uint8(slot)}]
		return nil
	})
}
