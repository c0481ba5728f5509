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

// AddShare implements store.Shares.
func (m *MemoryLinks) AddShare(_ context.Context, s store.Share) error {
	if err := s.Check(); err != nil {
		return fmt.Errorf("storetest: add share: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.userByID(s.User)
	if err == nil && s.Link != "" {
		if id := m.hashes[s.Link]; id == 0 || m.links[id-1].User != s.User {
			err = click.ErrNotFound
		}
	}
	if _, known := m.shares[s.Digest]; err == nil && known {
		err = click.ErrExists
	}
	if err != nil {
		return fmt.Errorf("storetest: add share: %w", err)
	}
	m.shares[s.Digest] = s
	return nil
}

// Share implements store.Shares.
func (m *MemoryLinks) Share(_ context.Context, digest store.TokenDigest) (store.Share, store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shares[digest]
	u, err := m.userByID(s.User)
	if err != nil {
		return store.Share{}, store.User{}, fmt.Errorf("storetest: share: %w", err)
	}
	return s, u, nil
}

// TouchShare implements store.Shares.
func (m *MemoryLinks) TouchShare(_ context.Context, digest store.TokenDigest, used int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, known := m.shares[digest]; known {
		s.Used = used
		m.shares[digest] = s
	}
	return nil
}

// ListShares implements store.Shares.
func (m *MemoryLinks) ListShares(_ context.Context, user click.UserID) (all []store.Share, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.shares {
		if s.User == user {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b store.Share) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return all, nil
}

// RemoveShare implements store.Shares.
func (m *MemoryLinks) RemoveShare(_ context.Context, user click.UserID, digest store.TokenDigest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, known := m.shares[digest]; !known || s.User != user {
		return fmt.Errorf("storetest: remove share: %w", click.ErrNotFound)
	}
	delete(m.shares, digest)
	return nil
}
