package pebble

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Delete is of store.Clicks. No batch is recorded while it reads what it takes
// away.
func (s *Store) Delete(ctx context.Context, scopes []rollup.Scope) error {
	if err := s.uses.begin(); err != nil {
		return failed("delete", err)
	}
	defer s.uses.end()
	// Users come first: then nothing of theirs is left to take links from.
	scopes = slices.Clone(scopes)
	slices.SortStableFunc(scopes, func(a, b rollup.Scope) int {
		return cmp.Compare(min(a.Link, 1), min(b.Link, 1))
	})
	for len(scopes) > 0 {
		n, err := s.deleteFirst(ctx, scopes)
		if err != nil {
			return failed("delete", err)
		}
		scopes = scopes[n:]
	}
	return nil
}

// deleteRows and deleteScopes bound what is deleted in one batch. A link with
// more rows is deleted in one all the same.
const (
	deleteRows   = 100_000
	deleteScopes = 10_000
)

// flushRanges is how many deleted ranges may be in memory, about: those of many
// deletions that a rebuild does again, one after the other.
const flushRanges = 500

// deleteFirst removes the first n of the scopes in one batch: after each batch
// that deletes a range, the engine sorts all those anew that it has in memory.
func (s *Store) deleteFirst(ctx context.Context, scopes []rollup.Scope) (n int, err error) {
	s.write.Lock()
	defer s.write.Unlock()
	d := deletion{
		s: s, ctx: ctx, batch: s.db.NewBatch(),
		seen: map[rollup.Scope]bool{}, users: map[click.UserID]*[2]taking{},
	}
	defer d.batch.Close()
	if d.hours, err = s.hours(ctx); err != nil {
		return 0, err
	}
	if d.all, err = s.db.NewIterWithContext(ctx, nil); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, d.all.Close()) }()
	for n < min(len(scopes), deleteScopes) && d.rows < deleteRows {
		if err := d.add(scopes[n]); err != nil {
			return 0, err
		}
		n++
	}
	return n, d.apply()
}

// deletion is a batch that removes scopes.
type deletion struct {
	s     *Store
	ctx   context.Context
	batch *pebble.Batch
	hours []uint32         // that anyone has minutes of
	all   *pebble.Iterator // tells whether there is something
	rows  int              // that the batch has, about
	// ranges is how many ranges the batch deletes.
	ranges int

	gone  rollup.Ledger
	seen  map[rollup.Scope]bool       // those that were added
	users map[click.UserID]*[2]taking // by quarter-hours and minutes
	held  []rollup.Scope              // those with something to remove
}

// add removes what the scope has.
func (d *deletion) add(scope rollup.Scope) error {
	if d.seen[scope] {
		return nil
	}
	d.seen[scope] = true
	d.rows++
	if err := d.batch.Set(scopeKey([]byte{keyDeleted}, scope), nil, nil); err != nil {
		return err
	}
	if d.seen[rollup.Scope{User: scope.User}] && scope.Link != click.AllLinks {
		return nil // it went with its user
	}
	quarters := scopePrefix([]byte{grainQuarter}, scope)
	prefixes := [][]byte{quarters, scopePrefix([]byte{grainDay}, scope)}
	for _, h := range d.hours {
		prefixes = append(prefixes, scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), scope))
	}
	held := false
	for _, p := range prefixes {
		if !d.all.SeekGE(p) || !bytes.HasPrefix(d.all.Key(), p) {
			continue
		}
		held = true
		d.rows++
		d.ranges++
		if err := d.batch.DeleteRange(p, after(p), nil); err != nil {
			return err
		}
	}
	if err := d.all.Error(); err != nil || !held {
		return err
	}
	d.held = append(d.held, scope)
	err := d.s.eachCell(d.ctx, quarters, func(c rollup.Cell) error {
		d.gone.Add(c)
		return nil
	})
	if err != nil || scope.Link == click.AllLinks {
		return err
	}
	return d.takeFromUser(scope)
}

// takeFromUser takes the clicks of a link out of the counts of its user, and
// adds the quarter-hours of these to gone.
func (d *deletion) takeFromUser(link rollup.Scope) error {
	of := d.users[link.User]
	if of == nil {
		of = &[2]taking{{s: d.s, ctx: d.ctx, grain: grainQuarter}, {s: d.s, ctx: d.ctx, grain: grainMinute}}
		d.users[link.User] = of
	}
	quarters, minutes := &of[0], &of[1]
	first := quarters.begin(link)
	if err := quarters.all(scopePrefix([]byte{grainQuarter}, link)); err != nil {
		return err
	}
	for i := range quarters.rows[first:] {
		r := &quarters.rows[first+i]
		d.gone.Add(rollup.Cell{Clicks: -r.clicks, Key: rollup.Key{
			Scope: rollup.Scope{User: link.User}, Facet: r.facet, Value: r.value, Slot: slotStart(uint16(r.period), int(r.slot)),
		}})
	}
	d.rows += len(quarters.rows) - first
	first = minutes.begin(link)
	for _, h := range d.hours {
		if err := minutes.all(scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), link)); err != nil {
			return err
		}
	}
	d.rows += len(minutes.rows) - first
	return nil
}

// apply has the engine do all that was added.
func (d *deletion) apply() error {
	for _, of := range d.users {
		quarters, minutes := &of[0], &of[1]
		if err := addRows(d.s.db, d.batch, grainQuarter, quarters.rows); err != nil {
			return err
		}
		if err := addRows(d.s.db, d.batch, grainDay, days(quarters.rows)); err != nil {
			return err
		}
		if err := addRows(d.s.db, d.batch, grainMinute, minutes.rows); err != nil {
			return err
		}
	}
	if err := addLedger(d.s.db, d.batch, []byte{keyLedger}, negative(&d.gone)); err != nil {
		return err
	}
	if err := addLedger(d.s.db, d.batch, []byte{keyRemoved}, &d.gone); err != nil {
		return err
	}
	if err := d.s.apply(d.batch); err != nil {
		return err
	}
	d.s.unpurged.add(d.held...)
	if d.s.ranges += d.ranges; d.s.ranges < flushRanges {
		return nil
	}
	d.s.ranges = 0
	_, _, err := d.s.beginFlush()
	return err
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
