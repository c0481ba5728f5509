package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"time"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Column is a column of an answer.
type Column struct {
	Numbers []uint64
	Texts   []string
}

// Encode returns a block of rows in the format Native.
func Encode(columns []string, rows ...[]any) []byte {
	b := newBlock(columns...)
	for _, r := range rows {
		b.add(r...)
	}
	return b.encode()
}

// Read reads a block; the rest follows it.
func Read(b []byte) (columns []Column, rest []byte, err error) {
	r := bufio.NewReader(bytes.NewReader(b))
	a, err := readAnswer(r)
	if err != nil {
		return nil, nil, err
	}
	for i := range a.numbers {
		columns = append(columns, Column{a.numbers[i], a.texts[i]})
	}
	rest = make([]byte, len(b))
	n, _ := r.Read(rest)
	return columns, rest[:n], nil
}

// Ask sends a question to a server. After a time it pings the server, which must answer in
// pingTimeout.
func Ask(ctx context.Context, a *Address, pingAfter, pingTimeout time.Duration) (rows int, err error) {
	n := newNode(a, a.Hosts[0])
	n.pingAfter, n.pingTimeout = pingAfter, pingTimeout
	err = n.query(ctx, "SELECT 1", func(a *answer) error {
		rows += a.rows
		return nil
	})
	return rows, err
}

// Insert inserts a row.
func Insert(ctx context.Context, a *Address) error {
	n := newNode(a, a.Hosts[0])
	b := newBlock("n UInt8")
	b.add(uint8(1))
	return n.insert(ctx, "t", b)
}

// IsAway reports whether another replica is asked after the error.
func IsAway(err error) bool { return isAway(err) }

// Kill ends a store as kill -9 of the process does: nothing is made durable. Its background may
// go on.
func (s *Store) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
}

// Prefer makes one of the replicas of each shard the current one.
func (s *Store) Prefer(replica int) {
	for _, sh := range *s.cluster.shards.Load() {
		sh.mu.Lock()
		sh.current = replica
		sh.mu.Unlock()
	}
}

// Sweep removes the rows that were dead or deleted before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error { return s.sweep(ctx, before) }

// Hurry makes the next call look after servers that were away, read what answers leave out, and
// check that no other process counts the journals, although little time has passed.
func (s *Store) Hurry() {
	s.excludeAgain()
	s.mu.Lock()
	s.tended = time.Time{}
	for id, c := range s.claimed {
		s.claimed[id] = claim{life: c.life, begin: c.begin}
	}
	s.mu.Unlock()
	_ = s.cluster.asking.Acquire(context.Background(), 1)
	s.cluster.next = time.Time{}
	s.cluster.asking.Release(1)
}

// Forgotten reports whether what was counted of a journal was forgotten, and is not read again yet.
func (s *Store) Forgotten(id store.JournalID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, forgotten := s.forgotten[id]
	return forgotten
}

// Current returns the number of the replica of each shard that is written to and read from.
func (s *Store) Current() (current []int) {
	for _, sh := range *s.cluster.shards.Load() {
		sh.mu.Lock()
		current = append(current, sh.current+1)
		sh.mu.Unlock()
	}
	return current
}

// Forget makes the next call read a journal again, as after a change of replicas.
func (s *Store) Forget(id store.JournalID) {
	s.mu.Lock()
	src := s.sources[id]
	s.mu.Unlock()
	s.forget(src)
}

// PrepareDeletion returns a function that inserts the first row of a deletion with a number of now.
func (s *Store) PrepareDeletion(ctx context.Context, scopes []rollup.Scope) (insert func() error, err error) {
	d := &deletion{number: s.stamp(), scopes: scopes}
	if d.cutoff, err = s.cutoff(ctx); err != nil {
		return nil, err
	}
	shards, err := s.shards(ctx)
	return func() error { return s.insertDeletion(ctx, shards, d, deletionBegun) }, err
}

// Rows returns a function that counts the clicks in the rows that the snapshot shows now.
func (snap *Snapshot) Rows(ctx context.Context, scope rollup.Scope) (clicks func() (uint64, error), err error) {
	r, err := snap.reading(ctx)
	return func() (sum uint64, err error) {
		answers, err := r.ask(ctx, scope, "SELECT sum(clicks) FROM cells FINAL WHERE "+scopeIs(scope)+" AND facet = 1%s")
		for _, a := range answers {
			for i := range a.rows {
				sum += a.numbers[0][i]
			}
		}
		return sum, err
	}, err
}

// Fetch makes a replica fetch what it lacks after it was away, or, with empty, after its tables were
// made again. It first passes on a function that does what a failed request does. Fetch returns what the
// replica lacks after that.
func Fetch(ctx context.Context, a *Address, empty bool, leave func(leave func())) (rows, all bool, err error) {
	n := newNode(a, a.Hosts[0])
	n.replicated, n.shard = true, 1
	n.lacks.set(empty)
	leave(func() { n.lacks.set(false) })
	err = n.fetch(ctx)
	return n.lacks.rows(), n.lacks.all(), err
}

// Replicas is a shard of two replicas.
type Replicas struct{ s *shard }

// NewReplicas returns a shard whose first replica has new tables, which have fetched nothing.
func NewReplicas(first, second *Address) Replicas {
	s := &shard{}
	for i, a := range []*Address{first, second} {
		n := newNode(a, a.Hosts[0])
		n.replicated, n.shard, n.replicas = true, 1, 2
		n.known.Store(true)
		if i == 0 {
			n.lacks.set(true)
		}
		s.replicas = append(s.replicas, n)
	}
	return Replicas{s}
}

// Ask sends a question to the shard.
func (r Replicas) Ask(ctx context.Context) (rows int, err error) {
	answers, err := r.s.ask(ctx, "SELECT 1")
	for _, a := range answers {
		rows += a.rows
	}
	return rows, err
}

// Fetch waits until the first replica has fetched what it lacks, and prefers it again.
func (r Replicas) Fetch(ctx context.Context) error {
	err := r.s.replicas[0].fetch(ctx)
	r.s.chooseFirst()
	return err
}
