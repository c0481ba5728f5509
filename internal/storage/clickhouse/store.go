// Package clickhouse keeps counts in ClickHouse: store.ClickCounts for many servers of
// footfall that share one cluster. ADR 30 says why it counts as it does.
//
// Each journal is a source of counts. Its clicks are counted in epochs: stretches of the
// journal. For each cell that an epoch has counted there is one row, with the clicks so
// far. Rows replace each other, and the greatest number stays. So a row may be sent any
// number of times, to any replica, and clicks may be counted again after a crash: that
// changes nothing. The clicks of a cell are the sum of its rows, of all epochs and sources.
//
// Where to look:
//
//	address.go, native.go, node.go   an address; the format of rows; one server, over HTTP
//	cluster.go, shard.go, tend.go    the servers; replicas of a shard; those that were away
//	lacking.go, lagging.go           what is missing on some of them
//	starts.go                        which of them were started again
//	schema.go, layout.go             the tables; how scopes are spread over shards
//	store.go, source.go, lives.go    the store; what is known of a journal; who counts it
//	add.go, settle.go, durable.go    adds batches; ends epochs; makes them durable
//	minutes_marks.go                 drops minutes, adds import marks; values in statements
//	questions.go, sum.go             answers
//	progress.go, proof.go            positions and marks; checksums
//	journal.go                       what one journal has added
//	delete.go, take.go, sweep.go     deletions; rows that are removed from ClickHouse
//	exclude.go, snapshot.go          what answers leave out; counts that do not change
package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"
	"golang.org/x/sync/semaphore"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

type logger = *slog.Logger

// Options are the parts of a Store.
type Options struct {
	Address *Address
	// Lock waits for a lock that one server holds at a time, while it deletes. The context that
	// it returns ends if the lock is lost. Lock may be nil if there is one server alone.
	Lock func(ctx context.Context) (held context.Context, release func(), err error)
	// Server is the name of this server, for its note. No other server has it.
	Server string
	Logger *slog.Logger
}

// Store is store.ClickCounts over the tables of a cluster. It is safe for concurrent use. Only
// one process adds the batches of a journal.
type Store struct {
	view
	cluster *cluster
	o       Options
	process [16]byte // a random id
	// Tests shorten it.
	snapshotPatience time.Duration
	ctx              context.Context // of the background
	stop             context.CancelFunc

	// adding is held exclusively while a batch is added, and wherever the sources must not change;
	// questions that must see no part of a batch share it.
	// settling, of 1, is held while epochs are made durable, and removing, of 1, while deletions that they
	// record are carried out.
	adding, settling, removing *semaphore.Weighted
	mu                         sync.Mutex // for what follows
	sources                    map[store.JournalID]*source
	forgotten                  map[store.JournalID]uint64 // what was counted of sources that are not read again yet
	open                       map[*Snapshot]bool
	closed                     chan struct{} // closed and replaced when a snapshot is closed
	// sending increases when a batch begins and when it ends: it is odd while rows are sent.
	sending   uint64
	lastStamp uint64
	// firstBatch has the start of the first batch of each journal of which nothing was known.
	firstBatch       map[store.JournalID]uint64
	excluded         *exclusions // what exclude returned; nil after this process has changed it
	exclusionChanges uint64      // how often this process has
	past             past
	claimed          map[store.JournalID]claim
	triedLife        map[store.JournalID]uint64 // the last life of each journal that was inserted, perhaps without success
	noteSet          atomic.Bool                // since the last Sync
	minutesFrom      int64                      // Unix second; minutes before it were dropped; −1 at first

	// The background; see settleSoon and tendSoon.
	background                          sync.WaitGroup
	due, dueOpen, settlingSoon, tending bool
	unsettled, stopped                  bool
	tended, swept                       time.Time
}

// exclusive is all of Store.adding.
const exclusive = 1 << 30

var _ store.ClickCounts = (*Store)(nil)

