package storetest

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// EditLink implements store.Links.
func (m *MemoryLinks) EditLink(_ context.Context, id click.LinkID, e store.LinkEdit) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.editLink(id, e)
	if err != nil {
		return store.Link{}, fmt.Errorf("storetest: edit link: %w", err)
	}
	return l, nil
}

func (m *MemoryLinks) editLink(id click.LinkID, e store.LinkEdit) (store.Link, error) {
	if !m.ofUser(id) {
		return store.Link{}, click.ErrNotFound
	}
	was := m.links[id-1]
	l, err := e.Apply(was)
	if err != nil {
		return store.Link{}, err
	}
	if l.LongURL != was.LongURL {
		a, ok := m.aggregateToJoin(l.User, l.LongURL)
		if !ok {
			if m.taken(e.AggregateHash) {
				return store.Link{}, click.ErrExists
			}
			a = m.addAggregate(e.AggregateHash, l.LongURL, l.Modified)
		}
		if a.ID != was.Aggregate {
			m.former[id] = append(m.former[id], was.Aggregate)
		}
		l.Aggregate, l.AggregateHash = a.ID, a.Hash
		versions := m.versionsOf(&was)
		m.versions[id] = append(versions, store.Version{Number: versions[len(versions)-1].Number + 1, LongURL: l.LongURL, Since: l.Modified, AggregateHash: l.AggregateHash})
	}
	m.links[id-1] = l
	return l, nil
}

// ofUser reports whether the id is that of a link of a user.
func (m *MemoryLinks) ofUser(id click.LinkID) bool {
	return id >= 1 && id <= click.LinkID(len(m.links)) && m.links[id-1].User != click.Nobody
}

// versionsOf are all versions of a link, oldest first.
func (m *MemoryLinks) versionsOf(l *store.Link) []store.Version {
	if len(m.versions[l.ID]) == 0 {
		return []store.Version{{Number: 1, LongURL: l.LongURL, Since: l.Created, AggregateHash: l.AggregateHash}}
	}
	return m.versions[l.ID]
}

// Versions implements store.Links.
func (m *MemoryLinks) Versions(_ context.Context, id click.LinkID) ([]store.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.ofUser(id) {
		return nil, fmt.Errorf("storetest: versions: %w", click.ErrNotFound)
	}
	versions := slices.Clone(m.versionsOf(&m.links[id-1]))
	slices.Reverse(versions)
	return versions[:min(len(versions), store.MaxVersions)], nil
}

// hasTag reports whether the link has the tag; each one has an empty tag.
func hasTag(l *store.Link, tag string) bool { return tag == "" || l.Tags.Has(tag) }

// TaggedLinks implements store.Links.
func (m *MemoryLinks) TaggedLinks(_ context.Context, user click.UserID, tag string) (ids []click.LinkID, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.links {
		if l.User == user && user != click.Nobody && l.Tags.Has(tag) {
			ids = append(ids, l.ID)
		}
	}
	return ids, nil
}

// CountLinks implements store.Links.
func (m *MemoryLinks) CountLinks(_ context.Context, user click.UserID, tag string, edges []int64) ([]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := make([]uint64, len(edges)-1)
	for _, l := range m.links {
		after := sort.Search(len(edges), func(i int) bool { return edges[i] > l.Created })
		if l.User == user && user != click.Nobody && hasTag(&l, tag) && 0 < after && after < len(edges) {
			counts[after-1]++
		}
	}
	return counts, nil
}

// FirstLink implements store.Links.
func (m *MemoryLinks) FirstLink(_ context.Context, user click.UserID, tag string) (first int64, any bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.links {
		if l.User == user && user != click.Nobody && hasTag(&l, tag) && (!any || l.Created < first) {
			first, any = l.Created, true
		}
	}
	return first, any, nil
}
