package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// DeleteLink implements store.Links. A deleted link leaves an empty element, because the
// index is the id.
func (m *MemoryLinks) DeleteLink(_ context.Context, id click.LinkID) (r store.DeletedRows, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id < 1 || id > click.LinkID(len(m.links)) || m.links[id-1].User == click.Nobody {
		return r, fmt.Errorf("storetest: delete link: %w", click.ErrNotFound)
	}
	m.pending = append(m.pending, rollup.Scope{User: m.links[id-1].User, Link: id})
	m.deleteLink(&m.links[id-1], &r)
	return r, nil
}

func (m *MemoryLinks) deleteLink(l *store.Link, r *store.DeletedRows) {
	gone := *l
	delete(m.hashes, gone.Hash)
	*l = store.Link{}
	r.Links++
	r.Keywords += m.removeKeywords(func(k memoryKeyword) bool { return m.keywords[k] == gone.ID })
	if !slices.ContainsFunc(m.links, func(o store.Link) bool { return o.User != click.Nobody && o.Aggregate == gone.Aggregate }) {
		delete(m.aggregates, gone.AggregateHash)
		m.links[gone.Aggregate-1] = store.Link{}
		m.pending = append(m.pending, rollup.Scope{Link: gone.Aggregate})
		r.Aggregates++
	}
}

// DeleteUser implements store.Users.
func (m *MemoryLinks) DeleteUser(_ context.Context, user click.UserID) (r store.DeletedRows, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.userByID(user)
	if err != nil {
		return r, fmt.Errorf("storetest: delete user: %w", err)
	}
	for i := range m.links {
		if m.links[i].User == user {
			m.deleteLink(&m.links[i], &r)
		}
	}
	r.Tokens = m.removeTokens(user)
	delete(m.proofs, user)
	delete(m.logins, u.Login)
	m.users[user-1] = store.User{}
	m.pending = append(m.pending, rollup.Scope{User: user})
	r.Users++
	return r, nil
}

// Deletions implements store.Links.
func (m *MemoryLinks) Deletions(_ context.Context, limit int) ([]rollup.Scope, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pending[:min(max(limit, 0), len(m.pending))]), nil
}

// FinishDeletions implements store.Links.
func (m *MemoryLinks) FinishDeletions(_ context.Context, scopes []rollup.Scope) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = slices.DeleteFunc(m.pending, func(s rollup.Scope) bool { return slices.Contains(scopes, s) })
	return nil
}
