package pebble

import (
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// apply writes a batch. Readers see all of it or nothing. s.write must be held. If
// the disk fails and the engine's memory is full, apply fails: the engine would
// block until the disk recovers, and Close with it.
//
// The engine may flush a batch before the batch is visible: a batch larger than
// half a table at once, another one between two steps. A flush writes one entry for
// each key, unless an open snapshot needs an older one. Without the snapshot here,
// readers would find neither the new entry, which is not visible yet, nor the one
// that it replaced.
func (s *Store) apply(batch *pebble.Batch) error {
	if s.faults.active() && s.inMemory.Load() >= (memTables-3)*s.memTable {
		return fmt.Errorf("memory is full until it is written to the disk: %w", s.failing.last())
	}
	s.inMemory.Add(int64(batch.Len()) + int64(batch.Count())*entryOverhead)
	closed := s.snapshots.add()
	shown := s.db.NewSnapshot()
	err := s.db.Apply(batch, pebble.NoSync)
	s.shown.close(func() {
		_ = shown.Close() // fails only if it is closed already
		closed()
	})
	return err
}

// set applies a batch of one value.
func (s *Store) set(key, value []byte) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	if err := batch.Set(key, value, nil); err != nil {
		return err
	}
	return s.apply(batch)
}

// closer closes snapshots in the background: the engine may wait for the disk
// there, and apply must not.
type closer struct {
	mu      sync.Mutex
	list    []func()
	closing sync.WaitGroup // the one goroutine that goes through the list
}

// close calls f soon, after those before it.
func (c *closer) close(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list = append(c.list, f); len(c.list) == 1 {
		c.closing.Go(c.run)
	}
}

func (c *closer) run() {
	for more := true; more; {
		c.mu.Lock()
		first := c.list[0]
		c.mu.Unlock()
		first()
		c.mu.Lock()
		c.list[0] = nil
		c.list = c.list[1:]
		more = len(c.list) > 0
		c.mu.Unlock()
	}
}

// wait returns when all are closed. close must not be called meanwhile.
func (c *closer) wait() { c.closing.Wait() }
