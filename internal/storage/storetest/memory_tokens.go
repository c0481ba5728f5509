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

type memoryToken struct {
	digest  store.TokenDigest
	user    click.UserID
	created int64
	session bool
}

// AddToken implements store.Users.
func (m *MemoryLinks) AddToken(_ context.Context, user click.UserID, digest store.TokenDigest, created int64) error {
	return m.addToken(memoryToken{digest, user, created, false}, 0)
}

// AddSessionToken implements store.Users.
func (m *MemoryLinks) AddSessionToken(_ context.Context, user click.UserID, digest store.TokenDigest, created int64, keep int) error {
	return m.addToken(memoryToken{digest, user, created, true}, keep)
}

func (m *MemoryLinks) addToken(token memoryToken, keep int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(token.user); err != nil {
		return fmt.Errorf("storetest: add token: %w", err)
	}
	if _, known := m.tokens[token.digest]; known {
		return fmt.Errorf("storetest: add token: %w", click.ErrExists)
	}
	if token.session {
		old := m.tokensOf(token.user, func(t memoryToken) bool { return t.session })
		slices.SortFunc(old, func(a, b memoryToken) int {
			return cmp.Or(cmp.Compare(b.created, a.created), bytes.Compare(b.digest[:], a.digest[:]))
		})
		for _, t := range old[min(max(keep-1, 0), len(old)):] {
			delete(m.tokens, t.digest)
		}
	}
	m.tokens[token.digest] = token
	return nil
}

// tokensOf is the tokens of a user that pass, in any order.
func (m *MemoryLinks) tokensOf(user click.UserID, pass func(memoryToken) bool) (all []memoryToken) {
	for _, t := range m.tokens {
		if t.user == user && pass(t) {
			all = append(all, t)
		}
	}
	return all
}

func every(memoryToken) bool { return true }

// RemoveToken implements store.Users.
func (m *MemoryLinks) RemoveToken(_ context.Context, user click.UserID, digest store.TokenDigest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t, known := m.tokens[digest]; !known || t.user != user {
		return fmt.Errorf("storetest: remove token: %w", click.ErrNotFound)
	}
	delete(m.tokens, digest)
	return nil
}

// RemoveTokens implements store.Users.
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
		delete(m.tokens, t.digest)
	}
	return len(all)
}

// CountTokens implements store.Users.
func (m *MemoryLinks) CountTokens(_ context.Context, user click.UserID) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.tokensOf(user, every)), nil
}

// UserByToken implements store.Users.
func (m *MemoryLinks) UserByToken(_ context.Context, digest store.TokenDigest) (store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.userByID(m.tokens[digest].user)
	if err != nil {
		return store.User{}, fmt.Errorf("storetest: user by token: %w", err)
	}
	return u, nil
}
