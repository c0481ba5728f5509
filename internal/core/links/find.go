package links

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Find finds a link as people write it: a short URL on any domain of ours,
// the domain and the name, or the name alone; the scheme, a query and a
// fragment are ignored. Domains of ours are here also those that imported
// keywords lie on, and Bitly's own (bit.ly, j.mp, bitly.com), since clients
// kept such URLs. host is that of the HTTP request. Unlike Resolve, Find
// remembers nothing. It fails with click.ErrNotFound where there is no such
// link, and with the store's error where that cannot answer.
func (l *Links) Find(ctx context.Context, written, host string) (store.Link, error) {
	p := parsePlace(written)
	ours, err := l.hasHost(ctx, p.host, host)
	if err != nil {
		return store.Link{}, fmt.Errorf("links: find: %w", err)
	}
	if !ours {
		return store.Link{}, errUnknown
	}
	return l.Named(ctx, p.host, p.name)
}

// Named is the link that a name on a domain leads to, or where it has
// slashes at its ends and is none, the name without them. Unlike Resolve it remembers nothing. It fails
// with click.ErrNotFound, also for what is never a name, and with the store's
// error where that cannot answer.
func (l *Links) Named(ctx context.Context, domain, name string) (store.Link, error) {
	link, err := withoutSlashes(name, func(name string) (store.Link, error) {
		if name == "" || len(name) > MaxName || !printable(name) || Reserved(name) {
			return store.Link{}, click.ErrNotFound
		}
		return l.links.LinkByName(ctx, domain, click.Hash(name))
	})
	if err != nil {
		return store.Link{}, fmt.Errorf("links: find: %w", err)
	}
	return link, nil
}

// FindShared is Find for questions about a link: a hash that a link has in
// common with its own aggregate link means the aggregate link, which sums it.
func (l *Links) FindShared(ctx context.Context, written, host string) (store.Link, error) {
	link, err := l.Find(ctx, written, host)
	if err != nil || link.Hash != link.AggregateHash || link.ID == link.Aggregate {
		return link, err
	}
	if name := parsePlace(written).name; strings.Trim(name, "/") != string(link.Hash) {
		return link, nil
	}
	if link, err = l.links.LinkByID(ctx, link.Aggregate); err != nil {
		return store.Link{}, fmt.Errorf("links: find aggregate link: %w", err)
	}
	return link, nil
}

// parsePlace takes a written link apart. The host is empty where there is
// none, and the name where there can be no link.
func parsePlace(written string) place {
	rest := strings.TrimSpace(written)
	if _, after, ok := strings.Cut(rest, "://"); ok {
		rest = after
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	host, name, ok := strings.Cut(rest, "/")
	if !ok {
		host, name = "", rest
	} else if host = hostname(host); host == "" {
		return place{}
	}
	name, err := url.PathUnescape(name)
	if err != nil {
		return place{}
	}
	return place{host: host, name: name}
}

// hasHost tells whether a written link's host is one of ours.
func (l *Links) hasHost(ctx context.Context, host, request string) (bool, error) {
	if host == "" || bitlys(host) {
		return true, nil
	}
	return l.HasDomain(ctx, host, request)
}

// HasDomain tells whether the domain is one of ours, or one that imported
// keywords lie on. host is that of the HTTP request.
func (l *Links) HasDomain(ctx context.Context, domain, host string) (bool, error) {
	name := hostname(domain)
	if name == "" || l.hosts[name] {
		return name != "", nil
	}
	ours, err := l.ours(host)
	if err == nil && len(l.hosts) == 0 && hostname(ours[0].host) == name {
		return true, nil
	}
	has, err := l.links.HasDomain(ctx, name)
	if err != nil {
		return false, fmt.Errorf("links: domain: %w", err)
	}
	return has, nil
}

// IsDomain tells whether the text is a host, with a port or without, be it ours or
// not.
func IsDomain(s string) bool {
	_, err := parseAuthority("http", s)
	return err == nil
}

// Domains lists our domains, the default one first, as a request to the host
// sees them.
func (l *Links) Domains(host string) ([]string, error) {
	ours, err := l.ours(host)
	domains := make([]string, len(ours))
	for i, a := range ours {
		domains[i] = a.String()
	}
	return domains, err
}

// bitlys tells whether the domain was Bitly's own.
func bitlys(domain string) bool {
	switch strings.ToLower(domain) {
	case "bit.ly", "j.mp", "bitly.com":
		return true
	}
	return false
}

// Lookup is the user's link of a long URL; the oldest, if there are several.
// The long URL is looked for as it was given, for imports keep it so, and then
// in the spelling of ParseLongURL. It fails with click.ErrNotFound.
func (l *Links) Lookup(ctx context.Context, user click.UserID, longURL string) (store.Link, error) {
	return lookup(longURL, func(longURL string) (store.Link, error) { return l.links.LinkOfURL(ctx, user, longURL) })
}

// LookupShared is the aggregate link of a long URL as the user may see it (see
// store.Links.SeenAggregate), looked for as Lookup does. It fails with
// click.ErrNotFound.
func (l *Links) LookupShared(ctx context.Context, user click.UserID, longURL string) (store.Link, error) {
	return lookup(longURL, func(longURL string) (store.Link, error) { return l.links.SeenAggregateOfURL(ctx, user, longURL) })
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
