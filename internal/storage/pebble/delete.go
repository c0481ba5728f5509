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

// Delete implements store.Counting. No batch is added between reading the counts of
// a scope and removing them.
func (s *Store) Delete(ctx context.Context, scopes []rollup.Scope) error {
	return s.calls.run("delete", func() error {
		// Users first: their links need not be taken from them then.
		scopes = slices.Clone(scopes)
		slices.SortStableFunc(scopes, func(a, b rollup.Scope) int {
			return cmp.Compare(min(a.Link, 1), min(b.Link, 1))
		})
		for len(scopes) > 0 {
			n, err := s.deleteFirst(ctx, scopes)
			if err != nil {
				return err
			}
			scopes = scopes[n:]
		}
		return nil
	})
}

// deleteRows and deleteScopes limit one batch of deletions. A link with more rows
// is still deleted in one batch.
const (
	deleteRows   = 100_000
	deleteScopes = 10_000
)

// flushRanges is about the maximum number of deleted ranges in memory, as when a rebuild
// repeats many deletions.
const flushRanges = 500

// deleteFirst removes the first n of the scopes in one batch, and not each in its
// own: the engine sorts all deleted ranges in memory again after each batch that
// has one.
func (s *Store) deleteFirst(ctx context.Context, scopes []rollup.Scope) (n int, err error) {
	s.write.Lock()
	defer s.write.Unlock()
	defer clear(s.months)
	clear(s.months)
	d := deletion{
		s: s, ctx: ctx, batch: s.db.NewBatch(),
		added: map[rollup.Scope]bool{}, users: map[click.UserID]*[2]taking{},
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
	hours []uint32         // with minutes of any scope
	all   *pebble.Iterator // over all keys
	rows  int              // in the batch, about

	ranges  int // deleted by the batch
	removed rollup.Ledger
	added   map[rollup.Scope]bool
	users   map[click.UserID]*[2]taking // by quarter-hours and minutes
	counted []rollup.Scope              // those that had counts
}

// add adds a scope to the batch.
func (d *deletion) add(scope rollup.Scope) error {
	if d.added[scope] {
		return nil
	}
	d.added[scope] = true
	d.rows++
	if err := d.batch.Set(scopeKey([]byte{keyDeleted}, scope), nil, nil); err != nil {
		return err
	}
	if d.added[rollup.Scope{User: scope.User}] && scope.Link != click.AllLinks {
		return nil // removed with its user
	}
	quarters := scopePrefix([]byte{grainQuarter}, scope)
	prefixes := [][]byte{quarters, scopePrefix([]byte{grainDay}, scope)}
	for _, h := range d.hours {
		prefixes = append(prefixes, scopePrefix(binary.BigEndian.AppendUint32([]byte{grainMinute}, h), scope))
	}
	counted := false
	for _, p := range prefixes {
		if !d.all.SeekGE(p) || !bytes.HasPrefix(d.all.Key(), p) {
			continue
		}
		counted = true
		d.rows++
		d.ranges++
		if err := d.batch.DeleteRange(p, after(p), nil); err != nil {
			return err
		}
	}
	if err := d.all.Error(); err != nil || !counted {
		return err
	}
	d.counted = append(d.counted, scope)
	err := d.s.eachCell(d.ctx, quarters, func(c rollup.Cell) error {
		d.removed.Add(c)
		return nil
	})
	if err != nil || scope.Link == click.AllLinks {
		return err
	}
	return d.takeFromUser(scope)
}

// takeFromUser takes the clicks of a link from the counts of its user, and adds
// their quarter-hours to removed.
func (d *deletion) takeFromUser(link rollup.Scope) error {
	user := d.users[link.User]
	if user == nil {
		user = &[2]taking{{s: d.s, ctx: d.ctx, grain: grainQuarter}, {s: d.s, ctx: d.ctx, grain: grainMinute}}
		d.users[link.User] = user
	}
	quarters, minutes := &user[0], &user[1]
	first := quarters.begin(link)
	if err := quarters.all(scopePrefix([]byte{grainQuarter}, link)); err != nil {
		return err
	}
	for i := range quarters.rows[first:] {
		r := &quarters.rows[first+i]
		d.removed.Add(rollup.Cell{Clicks: -r.clicks, Key: rollup.Key{
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

// apply writes the batch.
func (d *deletion) apply() error {
	for _, user := range d.users {
		quarters, minutes := &user[0], &user[1]
		rows := sortRows(grainQuarter, quarters.rows)
		if err := addRows(d.s.db, d.batch, rows); err != nil {
			return err
		}
		if err := d.s.takeDays(d.batch, dayRows(rows)); err != nil {
			return err
		}
		if err := addRows(d.s.db, d.batch, sortRows(grainMinute, minutes.rows)); err != nil {
			return err
		}
	}
	if err := addLedger(d.s.db, d.batch, []byte{keyLedger}, negative(&d.removed)); err != nil {
		return err
	}
	if err := addLedger(d.s.db, d.batch, []byte{keyRemoved}, &d.removed); err != nil {
		return err
	}
	if err := d.s.apply(d.batch); err != nil {
		return err
	}
	d.s.unpurged.add(d.counted...)
	if d.s.ranges += d.ranges; d.s.ranges < flushRanges {
		return nil
	}
	d.s.ranges = 0
	_, _, err := d.s.beginFlush()
	return err
}

// scopeKey appends a scope.
func scopeKey(b []byte, s rollup.Scope) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	return binary.BigEndian.AppendUint64(b, uint64(s.Link))
}

// scopePrefix appends the prefix of a link's keys, or of those of a user and all
// links of the user.
func scopePrefix(b []byte, s rollup.Scope) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	if s.Link != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(s.Link))
	}
	return b
}

// hours lists the hours with minutes of any scope.
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
