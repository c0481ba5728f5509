package auth

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// digest is of credentials.
type digest = [32]byte

// memory is whose the credentials were that were good lately. It is safe for
// concurrent use.
type memory struct {
	mu     sync.Mutex
	owners *simplelru.LRU[digest, owner]
	// forgotten is how often something was forgotten. What the store said
	// before may have been wrong since, so that it is remembered no more.
	forgotten uint64
}

// owner is what the store said, and when it was asked.
type owner struct {
	user  store.User
	asked time.Time
}

func newMemory() *memory {
	owners, err := simplelru.NewLRU[digest, owner](cacheSize, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &memory{owners: owners}
}

// recall is the owner of the credentials, where that is not older than CacheAge
// now, or else what remember wants to know.
func (m *memory) recall(d digest, now time.Time) (u store.User, fresh bool, forgotten uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, known := m.owners.Get(d)
	// A clock that was set back must not make an answer live longer.
	age := now.Sub(o.asked)
	return o.user, known && age >= 0 && age < CacheAge, m.forgotten
}

// remember keeps an answer, unless something was forgotten while it came.
func (m *memory) remember(d digest, o owner, forgotten uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forgotten == forgotten {
		m.owners.Add(d, o)
	}
}

// knows tells whether the credentials were good when they were looked at last.
func (m *memory) knows(d digest) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owners.Contains(d)
}

// drop forgets credentials that are none.
func (m *memory) drop(d digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owners.Remove(d)
}

// forget forgets all credentials of a user.
func (m *memory) forget(user click.UserID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forgotten++
	for _, d := range m.owners.Keys() {
		if o, _ := m.owners.Peek(d); o.user.ID == user {
			m.owners.Remove(d)
		}
	}
}
