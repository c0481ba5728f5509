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
)

// Own tells whether the URL, in any spelling that leads there, is a short link
// of ours: a path of one segment on our domains that may be a hash, whether it
// is one yet or not; or a name that leads to a link, on our domains, on Bitly's,
// or on those that imported keywords lie on. Our domains are here also the
// addresses of Options.Here. host is that of the HTTP request.
//
// What is no URL, or lies below a reserved path, is not. It fails where the
// store cannot answer.
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
	if len(d.name) > MaxName || !printable(d.name) {
		return false, nil
	}
	_, err := l.links.LinkByName(ctx, hostname(d.host), click.Hash(d.name))
	if errors.Is(err, click.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("links: own: %w", err)
	}
	return true, nil
}

// OnOwnHost tells whether the URL is on a host where Own may find a link.
func (l *Links) OnOwnHost(ctx context.Context, longURL, host string) (bool, error) {
	d, ok := parseDestination(longURL)
	if !ok || l.named(d, host) {
		return ok, nil
	}
	return l.lent(ctx, d)
}

// named tells whether the URL is on one of our domains.
func (l *Links) named(d destination, host string) bool {
	port := cmp.Or(d.port, defaultPort(d.scheme))
	if l.isHere(d.host, port) {
		return true
	}
	ours, err := l.ours(host)
	return err == nil && slices.ContainsFunc(ours, func(o authority) bool {
		return hostname(o.host) == hostname(d.host) && (o.port == "" || o.port == port)
	})
}

// isHere tells whether this server itself answers at the address.
func (l *Links) isHere(host, port string) bool {
	if l.here == nil {
		return false
	}
	name := hostname(host)
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return l.here(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port) || l.here(netip.IPv6Loopback(), port)
	}
	address, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && l.here(address.Unmap(), port)
}

// lent tells whether the URL is on a domain of Bitly's, or on one that imported
// keywords lie on. Our domains were looked at before: on another port they are
// somebody else's, unless they are of this kind too.
func (l *Links) lent(ctx context.Context, d destination) (bool, error) {
	if bitlys(hostname(d.host)) {
		return true, nil
	}
	has, err := l.links.HasDomain(ctx, hostname(d.host))
	if err != nil {
		return false, fmt.Errorf("links: own: %w", err)
	}
	return has, nil
}

// Place is where a URL leads: its host, in lower case and without a port, and
// the name that a link there would have; both empty for what is no URL.
func Place(longURL string) (host, name string) {
	d, _ := parseDestination(longURL)
	return hostname(d.host), d.name
}

// destination is where a visitor of a URL arrives.
type destination struct {
	scheme string
	authority
	name string // of the path: dot segments resolved, unescaped
}

func parseDestination(longURL string) (d destination, ok bool) {
	scheme, a, rest, err := split(longURL, "http", "https", "ftp")
	if err != nil {
		return destination{}, false
	}
	return destination{scheme, a, pathName(rest)}, true
}

// pathName is the name in what follows a host, as it arrives here: browsers
// take a backslash for a slash and resolve dot segments, also where the dots are
// escaped (WHATWG URL, 4.4), and proxies merge slashes.
func pathName(rest string) string {
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	var segments []string
	for segment := range strings.SplitSeq(strings.ReplaceAll(rest, `\`, "/"), "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case "", ".":
		case "..":
			segments = segments[:max(len(segments)-1, 0)]
		default:
			segments = append(segments, segment)
		}
	}
	name := strings.Join(segments, "/")
	// Whoever visits it will have it unescaped.
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	return strings.Trim(name, "/")
}
