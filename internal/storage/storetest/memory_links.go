package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// LinkStore is an engine for links and users.
type LinkStore interface {
	store.Links
	store.Users
}

// MemoryLinks is the model of store.Links and store.Users: maps and a mutex. It is
// lost with the process.
type MemoryLinks struct {
	mu     sync.Mutex
	users  []store.User // by id, from 1 on
	logins map[string]click.UserID
	tokens map[store.TokenDigest]store.Token
	// sessions and shares are by digest, too.
	sessions map[store.TokenDigest]store.Session
	shares   map[store.TokenDigest]store.Share
	proofs   map[click.UserID]string
	secret   *[32]byte

	links      []store.Link // by id, from 1 on
	hashes     map[click.Hash]click.LinkID
	aggregates map[click.Hash]click.LinkID
	keywords   map[memoryKeyword]click.LinkID
	oldest     map[click.Hash]click.LinkID // by keyword, on any domain
	ages       []memoryKeyword             // oldest first

	former   map[click.LinkID][]click.LinkID  // aggregate links that a link had
	versions map[click.LinkID][]store.Version // of links that led elsewhere, oldest first

	pending []rollup.Scope // deletions
}

type memoryKeyword struct {
	domain string
	name   click.Hash
}

var _ LinkStore = (*MemoryLinks)(nil)

// NewMemoryLinks returns an empty model.
func NewMemoryLinks() *MemoryLinks {
	return &MemoryLinks{
		logins:     make(map[string]click.UserID),
		tokens:     make(map[store.TokenDigest]store.Token),
		sessions:   make(map[store.TokenDigest]store.Session),
		shares:     make(map[store.TokenDigest]store.Share),
		proofs:     make(map[click.UserID]string),
		hashes:     make(map[click.Hash]click.LinkID),
		aggregates: make(map[click.Hash]click.LinkID),
		keywords:   make(map[memoryKeyword]click.LinkID),
		oldest:     make(map[click.Hash]click.LinkID),
		former:     make(map[click.LinkID][]click.LinkID),
		versions:   make(map[click.LinkID][]store.Version),
	}
}

// ImportLinks implements store.Links.
func (m *MemoryLinks) ImportLinks(ctx context.Context, links []store.ForeignLink) ([]store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("storetest: import links: %w", err)
	}
	for i := range links {
		if err := links[i].Check(); err != nil {
			return nil, fmt.Errorf("storetest: import links: link %d of the batch: %w", i+1, err)
		}
	}
	answer := make([]store.Link, len(links))
	for i := range links {
		answer[i].ID = m.importLink(&links[i])
	}
	for i := range answer { // after all were imported
		answer[i] = m.links[answer[i].ID-1]
	}
	return answer, nil
}

func (m *MemoryLinks) importLink(f *store.ForeignLink) click.LinkID {
	if m.hashes[f.Hash] == 0 {
		m.addLink(f)
	}
	id := m.hashes[f.Hash]
	if l := &m.links[id-1]; m.logins[f.Login] == l.User {
		f.Describe(l)
	}
	if k := (memoryKeyword{strings.ToLower(f.Domain), f.Keyword}); f.Keyword != "" && m.keywords[k] == 0 {
		m.addKeyword(k, id)
	}
	return id
}

func (m *MemoryLinks) addKeyword(k memoryKeyword, id click.LinkID) {
	m.keywords[k] = id
	m.ages = append(m.ages, k)
	if m.oldest[k.name] == 0 {
		m.oldest[k.name] = id
	}
}

