package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// A statement inserts at most this many rows, of at most this many partitions: ClickHouse
// refuses more than 100.
const maxInsertRows, maxInsertParts = 100_000, 90

// snapshotPatience is how long a batch waits for snapshots to be closed. Then it begins an epoch
// that they do not see.
const snapshotPatience = 2 * time.Second

// AddBatch implements store.Counting. Rows that it sent before it failed may stay. The next call
// with the same batch sends them again.
func (s *Store) AddBatch(ctx context.Context, b *store.Batch) (err error) {
	defer wrap("add a batch", &err)
	if err := s.catchUpFor(ctx, b.Journal); err != nil {
		return err
	}
	if err := s.adding.Acquire(ctx, exclusive); err != nil {
		return err
	}
	defer s.adding.Release(exclusive)
	src, err := s.source(ctx, b.Journal)
	if err != nil {
		return err
	}
	switch {
	case b.From > b.To:
		return errors.New("the batch ends before it starts")
	case src.known && b.To <= src.counted:
		return nil
	case src.known && b.From > src.counted, !src.known && s.lostBefore(b):
		return store.ErrGap
	case src.known && b.From < src.counted:
		return store.ErrOverlap
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	if err := s.checkClaim(ctx, src.id); err != nil {
		return err
	}
	if err := s.startEpoch(ctx, src, b, shards); err != nil {
		return err
	}
	if err := s.passSnapshots(ctx, shards); err != nil {
		return err
	}
	return s.add(ctx, src, b, shards)
}

// catchUpFor makes the first shard fetch what it lacks, before a source is read. That may take long,
// and others need not wait for it.
func (s *Store) catchUpFor(ctx context.Context, id store.JournalID) error {
	s.mu.Lock()
	known := s.sources[id] != nil
	s.mu.Unlock()
	if known {
		return nil
	}
	return s.catchUp(ctx, livesTable, epochsTable)
}

// lostBefore reports whether this process counted the clicks before a batch, and the counts lost
// them before anything of the journal was durable. If not, the batch is the first one of its
// journal.
func (s *Store) lostBefore(b *store.Batch) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, ok := s.firstBatch[b.Journal]
	if !ok {
		s.firstBatch[b.Journal] = b.From
	}
	return ok && b.From > first
}

// startEpoch begins an epoch if the batch is of another segment of the journal. It fails with
// store.ErrResume if rows of the open epoch were sent to a replica that is no longer used.
func (s *Store) startEpoch(ctx context.Context, src *source, b *store.Batch, shards []*shard) error {
	_, switches := switchesOf(shards)
	switch {
	case src.base == noBase || !src.known:
		s.mu.Lock()
		defer s.mu.Unlock()
		src.begin(b.From, b.Epoch, switches)
		return nil
	case !sameReplicas(src.switches, switches):
		s.forget(src)
		return store.ErrResume
	case src.base != b.Epoch:
		if src.hasUncounted() {
			s.forget(src)
			return store.ErrResume
		}
		if err := s.endEpoch(ctx, src, shards); err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		src.begin(b.From, b.Epoch, switches)
		s.settleSoon(false)
	}
	return nil
}

// resume forgets a source if rows of its open epoch were sent to a replica that is no longer used.
func (s *Store) resume(ctx context.Context, id store.JournalID) error {
	s.mu.Lock()
	src := s.sources[id]
	var was []uint64
	if src != nil && src.base != noBase {
		was = src.switches
	}
	s.mu.Unlock()
	if was == nil {
		return nil
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	if _, now := switchesOf(shards); sameReplicas(now, was) {
		return nil
	}
	if err := s.adding.Acquire(ctx, exclusive); err != nil { // no batch is being added
		return err
	}
	defer s.adding.Release(exclusive)
	if _, now := switchesOf(shards); !sameReplicas(now, src.switches) {
		s.forget(src)
	}
	return nil
}

// forget makes the next call read the source again. Until then Sync fails, unless all that was
// counted is durable.
func (s *Store) forget(src *source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sources[src.id] == src {
		delete(s.sources, src.id)
		s.forgotten[src.id] = src.counted
	}
	for snap := range s.open {
		snap.lost = snap.lost || snap.sources[src.id] != nil
	}
}

// add sends the totals of the cells that a batch has clicks in, and then counts the batch.
func (s *Store) add(ctx context.Context, src *source, b *store.Batch, shards []*shard) error {
	add := newSending(src, shards, s.cluster.write)
	s.mu.Lock()
	add.claim = s.claimed[src.id]
	s.mu.Unlock()
	for i := range b.Cells {
		add.cell(&b.Cells[i])
	}
	s.dropMinutes(ctx, b.MinutesFrom, shards)
	for i := range b.Minutes {
		if b.Minutes[i].Slot >= b.MinutesFrom {
			add.minute(&b.Minutes[i])
		}
	}
	s.mu.Lock()
	s.sending++
	src.sent = max(src.sent, b.To)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sending++
	}()
	if err := add.send(ctx); err != nil {
		return err
	}
	if err := s.addMarks(ctx, b, shards); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	add.tally.journaled, add.tally.late, add.tally.deleted = b.Journaled, b.Late, slices.Clone(b.Deleted)
	add.commit()
	e := epoch{base: b.Epoch, tally: add.tally}
	src.addEpoch(&e)
	src.epoch.tally.add(&add.tally)
	src.end, src.counted, src.known = b.To, b.To, true
	if len(b.Deleted) > 0 {
		s.settleSoon(true)
	}
	return nil
}

