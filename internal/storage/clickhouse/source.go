package clickhouse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// hash is the hash of a cell's key, by which totals are remembered.
type hash [16]byte

// sums are checksums of some cells: the ledger, and for each of its lines a sum that ClickHouse can
// compute too.
type sums struct {
	ledger rollup.Ledger
	lines  [maxLines]uint64
}

// maxLines is the maximum number of lines of a ledger.
const maxLines = len(rollup.Ledger{})

func (t *sums) add(o *sums) {
	t.ledger.AddLedger(&o.ledger)
	for i := range t.lines {
		t.lines[i] += o.lines[i]
	}
}

func (t *sums) subtract(o *sums) {
	t.ledger.SubtractLedger(&o.ledger)
	for i := range t.lines {
		t.lines[i] -= o.lines[i]
	}
}

// addCell adds clicks of a cell.
func (t *sums) addCell(k *rollup.Key, clicks uint64) {
	t.ledger.Add(rollup.Cell{Key: *k, Clicks: clicks})
	t.lines[lineOf(k.Scope.Link != click.AllLinks, k.Facet)] += clicks * sipHash(k)
}

// tally is what a stretch of a journal adds to the counts.
type tally struct {
	cells     sums
	journaled rollup.Ledger
	late      rollup.Ledger
	highest   rollup.Scope // the highest user id and link id
	deleted   []rollup.Scope
}

func (t *tally) add(o *tally) {
	t.cells.add(&o.cells)
	t.journaled.AddLedger(&o.journaled)
	t.late.AddLedger(&o.late)
	t.highest = highestOf(t.highest, o.highest)
	t.deleted = append(t.deleted, o.deleted...)
}

func highestOf(a, b rollup.Scope) rollup.Scope {
	return rollup.Scope{User: max(a.User, b.User), Link: max(a.Link, b.Link)}
}

// epoch is a stretch of a journal.
type epoch struct {
	start, base, end uint64
	life             uint64 // that sent its rows; of an epoch that has ended
	state            epochState
	switches         []uint64 // see source; of an epoch that has ended
	tally
}

// epochState says how far an epoch that has ended has come.
type epochState uint64

// An epoch is whole once every replica has its cells. It is done once the scopes of the deletions
// that it records were removed too. Only an epoch with deletions is ever not done when it is whole.
const (
	epochEnded epochState = 0
	epochWhole epochState = 1
	epochDone  epochState = 3
)

// isWhole is the condition that an epoch is whole, and endOfEpoch is its end.
const isWhole, endOfEpoch = "version % 2 = 1", "intDiv(version, 4)"

// stateWhole returns the state of the epoch once it is whole.
func (e *epoch) stateWhole() epochState {
	if len(e.deleted) > 0 {
		return epochWhole
	}
	return epochDone
}

// source is a journal whose batches this process adds. Its fields change together, with
// Store.adding and Store.mu held.
type source struct {
	id   store.JournalID
	life uint64
	// counted is the end of the last batch, and durable that of the last epoch that every
	// replica is known to have. whole is the end of the last epoch with which the source was read.
	// known is set after the first batch.
	counted, durable, whole uint64
	known                   bool
	recorded                bool // an epoch of the journal has ended
	// segments have the journaled clicks of each segment; sum is everything. A copy of the source
	// keeps its segments: all but the last one stay as they are, and the last one is replaced.
	segments []segment
	sum      tally
	// deletions has, for each scope, the base of the first segment that records its deletion.
	deletions map[rollup.Scope]uint64

	epoch // the open one
	// totals has the clicks of each cell of the open epoch, and minutes those of each hour.
	totals  map[hash]uint64
	minutes map[int64]map[hash]uint64
	// sent is the end of the last batch of which rows may have been sent.
	sent uint64
	// switches is how often the current replica of each shard had changed when the open epoch
	// began.
	switches []uint64
	// ended are epochs that some replicas may lack, oldest first. undone are whole epochs that are
	// not done.
	ended, undone []epoch
}

// segment is the journaled clicks of a segment of the journal.
type segment struct {
	base   uint64
	ledger *rollup.Ledger // never changed
}

// source returns what is known of a journal. The first call reads that from ClickHouse.
func (s *Store) source(ctx context.Context, id store.JournalID) (*source, error) {
	s.mu.Lock()
	src := s.sources[id]
	s.mu.Unlock()
	if src != nil {
		return src, nil
	}
	src, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources[id] = src
	delete(s.forgotten, id)
	return src, nil
}