func (m *MemoryLinks) addLink(f *store.ForeignLink) {
	if m.logins[f.Login] == 0 {
		m.addUser(f.Login, f.Created)
	}
	if hash := f.Aggregate(); m.aggregates[hash] == 0 {
		m.addAggregate(hash, f.LongURL, f.Created)
	}
	id := m.nextLink()
	m.hashes[f.Hash] = id
	details, modified := f.NewDetails()
	m.links = append(m.links, store.Link{
		ID: id, User: m.logins[f.Login], Hash: f.Hash,
		Aggregate: m.aggregates[f.Aggregate()], AggregateHash: f.Aggregate(),
		LongURL: f.LongURL, Created: f.Created, Modified: modified, LinkDetails: details,
	})
	for i, v := range f.History() {
		v.Number = int64(i + 1)
		m.versions[id] = append(m.versions[id], v)
		if v.AggregateHash == "" {
			continue
		}
		if m.aggregates[v.AggregateHash] == 0 {
			m.addAggregate(v.AggregateHash, v.LongURL, v.Since)
		}
		if a := m.aggregates[v.AggregateHash]; a != m.links[id-1].Aggregate {
			m.former[id] = append(m.former[id], a)
		}
	}
}

func (m *MemoryLinks) addAggregate(hash click.Hash, longURL string, created int64) store.Link {
	id := m.nextLink()
	m.aggregates[hash] = id
	m.links = append(m.links, store.Link{
		ID: id, Hash: hash, Aggregate: id, AggregateHash: hash, LongURL: longURL,
		Created: created, Modified: created, LinkDetails: store.LinkDetails{UserTS: created},
	})
	return m.links[id-1]
}

func (m *MemoryLinks) nextLink() click.LinkID { return click.LinkID(len(m.links) + 1) }

// LinkByName implements store.Links.
func (m *MemoryLinks) LinkByName(_ context.Context, domain string, name click.Hash) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id := cmp.Or(
		m.keywords[memoryKeyword{strings.ToLower(domain), name}],
		m.keywords[memoryKeyword{"", name}],
		m.hashes[name],
		m.aggregates[name],
		m.oldest[name],
	)
	if id == 0 {
		return store.Link{}, fmt.Errorf("storetest: link by name: %w", click.ErrNotFound)
	}
	return m.links[id-1], nil
}

// LinkByID implements store.Links.
func (m *MemoryLinks) LinkByID(_ context.Context, id click.LinkID) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id < 1 || id > click.LinkID(len(m.links)) || m.links[id-1].ID == 0 {
		return store.Link{}, fmt.Errorf("storetest: link by id: %w", click.ErrNotFound)
	}
	return m.links[id-1], nil
}

// AddUser implements store.Users.
func (m *MemoryLinks) AddUser(_ context.Context, login string, created int64) (store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := store.CheckText("login", login); err != nil {
		return store.User{}, fmt.Errorf("storetest: add user: %w", err)
	}
	if m.logins[login] != 0 {
		return store.User{}, fmt.Errorf("storetest: add user: %w", click.ErrExists)
	}
	return m.addUser(login, created), nil
}

func (m *MemoryLinks) addUser(login string, created int64) store.User {
	u := store.User{ID: click.UserID(len(m.users) + 1), Login: login, Created: created}
	m.users = append(m.users, u)
	m.logins[login] = u.ID
	return u
}

// UserByLogin implements store.Users.
func (m *MemoryLinks) UserByLogin(_ context.Context, login string) (store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.userByID(m.logins[login])
	if err != nil {
		return store.User{}, fmt.Errorf("storetest: user by login: %w", err)
	}
	return u, nil
}

// UserByID implements store.Users.
func (m *MemoryLinks) UserByID(_ context.Context, id click.UserID) (store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, err := m.userByID(id)
	if err != nil {
		return store.User{}, fmt.Errorf("storetest: user by id: %w", err)
	}
	return u, nil
}

func (m *MemoryLinks) userByID(id click.UserID) (store.User, error) {
	if id < 1 || id > click.UserID(len(m.users)) || m.users[id-1].ID == 0 {
		return store.User{}, click.ErrNotFound
	}
	return m.users[id-1], nil
}

// ListUsers implements store.Users.
func (m *MemoryLinks) ListUsers(_ context.Context, after string, limit int) ([]store.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	users := slices.DeleteFunc(slices.Clone(m.users), func(u store.User) bool { return u.ID == 0 || u.Login <= after })
	slices.SortFunc(users, func(a, b store.User) int { return cmp.Compare(a.Login, b.Login) })
	return users[:min(len(users), max(limit, 0))], nil
}
