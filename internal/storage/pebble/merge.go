package pebble

import (
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// mergerPrefix and mergerVersion are the name of the merge operator, which the
// engine checks before it reads anything.
const mergerPrefix = "footfall.cells.v"

// newMerger returns the operator that adds up vectors.
func newMerger() *pebble.Merger {
	pool := &sync.Pool{}
	pool.New = func() any { return &merge{pool: pool} }
	return &pebble.Merger{
		Name: fmt.Sprintf("%s%d", mergerPrefix, mergerVersion),
		Merge: func(key, value []byte) (pebble.ValueMerger, error) {
			if len(key) == 0 || slots(key[0]) == 0 {
				return nil, fmt.Errorf("key %x holds no vector", key)
			}
			m := pool.Get().(*merge)
			m.slots, m.several = slots(key[0]), false
			m.vector = append(m.vector[:0], value...)
			return m, nil
		},
	}
}

// merge adds up the vectors of one key. Most keys have one vector, which is passed
// on unchecked: readers check it.
type merge struct {
	pool    *sync.Pool
	slots   int
	vector  []byte // the first one, then the result
	several bool
	sums    sums
}

func (m *merge) MergeNewer(value []byte) error { return m.add(value) }
func (m *merge) MergeOlder(value []byte) error { return m.add(value) }

func (m *merge) add(value []byte) error {
	if !m.several {
		m.several = true
		if err := m.sums.add(m.vector, m.slots); err != nil {
			return err
		}
	}
	return m.sums.add(value, m.slots)
}

// Finish returns the sum, which is valid until the merge is closed.
func (m *merge) Finish(bool) ([]byte, io.Closer, error) {
	if m.several {
		m.vector = m.sums.take(m.vector[:0])
	}
	return m.vector, m, nil
}

// Close returns the memory to the pool.
func (m *merge) Close() error {
	m.pool.Put(m)
	return nil
}
