package storetest

import (
	"context"
	"fmt"
	"maps"
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
	if !m.ofUser(id) {
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
	candidates := append(m.former[gone.ID], gone.Aggregate)
	delete(m.former, gone.ID)
	delete(m.versions, gone.ID)
	maps.DeleteFunc(m.shares, func(_ store.TokenDigest, s store.Share) bool { return s.User == gone.User && s.Link == gone.Hash })
	for _, a := range candidates {
		if m.links[a-1].ID == 0 || slices.ContainsFunc(m.links, func(o store.Link) bool {
			return o.User != click.Nobody && (o.Aggregate == a || slices.Contains(m.former[o.ID], a))
		}) {
			continue
		}
		delete(m.aggregates, m.links[a-1].Hash)
		m.links[a-1] = store.Link{}
		m.pending = append(m.pending, rollup.Scope{Link: a})
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
	maps.DeleteFunc(m.sessions, func(_ store.TokenDigest, s store.Session) bool { return s.User == user })
	maps.DeleteFunc(m.shares, func(_ store.TokenDigest, s store.Share) bool { return s.User == user })
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
