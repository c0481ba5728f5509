package links

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

// Find finds a link as people write it (see ParsePlace), on any domain of ours or
// by its name alone. Domains of ours include those of imported keywords and Bitly's
// own (bit.ly, j.mp, bitly.com), because clients keep such URLs. host is that of the
// HTTP request. Unlike Resolve, Find remembers nothing. It fails with
// click.ErrNotFound if there is no such link, and with the error of the store.
func (l *Links) Find(ctx context.Context, written, host string) (store.Link, error) {
	link, _, err := l.find(ctx, written, host)
	return link, err
}

func (l *Links) find(ctx context.Context, written, host string) (store.Link, click.Hash, error) {
	p, ok := ParsePlace(written)
	if !ok {
		return store.Link{}, "", errUnknown
	}
	if p.Host != "" && !bitlys(p.Host) {
		if ours, err := l.HasDomain(ctx, p.Host, host); err != nil || !ours {
			return store.Link{}, "", cmp.Or(err, errUnknown)
		}
	}
	return l.Named(ctx, p)
}

// Named finds the link at a place, whether the host is ours or not, and the name that
// the path meant. Unlike Resolve it remembers nothing. It fails with
// click.ErrNotFound if there is no such link, and with the error of the store.
func (l *Links) Named(ctx context.Context, p Place) (store.Link, click.Hash, error) {
	link, name, err := tryNames(p.Name, func(name string) (store.Link, error) {
		if !mayBeName(name) {
			return store.Link{}, click.ErrNotFound
		}
		return l.links.LinkByName(ctx, p.Host, click.Hash(name))
	})
	if last := withoutPunctuation(p.Name); errors.Is(err, click.ErrNotFound) && mayBeName(last) {
		name = last
		link, err = l.links.LinkByKeyword(ctx, p.Host, click.Hash(name))
	}
	if err != nil {
		return store.Link{}, "", fmt.Errorf("links: find: %w", err)
	}
	return link, click.Hash(name), nil
}

// FindPreferAggregate is Find for questions about clicks: if a hash names both a link and the
// aggregate link that sums it, it finds the aggregate link.
func (l *Links) FindPreferAggregate(ctx context.Context, written, host string) (store.Link, error) {
	link, name, err := l.find(ctx, written, host)
	if err != nil || link.Hash != link.AggregateHash || link.ID == link.Aggregate || name != link.Hash {
		return link, err
	}
	if link, err = l.links.LinkByID(ctx, link.Aggregate); err != nil {
		return store.Link{}, fmt.Errorf("links: find aggregate link: %w", err)
	}
	return link, nil
}

// HasDomain reports whether the domain is one of ours or of imported keywords. host is that
// of the HTTP request.
func (l *Links) HasDomain(ctx context.Context, domain, host string) (bool, error) {
	name := weburl.Host(domain)
	if name == "" || l.hosts[name] {
		return name != "", nil
	}
	ours, err := l.ours(host)
	if err == nil && len(l.hosts) == 0 && weburl.Host(ours[0].Host) == name {
		return true, nil
	}
	has, err := l.links.HasDomain(ctx, name)
	if err != nil {
		return false, fmt.Errorf("links: domain: %w", err)
	}
	return has, nil
}

// IsDomain reports whether the text is a host, with or without a port, ours or not.
func IsDomain(s string) bool {
	_, err := weburl.ParseAuthority("http", s)
	return err == nil
}

// Domains lists our domains for a request to the host, the default one first.
func (l *Links) Domains(host string) ([]string, error) {
	ours, err := l.ours(host)
	domains := make([]string, len(ours))
	for i, a := range ours {
		domains[i] = a.String()
	}
	return domains, err
}

// bitlys reports whether a host, normalized by weburl.Host, was Bitly's own.
func bitlys(host string) bool {
	switch host {
	case "bit.ly", "j.mp", "bitly.com":
		return true
	}
	return false
}

// Lookup finds the user's link of a long URL; the oldest if there are several. It looks for
// the spelling given, because imports keep spellings, and then for that of ParseLongURL.
// It fails with click.ErrNotFound.
func (l *Links) Lookup(ctx context.Context, user click.UserID, longURL string) (store.Link, error) {
	return lookup(longURL, func(longURL string) (store.Link, error) { return l.links.LinkOfURL(ctx, user, longURL) })
}

// LookupAggregate finds the aggregate link of a long URL as the user may see it (see
// VisibleAggregate of the store), in the same spellings as Lookup. It fails with
// click.ErrNotFound.
func (l *Links) LookupAggregate(ctx context.Context, user click.UserID, longURL string) (store.Link, error) {
	return lookup(longURL, func(longURL string) (store.Link, error) { return l.links.VisibleAggregateOfURL(ctx, user, longURL) })
}

func lookup(longURL string, ask func(string) (store.Link, error)) (store.Link, error) {
	if store.CheckText("long URL", longURL) != nil {
		return store.Link{}, errUnknown
	}
	link, err := ask(longURL)
	if parsed, bad := ParseLongURL(longURL); errors.Is(err, click.ErrNotFound) && bad == nil && parsed != longURL {
		link, err = ask(parsed)
	}
	if err != nil {
		return store.Link{}, fmt.Errorf("links: lookup: %w", err)
	}
	return link, nil
}
