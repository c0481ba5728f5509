package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Hashes implements store.Links.
func (m *MemoryLinks) Hashes(_ context.Context, ids []click.LinkID) ([]click.Hash, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	hashes := make([]click.Hash, len(ids))
	for i, id := range ids {
		if 1 <= id && id <= click.LinkID(len(m.links)) {
			hashes[i] = m.links[id-1].Hash
		}
	}
	return hashes, nil
}

// LinkOfURL implements store.Links.
func (m *MemoryLinks) LinkOfURL(_ context.Context, user click.UserID, longURL string) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.oldestOf(user, longURL)
	if !ok {
		return store.Link{}, fmt.Errorf("storetest: link of URL: %w", click.ErrNotFound)
	}
	return l, nil
}

// LinksOfURL implements store.Links.
func (m *MemoryLinks) LinksOfURL(_ context.Context, longURL string) ([]store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	links := slices.DeleteFunc(slices.Clone(m.links), func(l store.Link) bool { return l.ID == 0 || l.LongURL != longURL })
	slices.SortFunc(links, func(a, b store.Link) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Hash, b.Hash), cmp.Compare(min(a.User, 1), min(b.User, 1)))
	})
	return links, nil
}

// VisibleAggregate implements store.Links.
func (m *MemoryLinks) VisibleAggregate(_ context.Context, user click.UserID, id click.LinkID) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if list := m.visible(user, func(l *store.Link) bool { return l.ID == id }); len(list) > 0 {
		return list[0], nil
	}
	return store.Link{}, fmt.Errorf("storetest: aggregate link: %w", click.ErrNotFound)
}

// VisibleAggregateOfURL implements store.Links.
func (m *MemoryLinks) VisibleAggregateOfURL(_ context.Context, user click.UserID, longURL string) (store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if list := m.visible(user, func(l *store.Link) bool { return l.LongURL == longURL }); len(list) > 0 {
		return list[0], nil
	}
	return store.Link{}, fmt.Errorf("storetest: aggregate link of URL: %w", click.ErrNotFound)
}

// visible lists the aggregate links that pass, as the user may see them, oldest first.
func (m *MemoryLinks) visible(user click.UserID, pass func(*store.Link) bool) (aggregates []store.Link) {
	for _, a := range m.links {
		if a.ID == 0 || a.User != click.Nobody || !pass(&a) {
			continue
		}
		names := func(l *store.Link) bool {
			return l.User != click.Nobody && l.Aggregate == a.ID && l.LongURL == a.LongURL && l.VisibleTo(user)
		}
		oldest, ok := m.oldestLink(func(l *store.Link) bool { return names(l) && l.Created == a.Created })
		if !ok {
			oldest, ok = m.oldestLink(names)
		}
		if ok {
			a.Created, a.UserTS, a.Modified = oldest.Created, oldest.Created, oldest.Created
			aggregates = append(aggregates, a)
		}
	}
	slices.SortFunc(aggregates, func(a, b store.Link) int {
		return cmp.Or(cmp.Compare(a.Created, b.Created), cmp.Compare(a.Hash, b.Hash))
	})
	return aggregates
}

// HasDomain implements store.Links.
func (m *MemoryLinks) HasDomain(_ context.Context, domain string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.keywords {
		if k.domain == strings.ToLower(domain) {
			return true, nil
		}
	}
	return false, nil
}

// ListLinks implements store.Links.
func (m *MemoryLinks) ListLinks(_ context.Context, f store.LinkFilter) (links []store.Link, all int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.links {
		if l.User != click.Nobody && m.passes(&l, &f) {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, func(a, b store.Link) int {
		return cmp.Or(cmp.Compare(b.UserTS, a.UserTS), cmp.Compare(b.ID, a.ID))
	})
	all = len(links)
	links = links[min(max(f.Offset, 0), len(links)):]
	return links[:min(max(f.Limit, 0), len(links))], all, nil
}

func (m *MemoryLinks) passes(l *store.Link, f *store.LinkFilter) bool {
	keyword := f.Keyword == ""
	for k, id := range m.keywords {
		keyword = keyword || k.name == f.Keyword && id == l.ID
	}
	return keyword && l.User == f.User && f.Pass(l) && hasTag(l, f.Tag) &&
		(f.CreatedFrom == 0 || l.Created >= f.CreatedFrom) && (f.CreatedTo == 0 || l.Created <= f.CreatedTo) && (f.ModifiedFrom == 0 || l.Modified >= f.ModifiedFrom) &&
		(f.Archived == nil || *f.Archived == l.Archived) && (f.Private == nil || *f.Private == l.Private)
}

// MoreLinks implements store.Links.
func (m *MemoryLinks) MoreLinks(_ context.Context, user click.UserID, than int) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, l := range m.links {
		if l.User == user && user != click.Nobody {
			n++
		}
	}
	return n > max(than, 0), nil
}

// AllLinks implements store.Links.
func (m *MemoryLinks) AllLinks(_ context.Context, after click.LinkID, limit int) ([]store.Link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	links := slices.DeleteFunc(slices.Clone(m.links), func(l store.Link) bool { return l.User == click.Nobody || l.ID <= after })
	return links[:min(max(limit, 0), len(links))], nil
}

// Keywords implements store.Links.
func (m *MemoryLinks) Keywords(_ context.Context, links []click.LinkID) (all []store.Keyword, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.ages {
		if id := m.keywords[k]; slices.Contains(links, id) {
			all = append(all, store.Keyword{Link: id, Domain: k.domain, Keyword: k.name})
		}
	}
	return all, nil
}