// Open opens the counts at an address. It makes the tables if they are missing. It fails with
// store.ErrVersion if they have a newer version. It does not fail while ClickHouse is away: the
// methods fail with click.ErrUnavailable until it is back.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := newStore(newCluster(o.Address, o.Logger), o)
	if _, err := s.shards(ctx); err != nil && !errors.Is(err, click.ErrUnavailable) {
		return nil, fmt.Errorf("store/clickhouse: open: %w", err)
	}
	return s, nil
}

// newStore returns a store over the servers of a cluster.
func newStore(c *cluster, o Options) *Store {
	s := &Store{
		cluster: c, o: o, snapshotPatience: snapshotPatience, closed: make(chan struct{}), minutesFrom: -1,
		sources: map[store.JournalID]*source{}, forgotten: map[store.JournalID]uint64{}, open: map[*Snapshot]bool{}, claimed: map[store.JournalID]claim{}, triedLife: map[store.JournalID]uint64{}, firstBatch: map[store.JournalID]uint64{},
		past:   past{lives: map[store.JournalID]uint64{}},
		adding: semaphore.NewWeighted(exclusive), settling: semaphore.NewWeighted(1), removing: semaphore.NewWeighted(1),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	_, _ = rand.Read(s.process[:]) // never fails
	s.view = view{s: s}
	if o.Lock == nil {
		one := semaphore.NewWeighted(1)
		s.o.Lock = func(ctx context.Context) (context.Context, func(), error) {
			return ctx, func() { one.Release(1) }, one.Acquire(ctx, 1)
		}
	}
	return s
}

// Close implements store.ClickCounts.
func (s *Store) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.stop() // Sync does what the background does
	s.background.Wait()
	err := s.Sync(ctx)
	if err == nil {
		err = s.closeLives(ctx)
	}
	for _, n := range s.cluster.nodes {
		n.client.CloseIdleConnections()
	}
	return err
}

// bucketOf returns the bucket of a scope.
func bucketOf(s rollup.Scope) int {
	b := binary.BigEndian.AppendUint64(nil, uint64(s.User))
	return int(xxh3.Hash(binary.BigEndian.AppendUint64(b, uint64(s.Link))) % buckets)
}

// shards returns the shards.
func (s *Store) shards(ctx context.Context) ([]*shard, error) {
	shards, err := s.cluster.connect(ctx)
	if err == nil {
		err = s.setStamp(ctx, shards)
	}
	if err == nil {
		s.tendSoon(shards)
	}
	return shards, err
}

// meta returns the shard with the tables other than cells and minutes.
func meta(shards []*shard) *shard { return shards[0] }

// wrap is deferred by every method. It wraps *err, if it is not nil, with the operation.
func wrap(operation string, err *error) {
	if *err != nil {
		*err = fmt.Errorf("store/clickhouse: %s: %w", operation, *err)
	}
}

// setStamp makes stamps greater than those of notes and marks that are there: the clock may have
// been set back.
func (s *Store) setStamp(ctx context.Context, shards []*shard) error {
	s.mu.Lock()
	set := s.lastStamp > 0
	s.mu.Unlock()
	if set {
		return nil
	}
	last := uint64(1)
	for _, question := range []string{
		"SELECT max(version) FROM meta WHERE startsWith(name, '" + noteName + "')",
		"SELECT max(version) FROM marks",
	} {
		answers, err := meta(shards).ask(ctx, question)
		if err != nil {
			return err
		}
		for _, a := range answers {
			for i := range a.rows {
				last = max(last, a.numbers[0][i])
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastStamp = max(s.lastStamp, last)
	return nil
}

// stamp returns a version for a row. It is greater than the earlier ones of this process, and,
// as far as clocks agree, than those of other processes.
func (s *Store) stamp() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastStamp = max(s.lastStamp+1, uint64(time.Now().UnixMicro()))
	return s.lastStamp
}
