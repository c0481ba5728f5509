package storetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddToken implements store.Tokens.
func (m *MemoryLinks) AddToken(_ context.Context, token store.Token, keep int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if token.Name != "" {
		if err := store.CheckText("name", token.Name); err != nil {
			return fmt.Errorf("storetest: add token: %w", err)
		}
	}
	if _, err := m.userByID(token.User); err != nil {
		return fmt.Errorf("storetest: add token: %w", err)
	}
	if _, known := m.tokens[token.Digest]; known {
		return fmt.Errorf("storetest: add token: %w", click.ErrExists)
	}
	if token.Session {
		old := m.tokensOf(token.User, func(t store.Token) bool { return t.Session })
		slices.SortFunc(old, func(a, b store.Token) int {
			return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(b.Digest[:], a.Digest[:]))
		})
		for _, t := range old[min(max(keep-1, 0), len(old)):] {
			delete(m.tokens, t.Digest)
		}
	}
	m.tokens[token.Digest] = token
	return nil
}

// TouchTokens implements store.Tokens.
func (m *MemoryLinks) TouchTokens(_ context.Context, used map[store.TokenDigest]int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for digest, at := range used {
		if t, known := m.tokens[digest]; known && at > t.Used {
			t.Used = at
			m.tokens[digest] = t
		}
	}
	return nil
}

// ListTokens implements store.Tokens.
func (m *MemoryLinks) ListTokens(_ context.Context, user click.UserID, limit int) ([]store.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.tokensOf(user, every)
	slices.SortFunc(all, func(a, b store.Token) int {
		switch {
		case a.Session != b.Session && b.Session:
			return -1
		case a.Session != b.Session:
			return 1
		}
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return all[:min(max(limit, 0), len(all))], nil
}

// tokensOf is the tokens of a user that pass, in any order.
func (m *MemoryLinks) tokensOf(user click.UserID, pass func(store.Token) bool) (all []store.Token) {
	for _, t := range m.tokens {
		if t.User == user && pass(t) {
			all = append(all, t)
		}
	}
	return all
}

func every(store.Token) bool { return true }

// RemoveToken implements store.Tokens.
func (m *MemoryLinks) RemoveToken(_ context.Context, user click.UserID, digest store.TokenDigest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, known := m.tokens[digest]; !known || t.User != user {
		return fmt.Errorf("storetest: remove token: %w", click.ErrNotFound)
	}
	delete(m.tokens, digest)
	return nil
}

// RemoveTokens implements store.Tokens.
func (m *MemoryLinks) RemoveTokens(_ context.Context, user click.UserID) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(user); err != nil {
		return 0, fmt.Errorf("storetest: remove tokens: %w", err)
	}
	return m.removeTokens(user), nil
}

func (m *MemoryLinks) removeTokens(user click.UserID) int {
	all := m.tokensOf(user, every)
	for _, t := range all {
		delete(m.tokens, t.Digest)
	}
	return len(all)
}

// CountTokens implements store.Tokens.
func (m *MemoryLinks) CountTokens(_ context.Context, user click.UserID) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.tokensOf(user, every)), nil
}

// UserByToken implements store.Tokens.
func (m *MemoryLinks) UserByToken(_ context.Context, digest store.TokenDigest) (store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.userByID(m.tokens[digest].User)
	if err != nil {
		return store.User{}, fmt.Errorf("storetest: user by token: %w", err)
	}
	return u, nil
}
