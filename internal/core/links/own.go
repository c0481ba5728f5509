package links

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
)

// Own reports whether the URL is a short link of ours, in any spelling: a path of one
// segment on our domains, because it may become a hash; or the name of a link, on our
// domains, on Bitly's, or on those of imported keywords. The addresses of Options.Here are
// domains of ours too. host is that of the HTTP request.
//
// A text that is not a URL, or a URL below a reserved path, is not a short link. Own fails
// with the error of the store.
func (l *Links) Own(ctx context.Context, longURL, host string) (bool, error) {
	d, ok := parseDestination(longURL)
	if !ok || d.name == "" || Reserved(d.name) {
		return false, nil
	}
	if l.named(d, host) {
		if !strings.Contains(d.name, "/") {
			return true, nil
		}
	} else if keywords, err := l.lent(ctx, d); err != nil || !keywords {
		return false, err
	}
	_, _, err := l.Named(ctx, Place{weburl.Host(d.Host), d.name})
	if errors.Is(err, click.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("links: own: %w", err)
	}
	return true, nil
}

// OnOwnHost reports whether the URL is on a host where Own may find a link.
func (l *Links) OnOwnHost(ctx context.Context, longURL, host string) (bool, error) {
	d, ok := parseDestination(longURL)
	if !ok || l.named(d, host) {
		return ok, nil
	}
	return l.lent(ctx, d)
}

// named reports whether the URL is on one of our domains.
func (l *Links) named(d destination, host string) bool {
	port := cmp.Or(d.Port, weburl.DefaultPort(d.scheme))
	if l.isHere(d.Host, port) {
		return true
	}
	ours, err := l.ours(host)
	return err == nil && slices.ContainsFunc(ours, func(o weburl.Authority) bool {
		return weburl.Host(o.Host) == weburl.Host(d.Host) && (o.Port == "" || o.Port == port)
	})
}

// isHere reports whether this server itself listens at the address.
func (l *Links) isHere(host, port string) bool {
	if l.here == nil {
		return false
	}
	name := weburl.Host(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return l.here(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port) || l.here(netip.IPv6Loopback(), port)
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && l.here(address.Unmap(), port)
}

// lent reports whether the URL is on a domain of Bitly's or of imported keywords. Our own
// domains were checked before; on another port they belong to others.
func (l *Links) lent(ctx context.Context, d destination) (bool, error) {
	host := weburl.Host(d.Host)
	if bitlys(host) {
		return true, nil
	}
	has, err := l.links.HasDomain(ctx, host)
	if err != nil {
		return false, fmt.Errorf("links: own: %w", err)
	}
	return has, nil
}

// Destination is the place to which a URL leads: its host, and the name that a link there
// would have. It is the zero Place for a text that is not a URL.
func Destination(longURL string) Place {
	d, _ := parseDestination(longURL)
	return Place{weburl.Host(d.Host), d.name}
}

// destination is the place at which a visitor of a URL arrives.
type destination struct {
	scheme string
	weburl.Authority
	name string // of the path: unescaped and clean
}

func parseDestination(longURL string) (d destination, ok bool) {
	scheme, a, path, err := split(longURL, "http", "https", "ftp")
	if err != nil {
		return destination{}, false
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if unescaped, err := url.PathUnescape(path); err == nil {
		path = unescaped
	}
	return destination{scheme, a, clean(path)}, true
}
