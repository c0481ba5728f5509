package metrics

import (
	"context"

	"github.com/footfall/footfall/internal/storage/store"
)

// At returns Metrics whose answers are all about the counts as they are now, until close is
// called. So several answers agree with each other, while clicks go on being counted. They
// also share what they read, up to keptBytes: see kept.
func (m *Metrics) At(ctx context.Context) (at *Metrics, close func() error, err error) {
	s, err := m.snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	k := &kept{Snapshot: s, sums: map[string][]store.Count{}}
	return &Metrics{k, func(context.Context) (Snapshot, error) { return k, nil }, m.all}, s.Close, nil
}
