package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"time"

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
		s.claimed[id] = claim{life: c.life}
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
