// Package links makes short links and finds them: it checks long URLs, draws hashes,
// reads links as people write them, and caches the answers of the store for visitors.
//
// It counts no clicks, has no wire formats, and does not decide who may do what.
//
// Where to look:
//
//	links.go, url.go, name.go   makes a link: its long URL, its hash
//	chosen.go       names that people choose for a link
//	edit.go         changes a link: its long URL, its tags
//	query.go        adds the parameters of a visit to a long URL
//	place.go        the one parser of links as people write them
//	resolve.go, cache.go   the link of a visit, and the answers that are remembered
//	find.go         the link that a call or an import names; which hosts are domains
//	own.go          would a long URL lead back to this installation
//	creations.go    the numbers of links made, as counts
package links

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

var (
	// ErrNotDomain is for a text that cannot be a domain.
	ErrNotDomain = errors.New("is not a domain")
	// ErrDomain is for a domain that is not one of ours.
	ErrDomain = errors.New("not a domain of this installation")
	// ErrOwnLink is for a long URL that is a short link of ours.
	ErrOwnLink = errors.New("the long URL is already a short link of this installation")
)

// Options configure Links.
type Options struct {
	Links store.Links
	// Domains are the short domains of the installation, the default one first. One with
	// a port is ours on that port only, one without on every port. If there are none, the
	// host of each request is the domain.
	Domains []string
	// Host is that of short URLs if there are no domains and a request has no valid
	// host; it may be empty.
	Host string
	// Here reports whether this server itself listens at an address and port, so that a
	// URL there is one of ours; nil if that is not known.
	Here func(address netip.Addr, port string) bool
	// Scheme of short URLs: https, or http, which is the default.
	Scheme string
	Now    func() time.Time
	// SoleWriter says that no other process changes Links, and that the store calls Changed for
	// every change before the method that made it returns. Then answers are kept until they change.
	SoleWriter bool
	// Random is the source of hashes, which must not be predictable. Many goroutines
	// read it at once.
	Random io.Reader
}

// Links makes links and finds them. It is safe for concurrent use.
type Links struct {
	links      store.Links
	domains    []weburl.Authority
	host       string
	hosts      map[string]bool // of domains
	scheme     string
	here       func(netip.Addr, string) bool
	now        func() time.Time
	soleWriter bool
	random     io.Reader
	seed       maphash.Seed
	shards     [shards]shard

	lastHost atomic.Pointer[askedHost]
}

// New fails if a domain or the scheme is not valid.
func New(o Options) (*Links, error) {
	l := &Links{
		links: o.Links, host: o.Host, scheme: o.Scheme, here: o.Here, now: o.Now, soleWriter: o.SoleWriter, random: o.Random,
		hosts: make(map[string]bool), seed: maphash.MakeSeed(),
	}
	switch l.scheme {
	case "":
		l.scheme = "http"
	case "http", "https":
	default:
		return nil, fmt.Errorf("links: the scheme of short URLs is http or https, not %q", o.Scheme)
	}
	for _, domain := range o.Domains {
		a, err := weburl.ParseAuthority(l.scheme, domain)
		if err != nil {
			if strings.Contains(domain, "/") {
				return nil, fmt.Errorf("links: %q %w", domain, ErrNotDomain)
			}
			return nil, fmt.Errorf("links: %q %w, because %w", domain, ErrNotDomain, err)
		}
		l.domains = append(l.domains, a)
		l.hosts[weburl.Host(a.Host)] = true
	}
	for i := range l.shards {
		l.shards[i].init(l.age())
	}
	return l, nil
}

// Request is for a short link.
type Request struct {
	User    click.UserID
	LongURL string
	Domain  string // of the short URL; empty for the default one (see Links.Domain)
	Host    string // of the HTTP request
	// Name is a name that the link gets in addition to its hash (see CheckName); no name if
	// empty. It is valid on Domain alone, or on every domain if that is empty.
	Name string
	// Details are for the link if Shorten makes it; those of an existing link stay. A UserTS
	// of 0 becomes the time at which the link is made.
	Details store.LinkDetails
}

// Shorten returns the user's link of the long URL, and whether it was made just now. From
// then on Resolve finds it by both of its hashes.
//
// If the user has a link of exactly the spelling given, that is the link, even if the
// spelling would be refused now: imports keep spellings. Otherwise the spelling of
// ParseLongURL counts, so that links that are made here share one aggregate link.
//
// The errors are ErrName, ErrURL, ErrOwnLink and ErrDomain, in this order, a TakenError,
// click.ErrNotFound for an unknown user, and click.ErrUnavailable. If the name is taken, no
// link is made, unless the name is taken meanwhile.
func (l *Links) Shorten(ctx context.Context, r Request) (store.Link, bool, error) {
	if r.Name == "" {
		return l.shorten(ctx, r)
	}
	if err := CheckName(r.Name); err != nil {
		return store.Link{}, false, err
	}
	if err := l.Check(ctx, r); err != nil {
		return store.Link{}, false, err
	}
	n := Naming{Name: r.Name, Domain: r.Domain, Host: r.Host}
	k, err := l.keyword(n)
	if err != nil {
		return store.Link{}, false, err
	}
	if _, err := l.Lookup(ctx, r.User, r.LongURL); errors.Is(err, click.ErrNotFound) {
		if err := l.free(ctx, k); err != nil {
			return store.Link{}, false, err
		}
	} else if err != nil {
		return store.Link{}, false, err
	}
	link, made, err := l.shorten(ctx, r)
	if err != nil {
		return store.Link{}, false, err
	}
	return link, made, l.Name(ctx, link, n)
}

