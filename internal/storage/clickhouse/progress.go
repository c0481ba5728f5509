package clickhouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Position implements store.Progress. For the journal of another process it is the end of the last
// epoch that is whole. Durable is 0 as long as replicas are away that may lack the row of it, and in a
// snapshot of such a journal.
func (v *view) Position(ctx context.Context, journal store.JournalID) (p store.Position, known bool, err error) {
	defer wrap("position", &err)
	if v.frozen == nil {
		if err := v.s.resume(ctx, journal); err != nil {
			return p, false, err
		}
	}
	if src := v.own()[journal]; src != nil {
		if v.frozen == nil {
			if err := v.s.checkClaim(ctx, journal); errors.Is(err, store.ErrTaken) { // else the next batch shows it
				return p, false, err
			}
		}
		return store.Position{Counted: src.counted, Durable: src.durable}, src.known, nil
	}
	if v.frozen == nil {
		if err := v.s.catchUp(ctx, livesTable, epochsTable); err != nil { // another server may have counted it
			return p, false, err
		}
	}
	err = v.lastEpochs(ctx, "source = "+literal(journal[:]), func(_ store.JournalID, _, end uint64) {
		p.Counted, known = end, true
	})
	if err != nil || !known || v.frozen != nil {
		return p, known, err
	}
	shards, err := v.s.shards(ctx)
	if err != nil {
		return p, false, err
	}
	every, err := v.s.everyReplicaHas(ctx, shards)
	if every {
		p.Durable = p.Counted
	}
	return p, known, err
}

// lastEpochs calls f with the last epoch of each journal that is whole.
func (v *view) lastEpochs(ctx context.Context, condition string, f func(id store.JournalID, start, end uint64)) error {
	all, err := v.readLives(ctx, condition)
	if err != nil {
		return err
	}
	answers, err := v.askMeta(ctx, "SELECT source, max(epoch), max("+endOfEpoch+") FROM epochs FINAL WHERE "+isWhole+" AND "+condition+v.upToSnapshot()+all.dead()+" GROUP BY source")
	for _, a := range answers {
		for i := range a.rows {
			f(store.JournalID([]byte(a.texts[0][i])), a.numbers[1][i], a.numbers[2][i])
		}
	}
	return err
}

// Journals implements store.Progress.
func (v *view) Journals(ctx context.Context) (journals []store.JournalID, err error) {
	defer wrap("journals", &err)
	all := map[store.JournalID]bool{}
	for id, src := range v.own() {
		if src.known {
			all[id] = true
		}
	}
	err = v.lastEpochs(ctx, "1", func(id store.JournalID, _, _ uint64) { all[id] = true })
	return slices.SortedFunc(maps.Keys(all), func(a, b store.JournalID) int { return bytes.Compare(a[:], b[:]) }), err
}

// Marks implements store.Progress.
func (v *view) Marks(ctx context.Context, input [32]byte) (marks []store.Mark, err error) {
	defer wrap("marks", &err)
	if err := v.s.catchUp(ctx, marksTable); err != nil { // another server may have imported through another replica
		return nil, err
	}
	err = v.eachMark(ctx, "input = "+literal(input[:]), func(m store.Mark) error {
		marks = append(marks, m)
		return nil
	})
	return marks, err
}

// EachMark implements store.Progress.
func (v *view) EachMark(ctx context.Context, f func(store.Mark) error) (err error) {
	defer wrap("each mark", &err)
	if err := v.s.catchUp(ctx, marksTable); err != nil {
		return err
	}
	return v.eachMark(ctx, "1", f)
}

// eachMark calls f with the marks that fit a condition, in the order of EachMark.
func (v *view) eachMark(ctx context.Context, condition string, f func(store.Mark) error) error {
	last := ^uint64(0)
	if v.frozen != nil {
		last = v.frozen.stamp
	}
	answers, err := v.askMeta(ctx, fmt.Sprintf("SELECT input, offset, digest, argMax(mark, version) FROM marks WHERE %s AND version <= %d GROUP BY input, offset, digest ORDER BY input, offset, digest", condition, last))
	for _, a := range answers {
		for i := range a.rows {
			m := store.Mark{Input: [32]byte([]byte(a.texts[0][i])), Offset: a.numbers[1][i], Digest: [32]byte([]byte(a.texts[2][i]))}
			if err := parseMark(&m, a.texts[3][i]); err != nil {
				return err
			}
			if err := f(m); err != nil {
				return err
			}
		}
	}
	return err
}

// askMeta asks the first shard.
func (v *view) askMeta(ctx context.Context, statement string) ([]*answer, error) {
	shards, err := v.s.shards(ctx)
	if err != nil {
		return nil, err
	}
	return meta(shards).ask(ctx, statement)
}

// markSize is the length of an encoded mark without its notes: five numbers and a flag.
const markSize = 5*8 + 1

