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

// AddSession implements store.Sessions.
func (m *MemoryLinks) AddSession(_ context.Context, s store.Session, keep int) error {
	for what, text := range map[string]string{"agent": s.Agent, "place": s.Place} {
		if text != "" {
			if err := store.CheckText(what, text); err != nil {
				return fmt.Errorf("storetest: add session: %w", err)
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(s.User); err != nil {
		return fmt.Errorf("storetest: add session: %w", err)
	}
	if _, known := m.sessions[s.Digest]; known {
		return fmt.Errorf("storetest: add session: %w", click.ErrExists)
	}
	others := m.sessionsOf(s.User, s.Kind)
	m.sessions[s.Digest] = s
	// Newest first, except that of one second the higher digest is newer here.
	slices.SortFunc(others, func(a, b store.Session) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(b.Digest[:], a.Digest[:]))
	})
	for _, o := range others[min(max(keep-1, 0), len(others)):] {
		delete(m.sessions, o.Digest)
	}
	return nil
}

// sessionsOf is the sessions of a user, newest first.
func (m *MemoryLinks) sessionsOf(user click.UserID, kind store.SessionKind) (all []store.Session) {
	for _, s := range m.sessions {
		if s.User == user && s.Kind == kind {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b store.Session) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return all
}

// Session implements store.Sessions.
func (m *MemoryLinks) Session(_ context.Context, kind store.SessionKind, digest store.TokenDigest) (store.Session, store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sessions[digest]
	u, err := m.userByID(s.User)
	if err == nil && s.Kind != kind {
		err = click.ErrNotFound
	}
	if err != nil {
		return store.Session{}, store.User{}, fmt.Errorf("storetest: session: %w", err)
	}
	return s, u, nil
}

// TouchSession implements store.Sessions.
func (m *MemoryLinks) TouchSession(_ context.Context, digest store.TokenDigest, used int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, known := m.sessions[digest]; known {
		s.Used = used
		m.sessions[digest] = s
	}
	return nil
}

// ListSessions implements store.Sessions.
func (m *MemoryLinks) ListSessions(_ context.Context, user click.UserID, kind store.SessionKind) ([]store.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sessionsOf(user, kind), nil
}

// RemoveSession implements store.Sessions.
func (m *MemoryLinks) RemoveSession(_ context.Context, user click.UserID, digest store.TokenDigest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, known := m.sessions[digest]; !known || s.User != user {
		return fmt.Errorf("storetest: remove session: %w", click.ErrNotFound)
	}
	delete(m.sessions, digest)
	return nil
}

// RemoveSessions implements store.Sessions.
func (m *MemoryLinks) RemoveSessions(_ context.Context, user click.UserID, kind store.SessionKind, except store.TokenDigest) (removed int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sessionsOf(user, kind) {
		if s.Digest != except {
			delete(m.sessions, s.Digest)
			removed++
		}
	}
	return removed, nil
}
