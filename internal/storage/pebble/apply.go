package pebble

import (
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// apply has the engine count a batch, as a whole for all who read. s.write must
// be held. Where the disk fails and the engine has as much in memory as it may,
// that is an error: the engine would wait for the disk, and whoever stops the
// store with it.
//
// The engine may flush a batch before it shows it: at once where the batch takes
// more than half of a table in memory, and between two steps otherwise. What a
// flush writes of a key is one entry, unless a snapshot is open that needs an
// older one. Without the snapshot here, readers would find neither the new
// entry, which they are not to see yet, nor what it replaced.
func (s *Store) apply(batch *pebble.Batch) error {
	if s.trouble.active() && s.inMemory.Load() >= (memTables-3)*s.memTable {
		return fmt.Errorf("no more fits into memory until the disk takes what is in it: %w", s.failing.last())
	}
	s.inMemory.Add(int64(batch.Len()) + int64(batch.Count())*entryOverhead)
	closed := s.snapshots.add()
	shown := s.db.NewSnapshot()
	err := s.db.Apply(batch, pebble.NoSync)
	s.shown.close(func() {
		_ = shown.Close() // it cannot fail but for one that is closed
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

// closer closes snapshots that are needed no more. The engine may let that wait
// for the disk, and whoever writes batches must not wait.
type closer struct {
	mu      sync.Mutex
	list    []func()
	closing sync.WaitGroup // of the one goroutine that goes through the list
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

// wait returns when all are closed. There must be no new ones meanwhile.
func (c *closer) wait() { c.closing.Wait() }
