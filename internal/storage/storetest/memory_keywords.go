package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// firstKeyword is the link of the oldest keyword that passes, or 0.
func (m *MemoryLinks) firstKeyword(pass func(memoryKeyword) bool) click.LinkID {
	for _, k := range m.ages {
		if pass(k) {
			return m.keywords[k]
		}
	}
	return 0
}

func sameName(a, b click.Hash) bool { return strings.EqualFold(string(a), string(b)) }

// removeKeywords removes the keywords that pass, and returns how many did.
func (m *MemoryLinks) removeKeywords(pass func(memoryKeyword) bool) (removed int) {
	kept := m.ages[:0]
	clear(m.oldest)
	for _, k := range m.ages {
		if pass(k) {
			delete(m.keywords, k)
			removed++
			continue
		}
		kept = append(kept, k)
		if m.oldest[k.name] == 0 {
			m.oldest[k.name] = m.keywords[k]
		}
	}
	m.ages = kept
	return removed
}

// LinkByKeyword implements store.Links.
func (m *MemoryLinks) LinkByKeyword(_ context.Context, domain string, name click.Hash) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	domain = strings.ToLower(domain)
	for _, of := range []func(string) bool{
		func(d string) bool { return d == domain }, func(d string) bool { return d == "" }, func(string) bool { return true },
	} {
		if id := m.firstKeyword(func(k memoryKeyword) bool { return of(k.domain) && sameName(k.name, name) }); id != 0 {
			return m.links[id-1], nil
		}
	}
	return store.Link{}, fmt.Errorf("storetest: link by keyword: %w", click.ErrNotFound)
}

// NamesInUse implements store.Links.
func (m *MemoryLinks) NamesInUse(_ context.Context, names []click.Hash) (map[click.Hash]bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	used := map[click.Hash]bool{}
	for _, name := range names {
		if m.hashes[name] != 0 || m.aggregates[name] != 0 || m.firstKeyword(func(k memoryKeyword) bool { return sameName(k.name, name) }) != 0 {
			used[name] = true
		}
	}
	return used, nil
}

// NameHolder implements store.Links.
func (m *MemoryLinks) NameHolder(_ context.Context, domain string, name click.Hash) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id := m.nameHolder(memoryKeyword{strings.ToLower(domain), name}, func(memoryKeyword) bool { return false }); id != 0 {
		return m.links[id-1], nil
	}
	return store.Link{}, fmt.Errorf("storetest: name holder: %w", click.ErrNotFound)
}

// nameHolder is the link that has the name, or 0. It leaves out some keywords.
func (m *MemoryLinks) nameHolder(name memoryKeyword, without func(memoryKeyword) bool) click.LinkID {
	for _, id := range []click.LinkID{m.hashes[name.name], m.aggregates[name.name]} {
		if id != 0 {
			return id
		}
	}
	return m.firstKeyword(func(k memoryKeyword) bool {
		return sameName(k.name, name.name) && !without(k) && (name.domain == "" || k.domain == "" || k.domain == name.domain)
	})
}

// NameLink implements store.Links.
func (m *MemoryLinks) NameLink(_ context.Context, k store.Keyword, overwrite bool) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := k.Check(); err != nil {
		return store.Link{}, fmt.Errorf("storetest: name link: %w", err)
	}
	if k.Link < 1 || k.Link > click.LinkID(len(m.links)) || m.links[k.Link-1].User == click.Nobody {
		return store.Link{}, fmt.Errorf("storetest: name link: %w", click.ErrNotFound)
	}
	l, name := m.links[k.Link-1], memoryKeyword{strings.ToLower(k.Domain), k.Keyword}
	if l.Hash == k.Keyword {
		return store.Link{}, nil
	}
	same := func(o memoryKeyword) bool { return o.domain == name.domain && sameName(o.name, name.name) }
	mine := func(o memoryKeyword) bool {
		return overwrite && same(o) && m.links[m.keywords[o]-1].User == l.User && (m.keywords[o] != l.ID || o != name)
	}
	if holder := m.nameHolder(name, func(o memoryKeyword) bool { return m.keywords[o] == l.ID || mine(o) }); holder != 0 {
		return m.links[holder-1], fmt.Errorf("storetest: name link: %w", click.ErrExists)
	}
	m.removeKeywords(mine)
	if m.keywords[name] == 0 {
		m.addKeyword(name, l.ID)
	}
	return store.Link{}, nil
}