// appendMark encodes the part of a mark that has no column of its own.
func appendMark(b []byte, m *store.Mark) []byte {
	for _, n := range [...]uint64{m.Prev, m.Lines, m.Clicks, m.Skipped, m.Rejected} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	inside := byte(0)
	if m.Inside {
		inside = 1
	}
	return append(append(b, inside), m.Notes...)
}

func parseMark(m *store.Mark, s string) error {
	if len(s) < markSize || s[markSize-1] > 1 {
		return fmt.Errorf("an import mark is damaged: %x", s)
	}
	b := []byte(s)
	for i, n := range [...]*uint64{&m.Prev, &m.Lines, &m.Clicks, &m.Skipped, &m.Rejected} {
		*n = binary.BigEndian.Uint64(b[8*i:])
	}
	m.Inside, m.Notes = b[markSize-1] == 1, s[markSize:]
	return nil
}

// Deleted implements store.Progress.
func (v *view) Deleted(ctx context.Context) (scopes []rollup.Scope, err error) {
	defer wrap("deleted", &err)
	x, err := v.exclusions(ctx)
	if err != nil {
		return nil, err
	}
	answers, err := v.askMeta(ctx, "SELECT DISTINCT user, link FROM deleted WHERE 1"+x.deletions("deletion")+" ORDER BY user, link")
	for _, a := range answers {
		for i := range a.rows {
			scopes = append(scopes, rollup.Scope{User: click.UserID(a.numbers[0][i]), Link: click.LinkID(a.numbers[1][i])})
		}
	}
	return scopes, err
}

// Highest implements store.Progress.
func (v *view) Highest(ctx context.Context) (user click.UserID, link click.LinkID, err error) {
	defer wrap("highest", &err)
	var all rollup.Scope
	others := ""
	for id, src := range v.own() {
		all = highestOf(all, src.sum.highest)
		others += " AND source != " + literal(id[:])
	}
	answers, err := v.askMeta(ctx, "SELECT max(user), max(link) FROM epochs FINAL WHERE "+isWhole+others+v.upToSnapshot())
	for _, a := range answers {
		for i := range a.rows {
			all = highestOf(all, rollup.Scope{User: click.UserID(a.numbers[0][i]), Link: click.LinkID(a.numbers[1][i])})
		}
	}
	return all.User, all.Link, err
}

// everything is what all journals add to the counts.
func (v *view) everything(ctx context.Context) (all tally, err error) {
	own := v.own()
	for _, src := range own {
		all.add(&src.sum)
	}
	err = v.epochs(ctx, "1", func(id store.JournalID, e *epoch) error {
		if own[id] == nil {
			all.add(&e.tally)
		}
		return nil
	})
	return all, err
}

// The names in the table meta.
const installationName, noteName = "installation", "note of "

// Installation implements store.Identity. It fails with click.ErrUnavailable if there is no id yet
// and a replica is away.
func (s *Store) Installation(ctx context.Context, offer [16]byte) (id [16]byte, err error) {
	defer wrap("installation", &err)
	id, found, err := s.installation(ctx)
	if err != nil || found {
		return id, err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return id, err
	}
	ctx, release, err := s.o.Lock(ctx) // other servers offer ids too
	if err != nil {
		return id, err
	}
	defer release()
	if err := syncTables(ctx, shards[:1], metaTable); err != nil {
		return id, err
	}
	if id, found, err = s.installation(ctx); err != nil || found {
		return id, err
	}
	rows := metaTable.block()
	rows.add(installationName, s.stamp(), string(offer[:]))
	err = s.insertMeta(ctx, shards, metaTable, rows)
	if err == nil {
		err = syncTables(ctx, shards[:1], metaTable)
	}
	return offer, err
}

func (s *Store) installation(ctx context.Context) (id [16]byte, found bool, err error) {
	value, version, err := s.metaRow(ctx, installationName)
	found = version > 0
	if err == nil && found && len(value) != len(id) {
		err = fmt.Errorf("the id of the installation is damaged: %d bytes", len(value))
	}
	copy(id[:], value)
	return id, found, err
}

// metaRow returns a value of the table meta and its version; 0 if there is none.
func (s *Store) metaRow(ctx context.Context, name string) (value string, version uint64, err error) {
	answers, err := s.askMeta(ctx, "SELECT value, version FROM meta FINAL WHERE name = "+quoted(name))
	for _, a := range answers {
		if a.rows > 0 {
			return a.texts[0][0], a.numbers[1][0], err
		}
	}
	return "", 0, err
}

// SetNote implements store.Identity. Each server has a note of its own.
func (s *Store) SetNote(ctx context.Context, note []byte) (err error) {
	defer wrap("set note", &err)
	rows := metaTable.block()
	rows.add(noteName+s.o.Server, s.stamp(), string(note))
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	s.noteSet.Store(true)
	return s.insertMeta(ctx, shards, metaTable, rows)
}

// Note implements store.Identity.
func (s *Store) Note(ctx context.Context) (note []byte, err error) {
	defer wrap("note", &err)
	value, _, err := s.metaRow(ctx, noteName+s.o.Server)
	if value == "" {
		return nil, err
	}
	return []byte(value), err
}
