package storetest

import (
	"cmp"
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// MakeLink implements store.Links.
func (m *MemoryLinks) MakeLink(ctx context.Context, n store.NewLink) (store.Link, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, made, err := m.makeLink(ctx, n)
	if err != nil {
		return store.Link{}, false, fmt.Errorf("storetest: make link: %w", err)
	}
	return l, made, nil
}

func (m *MemoryLinks) makeLink(ctx context.Context, n store.NewLink) (store.Link, bool, error) {
	if err := ctx.Err(); err != nil {
		return store.Link{}, false, err
	}
	if err := n.Check(); err != nil {
		return store.Link{}, false, err
	}
	u, err := m.userByID(n.User)
	if err != nil {
		return store.Link{}, false, err
	}
	if l, ok := m.oldestOf(n.User, n.LongURL); ok {
		return l, false, nil
	}
	if n.Hash == n.AggregateHash || m.taken(n.Hash) || m.taken(n.AggregateHash) {
		return store.Link{}, false, click.ErrExists
	}
	aggregate := n.AggregateHash
	if a, ok := m.aggregateToJoin(n.User, n.LongURL); ok {
		aggregate = a.Hash
	}
	m.addLink(&store.ForeignLink{
		Login: u.Login, Hash: n.Hash, AggregateHash: aggregate, LongURL: n.LongURL, Created: n.Created,
	})
	made := &m.links[m.hashes[n.Hash]-1]
	made.LinkDetails = n.LinkDetails
	return *made, true, nil
}

// aggregateToJoin is the aggregate link for a user's link to the long URL.
func (m *MemoryLinks) aggregateToJoin(user click.UserID, longURL string) (store.Link, bool) {
	return m.oldestLink(func(l *store.Link) bool {
		same := m.hashes[l.Hash]
		return l.User == click.Nobody && l.LongURL == longURL && (same == 0 || m.links[same-1].VisibleTo(user))
	})
}

// oldestOf is the user's oldest link of the long URL, or its oldest aggregate link for
// click.Nobody.
func (m *MemoryLinks) oldestOf(user click.UserID, longURL string) (oldest store.Link, ok bool) {
	return m.oldestLink(func(l *store.Link) bool { return l.User == user && l.LongURL == longURL })
}

// oldestLink is the oldest of the links that pass.
func (m *MemoryLinks) oldestLink(pass func(*store.Link) bool) (oldest store.Link, ok bool) {
	for _, l := range m.links {
		if l.ID == 0 || !pass(&l) {
			continue
		}
		if !ok || cmp.Or(cmp.Compare(l.Created, oldest.Created), cmp.Compare(l.Hash, oldest.Hash)) < 0 {
			oldest, ok = l, true
		}
	}
	return oldest, ok
}

func (m *MemoryLinks) taken(name click.Hash) bool {
	return m.hashes[name] != 0 || m.aggregates[name] != 0 || m.firstKeyword(func(k memoryKeyword) bool { return sameName(k.name, name) }) != 0
}