func (l *Links) shorten(ctx context.Context, r Request) (store.Link, bool, error) {
	longURL, refused := l.NewURL(ctx, r.LongURL, r.Host)
	var has store.Link
	if refused != nil || longURL != r.LongURL {
		var err error
		if has, err = l.has(ctx, r); err != nil {
			return store.Link{}, false, err
		}
	}
	if refused != nil && has.ID == 0 {
		return store.Link{}, false, refused
	}
	if _, err := l.Domain(r.Domain, r.Host); err != nil {
		return store.Link{}, false, err
	}
	if has.ID != 0 {
		l.wrote(store.Change{Names: []click.Hash{has.Hash, has.AggregateHash}})
		return has, false, nil
	}
	for draw := range maxDraws {
		n := store.NewLink{User: r.User, LongURL: longURL, Created: l.now().Unix(), LinkDetails: r.Details}
		if n.UserTS == 0 {
			n.UserTS = n.Created
		}
		var err error
		if n.Hash, err = l.draw(hashLength + draw); err != nil {
			return store.Link{}, false, err
		}
		if n.AggregateHash, err = l.draw(hashLength + draw); err != nil {
			return store.Link{}, false, err
		}
		if Reserved(string(n.Hash)) || Reserved(string(n.AggregateHash)) {
			continue
		}
		link, made, err := l.links.MakeLink(ctx, n)
		if errors.Is(err, click.ErrExists) {
			continue
		}
		if err != nil {
			return store.Link{}, false, fmt.Errorf("links: shorten: %w", err)
		}
		// Another process may have made it, while the cache of this one has the name as
		// unknown.
		l.wrote(store.Change{Names: []click.Hash{link.Hash, link.AggregateHash}})
		return link, made, nil
	}
	return store.Link{}, false, fmt.Errorf("links: shorten: %d random hashes in a row were taken already: %w", maxDraws, click.ErrUnavailable)
}

// Check fails with ErrURL or ErrOwnLink if Shorten would, and with the error of the
// store.
func (l *Links) Check(ctx context.Context, r Request) error {
	_, refused := l.NewURL(ctx, r.LongURL, r.Host)
	if refused == nil {
		return nil
	}
	has, err := l.has(ctx, r)
	if err == nil && has.ID == 0 {
		return refused
	}
	return err
}

// has is the user's link of the long URL in exactly the spelling given, or the zero
// link.
func (l *Links) has(ctx context.Context, r Request) (store.Link, error) {
	if r.User == click.Nobody || store.CheckText("long URL", r.LongURL) != nil {
		return store.Link{}, nil
	}
	link, err := l.links.LinkOfURL(ctx, r.User, r.LongURL)
	if err != nil && !errors.Is(err, click.ErrNotFound) {
		return store.Link{}, fmt.Errorf("links: shorten: %w", err)
	}
	return link, nil
}

// Domain is the domain of a short URL: the one asked for, if it is one of ours, or our
// first one if asked is empty. Bitly's own (bit.ly, j.mp, bitly.com) stand for the first
// one, unless they are ours. Without Options.Domains, ours is the host of the request, or
// Options.Host if that is not valid. Otherwise it fails with ErrDomain.
func (l *Links) Domain(asked, host string) (string, error) {
	ours, err := l.ours(host)
	if err != nil {
		return "", err
	}
	if asked == "" {
		return ours[0].String(), nil
	}
	if a, err := weburl.ParseAuthority(l.scheme, asked); err == nil {
		if i := slices.IndexFunc(ours, a.Same); i >= 0 {
			return ours[i].String(), nil
		}
		if a.Port == "" && bitlys(weburl.Host(a.Host)) {
			return ours[0].String(), nil
		}
	}
	names := make([]string, len(ours))
	for i, a := range ours {
		names[i] = a.String()
	}
	return "", fmt.Errorf("links: domain %.100q: %w; its domains are %.500s", asked, ErrDomain, strings.Join(names, ", "))
}

// ours are our domains for a request to the host, at least one.
func (l *Links) ours(host string) ([]weburl.Authority, error) {
	if len(l.domains) > 0 {
		return l.domains, nil
	}
	a, err := weburl.ParseAuthority(l.scheme, host)
	if err != nil && l.host != "" {
		a, err = weburl.ParseAuthority(l.scheme, l.host)
	}
	if err != nil {
		return nil, fmt.Errorf("links: host %.100q: %w", host, ErrDomain)
	}
	return []weburl.Authority{a}, nil
}

// ShortURL is the short URL of a hash, or a keyword, on a domain. Slashes inside of a name
// stay, as people write them.
func (l *Links) ShortURL(domain string, hash click.Hash) string {
	path := url.PathEscape(string(hash))
	if strings.Contains(path, "%2F") && withoutSlashes(clean(string(hash))) == string(hash) {
		path = strings.ReplaceAll(path, "%2F", "/")
	}
	return l.scheme + "://" + domain + "/" + path
}
