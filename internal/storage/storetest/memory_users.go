package storetest

import (
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// ImportUsers implements store.Users.
func (m *MemoryLinks) ImportUsers(_ context.Context, users []store.ForeignUser) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range users {
		if err := users[i].Check(); err != nil {
			return fmt.Errorf("storetest: import users: %w", err)
		}
	}
	for _, u := range users {
		if m.logins[u.Login] == 0 {
			id := m.addUser(u.Login, u.Created).ID
			m.users[id-1].FullName = u.FullName
		}
	}
	return nil
}

// Logins implements store.Users.
func (m *MemoryLinks) Logins(_ context.Context, ids []click.UserID) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	logins := make([]string, len(ids))
	for i, id := range ids {
		if u, err := m.userByID(id); err == nil {
			logins[i] = u.Login
		}
	}
	return logins, nil
}

// SetFullName implements store.Users.
func (m *MemoryLinks) SetFullName(_ context.Context, user click.UserID, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name != "" {
		if err := store.CheckText("full name", name); err != nil {
			return fmt.Errorf("storetest: set full name: %w", err)
		}
	}
	if _, err := m.userByID(user); err != nil {
		return fmt.Errorf("storetest: set full name: %w", err)
	}
	m.users[user-1].FullName = name
	return nil
}

// SetKeyVersion implements store.Users.
func (m *MemoryLinks) SetKeyVersion(_ context.Context, user click.UserID, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(user); err != nil {
		return fmt.Errorf("storetest: set key version: %w", err)
	}
	m.users[user-1].KeyVersion = version
	return nil
}

// SetAdmin implements store.Users.
func (m *MemoryLinks) SetAdmin(_ context.Context, user click.UserID, admin bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(user); err != nil {
		return fmt.Errorf("storetest: set admin: %w", err)
	}
	m.users[user-1].Admin = admin
	return nil
}

// SetDisabled implements store.Users.
func (m *MemoryLinks) SetDisabled(_ context.Context, user click.UserID, disabled bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.userByID(user); err != nil {
		return fmt.Errorf("storetest: set disabled: %w", err)
	}
	m.users[user-1].Disabled = disabled
	return nil
}

// SetPassword implements store.Users.
func (m *MemoryLinks) SetPassword(_ context.Context, user click.UserID, proof string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := store.CheckText("password", proof); err != nil {
		return fmt.Errorf("storetest: set password: %w", err)
	}
	if _, err := m.userByID(user); err != nil {
		return fmt.Errorf("storetest: set password: %w", err)
	}
	m.proofs[user] = proof
	return nil
}

// Password implements store.Users.
func (m *MemoryLinks) Password(_ context.Context, user click.UserID) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	proof, ok := m.proofs[user]
	if !ok {
		return "", fmt.Errorf("storetest: password: %w", click.ErrNotFound)
	}
	return proof, nil
}

// Secret implements store.Users.
func (m *MemoryLinks) Secret(_ context.Context, offer [32]byte) ([32]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secret == nil {
		m.secret = &offer
	}
	return *m.secret, nil
}