// load reads the epochs of a journal that are whole, and begins a life. The epochs after them are
// counted again. Whether every replica has the last ones is not known if a replica is away: confirm
// finds out later.
func (s *Store) load(ctx context.Context, id store.JournalID) (*source, error) {
	if err := s.catchUp(ctx, livesTable, epochsTable); err != nil {
		return nil, err
	}
	of := "source = " + literal(id[:])
	all, err := s.readLives(ctx, of)
	if err != nil {
		return nil, err
	}
	last := all.last(id)
	s.mu.Lock()
	c, before := s.claimed[id]
	s.mu.Unlock()
	if before {
		if c.isMissing(last) { // although the replica has fetched everything
			if last, err = s.bringBack(ctx, id, c, last); err != nil {
				return nil, err
			}
		}
		if err := c.lostTo(last, s.process); err != nil {
			return nil, err
		}
	}
	src := &source{id: id, deletions: map[rollup.Scope]uint64{}}
	err = s.epochs(ctx, of, func(_ store.JournalID, e *epoch) error {
		src.known, src.recorded = true, true
		src.whole = max(src.whole, e.end)
		if e.state != epochDone {
			src.undone = append(src.undone, *e)
		}
		src.addEpoch(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	if every, err := s.everyReplicaHas(ctx, shards); err != nil {
		return nil, err
	} else if every {
		src.durable = src.whole
	}
	src.counted = src.whole
	src.begin(src.counted, noBase, nil)
	src.life, err = s.beginLife(ctx, id, last, src.whole)
	return src, err
}

// noBase is the base of an epoch before the first batch.
const noBase = ^uint64(0)

// addEpoch adds an epoch to what is known of the journal.
func (src *source) addEpoch(e *epoch) {
	for _, sc := range e.deleted {
		if base, ok := src.deletions[sc]; !ok || e.base < base {
			src.deletions[sc] = e.base
		}
	}
	src.sum.add(&e.tally)
	src.sum.deleted = nil // see deletions
	l := e.journaled
	if last := len(src.segments) - 1; last >= 0 && src.segments[last].base == e.base {
		l.AddLedger(src.segments[last].ledger)
		src.segments = src.segments[:last:last] // a copy has the old one
	}
	src.segments = append(src.segments, segment{e.base, &l})
}

// hasUncounted reports whether rows of clicks that are not counted may have been sent. Then the open
// epoch must not end.
func (src *source) hasUncounted() bool { return src.sent > src.counted }

// begin begins an epoch.
func (src *source) begin(at, base uint64, switches []uint64) {
	src.epoch = epoch{start: at, base: base, end: at}
	src.totals, src.minutes = map[hash]uint64{}, map[int64]map[hash]uint64{}
	src.switches = switches
}

// copy returns the source as it is now, for a snapshot.
func (src *source) copy() *source {
	return &source{id: src.id, counted: src.counted, durable: src.durable, known: src.known, sent: src.sent, segments: src.segments, sum: src.sum, epoch: src.epoch}
}

// epochs calls f with each epoch that is whole, in the order of each journal.
func (v *view) epochs(ctx context.Context, condition string, f func(store.JournalID, *epoch) error) error {
	all, err := v.readLives(ctx, condition)
	if err != nil {
		return err
	}
	answers, err := v.askMeta(ctx, "SELECT source, epoch, base, version, user, link, ledger, journaled, late, sums, deleted, life FROM epochs FINAL WHERE "+isWhole+" AND "+condition+v.upToSnapshot()+" ORDER BY source, epoch")
	for _, a := range answers {
		for i := range a.rows {
			id := store.JournalID([]byte(a.texts[0][i]))
			if !all.counts(id, a.numbers[11][i], a.numbers[1][i]) {
				continue
			}
			e := epoch{start: a.numbers[1][i], base: a.numbers[2][i], end: a.numbers[3][i] / 4, life: a.numbers[11][i], state: epochState(a.numbers[3][i] % 4)}
			e.highest = rollup.Scope{User: click.UserID(a.numbers[4][i]), Link: click.LinkID(a.numbers[5][i])}
			err := errors.Join(e.cells.ledger.UnmarshalBinary([]byte(a.texts[6][i])), e.journaled.UnmarshalBinary([]byte(a.texts[7][i])),
				e.late.UnmarshalBinary([]byte(a.texts[8][i])), e.cells.unmarshalLines(a.texts[9][i]))
			if err == nil {
				e.deleted, err = unmarshalScopes(a.texts[10][i])
			}
			if err == nil {
				err = f(id, &e)
			}
			if err != nil {
				return err
			}
		}
	}
	return err
}

// row appends the row of an epoch that has ended.
func (e *epoch) row(to *block, src *source, state epochState) error {
	version := 4*e.end + uint64(state)
	ledger, e1 := e.cells.ledger.MarshalBinary()
	journaled, e2 := e.journaled.MarshalBinary()
	late, e3 := e.late.MarshalBinary()
	to.add(src.id[:], e.start, e.life, e.base, version, uint64(e.highest.User), uint64(e.highest.Link), string(ledger), string(journaled), string(late), e.cells.marshalLines(), marshalScopes(e.deleted))
	return errors.Join(e1, e2, e3)
}

func (t *sums) marshalLines() string {
	var b []byte
	for i := range rollup.Lines() {
		b = binary.BigEndian.AppendUint64(b, t.lines[i])
	}
	return string(b)
}

func (t *sums) unmarshalLines(s string) error {
	if len(s)%8 != 0 || len(s) > 8*maxLines {
		return fmt.Errorf("the sums of an epoch are damaged: %d bytes", len(s))
	}
	for i := range len(s) / 8 {
		t.lines[i] = binary.BigEndian.Uint64([]byte(s[8*i:]))
	}
	return nil
}
