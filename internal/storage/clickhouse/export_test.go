package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"time"
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
