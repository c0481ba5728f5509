package clickhouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// A deletion adds rows of its own, which are subtracted. It never changes what an epoch has
// counted. It takes clicks of the epochs before its cutoff. Every replica has these, and they do
// not change any more. So a deletion that was interrupted takes the same when it is carried out
// again.

// deletion is a row of the table deletions.
type deletion struct {
	number uint64
	scopes []rollup.Scope
	// cutoff has the epoch of each source before which the deletion takes clicks.
	cutoff map[store.JournalID]uint64
	// ledger and lines are sums of what it took, as they are stored.
	ledger, lines string
}

// deletionState says how far a deletion has come.
type deletionState uint8

// A deletion begins, takes the clicks, and is complete. A day later its rows, and those that it took
// the clicks from, are removed.
const (
	deletionBegun    deletionState = 0
	deletionComplete deletionState = 1
	deletionSwept    deletionState = 2
)

// Delete implements store.Counting. It fails with click.ErrUnavailable if a replica is away. It
// removes the clicks of this process, and those of other processes that every replica has.
func (s *Store) Delete(ctx context.Context, scopes []rollup.Scope) (err error) {
	defer wrap("delete", &err)
	if len(scopes) == 0 {
		return nil
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	return s.remove(ctx, scopes, shards)
}

// remove removes the clicks of scopes that are in whole epochs.
func (s *Store) remove(ctx context.Context, scopes []rollup.Scope, shards []*shard) error {
	ctx, release, err := s.o.Lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	// Another server may have deleted through other replicas.
	err = errors.Join(s.syncCells(ctx, shards), syncTables(ctx, shards[:1], epochsTable, deletionsTable))
	if err != nil {
		return err
	}
	if err := waitForMutations(ctx, shards); err != nil { // of a server that was killed
		return err
	}
	unfinished, err := s.readDeletions(ctx, fmt.Sprintf("state = %d", deletionBegun))
	if err != nil {
		return err
	}
	last, err := s.lastDeletion(ctx)
	if err != nil {
		return err
	}
	s.excludeAgain() // with the lives of all replicas
	for _, d := range unfinished {
		if d.number < last {
			// Its row came so late that a later deletion did not see it. So it took nothing, and its server
			// begins again with another number.
			if err := s.discard(ctx, d, shards); err != nil {
				return err
			}
			continue
		}
		if err := s.carryOut(ctx, d, shards); err != nil {
			return err
		}
	}
	d := &deletion{number: max(last+1, s.stamp()), scopes: scopes}
	if d.cutoff, err = s.cutoff(ctx); err != nil {
		return err
	}
	if err := s.insertDeletion(ctx, shards, d, deletionBegun); err != nil {
		return err
	}
	// Another server may ask another replica for the last number, and must get this one.
	if err := syncTables(ctx, shards[:1], deletionsTable); err != nil {
		return err
	}
	late, err := s.readDeletions(ctx, fmt.Sprintf("state = %d AND number < %d", deletionBegun, d.number))
	if err != nil {
		return err
	}
	for _, l := range late {
		if err := s.discard(ctx, l, shards); err != nil {
			return err
		}
	}
	return s.carryOut(ctx, d, shards)
}

// discard ends a deletion that was never carried out.
func (s *Store) discard(ctx context.Context, d *deletion, shards []*shard) error {
	if err := d.setRemoved(&sums{}); err != nil {
		return err
	}
	d.scopes, d.cutoff = nil, nil
	return s.insertDeletion(ctx, shards, d, deletionSwept)
}

// cutoff returns the epoch of each source from which on a deletion takes nothing.
func (s *Store) cutoff(ctx context.Context) (map[store.JournalID]uint64, error) {
	cutoff := map[store.JournalID]uint64{}
	err := s.lastEpochs(ctx, "1", func(id store.JournalID, start, _ uint64) { cutoff[id] = start + 1 })
	return cutoff, err
}

// lastDeletion returns the number of the last deletion.
func (s *Store) lastDeletion(ctx context.Context) (last uint64, err error) {
	answers, err := s.askMeta(ctx, "SELECT max(number) FROM deletions")
	for _, a := range answers {
		for i := range a.rows {
			last = max(last, a.numbers[0][i])
		}
	}
	return last, err
}

// readDeletions returns deletions, in their order.
func (s *Store) readDeletions(ctx context.Context, condition string) (all []*deletion, err error) {
	answers, err := s.askMeta(ctx, "SELECT number, scopes, cutoff, removed, sums FROM deletions FINAL WHERE "+condition+" ORDER BY number")
	for _, a := range answers {
		for i := range a.rows {
			d := &deletion{number: a.numbers[0][i], ledger: a.texts[3][i], lines: a.texts[4][i]}
			if err := d.unmarshal(a.texts[1][i], a.texts[2][i]); err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	return all, err
}

// setRemoved sets the sums of what the deletion took.
func (d *deletion) setRemoved(removed *sums) error {
	ledger, err := removed.ledger.MarshalBinary()
	d.ledger, d.lines = string(ledger), removed.marshalLines()
	return err
}

// insertDeletion writes the row of a deletion.
func (s *Store) insertDeletion(ctx context.Context, shards []*shard, d *deletion, state deletionState) error {
	scopes, cutoff := d.marshal()
	rows := deletionsTable.block()
	rows.add(d.number, uint8(state), scopes, cutoff, d.ledger, d.lines)
	return s.insertMeta(ctx, shards, deletionsTable, rows)
}

// marshal encodes scopes as pairs of numbers, and the cutoff as pairs of a source and a number.
func (d *deletion) marshal() (scopes, cutoff string) {
	var c []byte
	for id, epoch := range d.cutoff {
		c = binary.BigEndian.AppendUint64(append(c, id[:]...), epoch)
	}
	return marshalScopes(d.scopes), string(c)
}

func marshalScopes(scopes []rollup.Scope) string {
	var b []byte
	for _, s := range scopes {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(s.User)), uint64(s.Link))
	}
	return string(b)
}

func unmarshalScopes(s string) (scopes []rollup.Scope, err error) {
	if len(s)%16 != 0 {
		return nil, fmt.Errorf("a list of scopes is damaged: %d bytes", len(s))
	}
	for b := []byte(s); len(b) > 0; b = b[16:] {
		scopes = append(scopes, rollup.Scope{User: click.UserID(binary.BigEndian.Uint64(b)), Link: click.LinkID(binary.BigEndian.Uint64(b[8:]))})
	}
	return scopes, nil
}

func (d *deletion) unmarshal(scopes, cutoff string) error {
	var err error
	if d.scopes, err = unmarshalScopes(scopes); err != nil || len(cutoff)%24 != 0 {
		return errors.Join(err, fmt.Errorf("the epochs of deletion %d are damaged: %d bytes", d.number, len(cutoff)))
	}
	d.cutoff = map[store.JournalID]uint64{}
	for b := []byte(cutoff); len(b) > 0; b = b[24:] {
		d.cutoff[store.JournalID(b[:16])] = binary.BigEndian.Uint64(b[16:])
	}
	return nil
}

// taken is the condition of the rows that a deletion takes clicks from.
func (s *Store) taken(ctx context.Context, d *deletion) (string, error) {
	x, err := s.exclude(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("deletion < %d AND (deletion > 0%s)%s", d.number, d.beforeCutoff(), x.dead), nil
}

// beforeCutoff is the condition that a row is of an epoch before the cutoff, as alternatives for
// another condition.
func (d *deletion) beforeCutoff() string {
	var parts []string
	for id, epoch := range d.cutoff {
		parts = append(parts, fmt.Sprintf(" OR source = %s AND epoch < %d", literal(id[:]), epoch))
	}
	slices.Sort(parts)
	return strings.Join(parts, "")
}

// carryOut takes the clicks of a deletion. Answers show nothing of that until it is complete. The
// caller holds the lock of deletions.
func (s *Store) carryOut(ctx context.Context, d *deletion, shards []*shard) error {
	var removed sums
	users := map[click.UserID][]rollup.Scope{}
	for _, sc := range d.scopes {
		if !slices.Contains(users[sc.User], sc) {
			users[sc.User] = append(users[sc.User], sc)
		}
	}
	condition, err := s.taken(ctx, d)
	if err != nil {
		return err
	}
	for _, user := range slices.Sorted(maps.Keys(users)) {
		for _, g := range []grain{quarters, minutes} {
			t := &taker{number: d.number, grain: g, user: user, scopes: users[user], condition: condition, shards: shards, removed: &removed}
			if err := t.takeAll(ctx); err != nil {
				return err
			}
		}
	}
	rows := deletedTable.block()
	for _, sc := range d.scopes {
		rows.add(uint64(sc.User), uint64(sc.Link), d.number, uint64(0))
	}
	if err := s.insertMeta(ctx, shards, deletedTable, rows); err != nil {
		return err
	}
	if err := s.syncCells(ctx, shards); err != nil {
		return err
	}
	if err := d.setRemoved(&removed); err != nil {
		return err
	}
	err = s.insertDeletion(ctx, shards, d, deletionComplete)
	if err == nil {
		err = syncTables(ctx, shards[:1], deletionsTable)
	}
	s.excludeAgain()
	return err
}

// removed is what the deletions that answers show took.
func (v *view) removed(ctx context.Context) (all sums, err error) {
	x, err := v.exclusions(ctx)
	if err != nil {
		return all, err
	}
	answers, err := v.askMeta(ctx, "SELECT removed, sums FROM deletions FINAL WHERE state != 0"+x.deletions("number"))
	for _, a := range answers {
		for i := range a.rows {
			var t sums
			if err := t.ledger.UnmarshalBinary([]byte(a.texts[0][i])); err != nil {
				return all, err
			}
			if err := t.unmarshalLines(a.texts[1][i]); err != nil {
				return all, err
			}
			all.add(&t)
		}
	}
	return all, err
}