// sending is the rows of a batch.
type sending struct {
	src    *source
	shards []*shard
	layout int // the number of shards to write to
	claim  claim
	tally  tally
	cells  []rowsByPartition // by shard
	mins   []rowsByPartition
	totals []total
}

// rowsByPartition is rows of one table and shard.
type rowsByPartition map[int64]*block

// total is a cell's total after the batch.
type total struct {
	in     map[hash]uint64
	hour   int64 // of a minute; in is nil if the hour is new
	key    hash
	clicks uint64
}

func newSending(src *source, shards []*shard, layout int) *sending {
	a := &sending{src: src, layout: layout, shards: shards, cells: make([]rowsByPartition, len(shards)), mins: make([]rowsByPartition, len(shards))}
	for i := range shards {
		a.cells[i], a.mins[i] = rowsByPartition{}, rowsByPartition{}
	}
	return a
}

// cell adds the clicks of a quarter-hour.
func (a *sending) cell(c *rollup.Cell) {
	if c.Clicks == 0 {
		return
	}
	k := hash(c.Key.Hash())
	n := a.src.totals[k] + c.Clicks
	a.totals = append(a.totals, total{in: a.src.totals, key: k, clicks: n})
	a.tally.cells.addCell(&c.Key, c.Clicks)
	a.tally.highest = highestOf(a.tally.highest, c.Scope)
	slot := c.Slot / rollup.QuarterHour
	a.row(a.cells, quarters, &c.Key, slot, n)
}

// minute adds the clicks of a minute.
func (a *sending) minute(c *rollup.Cell) {
	if c.Clicks == 0 {
		return
	}
	hour, k := c.Slot/3600, hash(c.Key.Hash())
	n := a.src.minutes[hour][k] + c.Clicks
	a.totals = append(a.totals, total{in: a.src.minutes[hour], hour: hour, key: k, clicks: n})
	slot := c.Slot / rollup.Minute
	a.row(a.mins, minutes, &c.Key, slot, n)
}

func (a *sending) row(rows []rowsByPartition, g grain, k *rollup.Key, slot int64, clicks uint64) {
	rows[shardOf(a.layout, k.Scope)].add(g, k, slot, a.src, 0, clicks)
}

// add adds a row. For a deletion, the source is empty.
func (p rowsByPartition) add(g grain, k *rollup.Key, slot int64, src *source, deletion, clicks uint64) {
	b := p[slot/g.partition]
	if b == nil {
		b = g.block()
		p[slot/g.partition] = b
	}
	b.add(uint64(k.Scope.User), uint64(k.Scope.Link), uint8(k.Facet), uint32(slot), k.Value, src.id[:], src.start, src.life, deletion, clicks)
}

// send sends the rows to the shards.
func (a *sending) send(ctx context.Context) error {
	errs := make([]error, a.layout)
	var all sync.WaitGroup
	for i, sh := range a.shards[:a.layout] {
		all.Go(func() {
			errs[i] = a.sendRows(ctx, sh, cellsTable, a.cells[i], a.src.switches[i])
			if errs[i] == nil {
				errs[i] = a.sendRows(ctx, sh, minutesTable, a.mins[i], a.src.switches[i])
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// maxSuspended is how long a machine may have been suspended if a process on it sends rows again without
// checking that it still counts the journal. Much later, the rows of its life are swept.
const maxSuspended = time.Hour

// sendRows sends rows to the current replica of a shard. It fails with store.ErrResume if that
// is no longer the one of the epoch, whose number of changes is switches.
func (a *sending) sendRows(ctx context.Context, sh *shard, t *table, rows rowsByPartition, switches uint64) error {
	n, now := sh.use()
	if now != switches {
		return store.ErrResume
	}
	err := rows.send(ctx, n, t, a.claim)
	if isAway(err) && ctx.Err() == nil {
		// It may have died with some of the rows, before another replica fetched them. If it is
		// back, the rows are sent to it again.
		err = rows.send(ctx, n, t, a.claim)
	}
	if err != nil {
		sh.failed(ctx, n, err)
	}
	return err
}

// send sends the rows to a server, some partitions at a time, while the claim is recent.
func (p rowsByPartition) send(ctx context.Context, n *node, t *table, c claim) error {
	all, parts := t.block(), 0
	insert := func() error {
		if !c.isRecent(maxSuspended) {
			return fmt.Errorf("%w: this process did not run for a while", click.ErrUnavailable)
		}
		return n.insert(ctx, t.name, all)
	}
	for _, b := range p {
		if parts == maxInsertParts || parts > 0 && all.rows+b.rows > maxInsertRows {
			if err := insert(); err != nil {
				return err
			}
			all, parts = t.block(), 0
		}
		all.append(b)
		parts++
	}
	return insert()
}

// commit remembers the totals after the batch.
func (a *sending) commit() {
	for _, t := range a.totals {
		in := t.in
		if in == nil {
			if in = a.src.minutes[t.hour]; in == nil {
				in = map[hash]uint64{}
				a.src.minutes[t.hour] = in
			}
		}
		in[t.key] = t.clicks
	}
}
