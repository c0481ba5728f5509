package links

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Creations counts links as if they were clicks at the time when they were made, so that
// package metrics can answer questions about them. Scopes are of users, and the only facet
// is rollup.All.
type Creations struct {
	Links store.Links
	// Tag is that of the links which are counted; empty counts all links.
	Tag string
}

// Counts is as in store.Questions.
func (m Creations) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	made, err := m.Links.CountLinks(ctx, q.Scope.User, m.Tag, q.Edges)
	if err != nil {
		return nil, err
	}
	var counts []store.Count
	for i := len(made) - 1; i >= 0 && (q.Newest == 0 || len(counts) < q.Newest); i-- {
		if made[i] > 0 {
			counts = append(counts, store.Count{Interval: i, Clicks: made[i]})
		}
	}
	return counts, nil
}

// First is the time at which the user's first link was made, to the second.
func (m Creations) First(ctx context.Context, s rollup.Scope, _ rollup.Facet) (int64, bool, error) {
	return m.Links.FirstLink(ctx, s.User, m.Tag)
}

// Snapshot fails: only questions by value need it, and links have no values.
func (m Creations) Snapshot(context.Context) (store.Snapshot, error) {
	return nil, fmt.Errorf("a snapshot of link creations: %w", errors.ErrUnsupported)
}
