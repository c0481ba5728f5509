package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/rollup"
)

// Delete is of store.Clicks. No batch is recorded while it reads what it takes
// away.
func (s *Store) Delete(ctx context.Context, scope rollup.Scope) error {
	if err := s.uses.begin(); err != nil {
		return failed("delete", err)
	}
	defer s.uses.end()
	if err := s.delete(ctx, scope); err != nil {
		return failed("delete", err)
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
	hours, err := s.hours(ctx)
	if err != nil {
		return err
	}
	prefixes := [][]byte{quarters, scopePrefix([]byte{grainDay}, scope)}
	for _, h := range hours {
		prefixes = append(prefixes, scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), scope))
	}
	if scope.Link != click.AllLinks {
		if err := s.takeFromUser(ctx, batch, scope, hours, &gone); err != nil {
			return err
		}
	}
	for _, p := range prefixes {
		if err := batch.DeleteRange(p, after(p), nil); err != nil {
			return err
		}
	}
	if err := addLedger(s.db, batch, []byte{keyLedger}, negative(&gone)); err != nil {
		return err
	}
	if err := addLedger(s.db, batch, []byte{keyRemoved}, &gone); err != nil {
		return err
	}
	if err := batch.Set(scopeKey([]byte{keyDeleted}, scope), nil, nil); err != nil {
		return err
	}
	if err := s.apply(batch); err != nil {
		return err
	}
	s.unpurged.add(scope)
	return nil
}

// takeFromUser takes the clicks of a link out of the counts of its user, and
// adds the quarter-hours of these to gone.
func (s *Store) takeFromUser(ctx context.Context, batch *pebble.Batch, link rollup.Scope, hours []uint32, gone *rollup.Ledger) error {
	quarters := taking{s: s, ctx: ctx, grain: grainQuarter, link: link}
	if err := quarters.all(scopePrefix([]byte{grainQuarter}, link)); err != nil {
		return err
	}
	for i := range quarters.rows {
		r := &quarters.rows[i]
		gone.Add(rollup.Cell{Clicks: -r.clicks, Key: rollup.Key{
			Scope: rollup.Scope{User: link.User}, Facet: r.facet, Value: r.value, Slot: slotStart(uint16(r.period), int(r.slot)),
		}})
	}
	if err := addRows(s.db, batch, grainQuarter, quarters.rows); err != nil {
		return err
	}
	if err := addRows(s.db, batch, grainDay, days(quarters.rows)); err != nil {
		return err
	}
	minutes := taking{s: s, ctx: ctx, grain: grainMinute, link: link}
	for _, h := range hours {
		if err := minutes.all(scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), link)); err != nil {
			return err
		}
	}
	return addRows(s.db, batch, grainMinute, minutes.rows)
}

// taking finds the rows of a user that a link's clicks are in.
type taking struct {
	s     *Store
	ctx   context.Context
	grain byte
	link  rollup.Scope

	rows []row // what to add to the user's counts: numbers below zero, mod 2⁶⁴

	// What is left of the user's clicks in a period; nil stands for a value that
	// he has none of.
	period uint32
	left   map[valueOf]*[maxSlots]uint64
	order  []string // all referrers bytewise, once they were read
}

type valueOf struct {
	facet rollup.Facet
	value string
}

// all goes through the link's keys that start with prefix.
func (t *taking) all(prefix []byte) error {
	return t.s.each(t.ctx, prefix, func(key, vector []byte) error {
		f, period, value, err := t.parse(key)
		if err != nil {
			return err
		}
		return eachSlot(vector, slots(t.grain), func(slot int, clicks uint64) error {
			if f != rollup.Referrer {
				if _, err := t.take(f, period, value, slot, clicks); err != nil || f != rollup.All {
					return err
				}
				_, err := t.take(rollup.Link, period, rollup.LinkValue(t.link.Link), slot, clicks)
				return err
			}
			return t.takeReferrer(period, value, slot, clicks)
		})
	})
}

// parse takes a key of the link apart.
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

// takeReferrer takes clicks by their referrer, or from other where the cap made
// them that, or from whatever there is: where a link had more referrers in a
// day than the cap allows, its others may have names among those of its user.
func (t *taking) takeReferrer(period uint32, value string, slot int, clicks uint64) error {
	for _, v := range [...]string{value, string(click.OtherReferrers)} {
		took, err := t.take(rollup.Referrer, period, v, slot, clicks)
		if err != nil {
			return err
		}
		if clicks -= took; clicks == 0 {
			return nil
		}
	}
	if err := t.readAll(period); err != nil {
		return err
	}
	for _, v := range t.order {
		took, err := t.take(rollup.Referrer, period, v, slot, clicks)
		if err != nil {
			return err
		}
		if clicks -= took; clicks == 0 {
			return nil
		}
	}
	return nil
}

// take takes as many clicks of a value as there are, up to a number.
func (t *taking) take(f rollup.Facet, period uint32, value string, slot int, clicks uint64) (took uint64, err error) {
	t.turnTo(period)
	of := valueOf{f, value}
	left, known := t.left[of]
	if !known {
		if left, err = t.read(of); err != nil {
			return 0, err
		}
		t.left[of] = left
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

// turnTo forgets what is left of another period.
func (t *taking) turnTo(period uint32) {
	if t.left == nil || period != t.period {
		t.period, t.left, t.order = period, map[valueOf]*[maxSlots]uint64{}, nil
	}
}

// key is that of a value of the user in the period.
func (t *taking) key(of valueOf) []byte {
	r := row{user: uint64(t.link.User), facet: of.facet, period: t.period, value: of.value}
	return r.appendKey(nil, t.grain)
}

// read reads what the user has of a value.
func (t *taking) read(of valueOf) (*[maxSlots]uint64, error) {
	vector, closer, err := t.s.db.Get(t.key(of))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	return unpack(vector, slots(t.grain))
}

// readAll reads all referrers that the user has in a period.
func (t *taking) readAll(period uint32) error {
	t.turnTo(period)
	if t.order != nil {
		return nil
	}
	t.order = []string{}
	prefix := t.key(valueOf{facet: rollup.Referrer})
	return t.s.each(t.ctx, prefix, func(key, vector []byte) error {
		of := valueOf{rollup.Referrer, string(key[len(prefix):])}
		t.order = append(t.order, of.value)
		if t.left[of] != nil {
			return nil
		}
		left, err := unpack(vector, slots(t.grain))
		t.left[of] = left
		return err
	})
}

func unpack(vector []byte, slots int) (*[maxSlots]uint64, error) {
	u := new([maxSlots]uint64)
	return u, eachSlot(vector, slots, func(slot int, clicks uint64) error {
		u[slot] = clicks
		return nil
	})
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
		return nil, failed("deleted", err)
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
