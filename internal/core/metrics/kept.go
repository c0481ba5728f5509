package metrics

import (
	"context"
	"encoding/binary"
	"strings"
	"sync"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// keptBytes bounds the memory of what a kept snapshot has read.
	keptBytes = 4 << 20
	// countBytes is the memory of a count in addition to its value.
	countBytes = 40
)

// kept is a snapshot that stays open after Close, and remembers its sums. Several lists are
// made of the same one: devices, browsers, systems and sources are all of the agents. It is
// safe for concurrent use.
type kept struct {
	Snapshot
	mu    sync.Mutex
	sums  map[string][]store.Count
	bytes int // of sums
}

// Close leaves the snapshot open.
func (k *kept) Close() error { return nil }

// Sum implements Snapshot. A sum that does not fit into keptBytes is not remembered, nor one by
// link: it is often large, and there is one list of it.
func (k *kept) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) error {
	if q.Facet == rollup.Link {
		return k.Snapshot.Sum(ctx, q, f)
	}
	key := keyOf(&q)
	k.mu.Lock()
	list, known := k.sums[key]
	room := keptBytes - k.bytes
	k.mu.Unlock()
	if known {
		for _, c := range list {
			if err := f(c); err != nil {
				return err
			}
		}
		return nil
	}
	size := len(key)
	err := k.Snapshot.Sum(ctx, q, func(c store.Count) error {
		if size += len(c.Value) + countBytes; size <= room {
			list = append(list, store.Count{Interval: c.Interval, Value: strings.Clone(c.Value), Clicks: c.Clicks})
		} else {
			list = nil
		}
		return f(c)
	})
	if err != nil || size > room {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.sums[key]; !known && k.bytes+size <= keptBytes {
		k.sums[key] = list
		k.bytes += size
	}
	return nil
}

// keyOf is a text that is the same for sums with the same counts.
func keyOf(q *store.Sum) string {
	b := make([]byte, 0, 64)
	b = append(b, byte(q.Facet))
	b = binary.AppendUvarint(b, uint64(len(q.Edges)))
	for _, e := range q.Edges {
		b = binary.AppendVarint(b, e)
	}
	for _, p := range q.Parts {
		b = binary.AppendUvarint(b, uint64(p.Scope.User))
		b = binary.AppendUvarint(b, uint64(p.Scope.Link))
		b = binary.AppendVarint(b, p.Since)
	}
	return string(b)
}
