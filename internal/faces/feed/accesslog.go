package feed

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
)

// accessLog makes clicks of the visits in access logs of other servers. A click is a GET
// that was redirected to another place; other visits are skipped. Access logs do not describe links: these
// must exist already.
type accessLog struct {
	now   func() time.Time // later clicks are rejected
	agent func(string) useragent.Visitor
	proxy func(netip.Addr) bool
	where func(netip.Addr) click.Place
}

func accessLogOf(im *Importer) accessLog {
	return accessLog{now: im.Now, agent: im.ReadAgent, proxy: im.Proxy, where: im.Place}
}

// visit is a line of an access log.
type visit struct {
	at     time.Time
	host   string // empty if unknown
	method string
	target string // of the request: a path with its query, or a URL
	status int
	// location is where the visitor was sent to; empty if unknown.
	location string
	// addresses are those of the client and of proxies, as they are written. Each proxy
	// appended the address of its client.
	addresses []string
	referrer  string // empty if there was none
	agent     string // empty or "-" if there was none
	prefetch  bool   // by a browser that fetches ahead
}

// add adds the click of a visit. It fails with errSkip if the visit is no click.
func (l *accessLog) add(v visit, c *chunk) error {
	switch v.status {
	case 301, 302, 303, 307, 308:
	default:
		return errSkip
	}
	if v.method != "GET" || v.prefetch {
		return errSkip
	}
	if err := inTime(v.at.Unix(), l.now().Unix()); err != nil {
		return err
	}
	place, err := placeOf(v.host, v.target)
	if err != nil {
		return err
	}
	if place.Name == "" {
		return errSkip // the front page redirects
	}
	if leadsBack(place, v.location) {
		return errSkip // the click is the line of the request that follows
	}
	if strings.ContainsFunc(v.referrer, unicode.IsControl) {
		v.referrer = "" // no browser sends it
	}
	by := l.agent(v.agent)
	e := entry{
		click: click.Click{
			Time: v.at.UnixMilli(), Referrer: click.ParseReferrer(v.referrer),
			Agent: by.Agent, Bot: by.Kind == useragent.Bot, BotFamily: by.Family, Imported: true,
		},
		to: target{Place: place},
	}
	if !e.click.Bot {
		e.click.Agent.Source = sourceOf(v.target)
	}
	if a := l.client(v.addresses); a.IsValid() {
		at := l.where(a)
		e.click.Country = at.Country
		if !e.click.Bot {
			e.click.Region, e.click.City = at.Region, at.City
		}
	}
	c.entries = append(c.entries, e)
	return nil
}

// sourceOf returns where the visitor found the link.
func sourceOf(requestTarget string) click.Source {
	_, query, _ := strings.Cut(requestTarget, "?")
	if _, scanned := links.CutScanMark(query); scanned {
		return click.FromQR
	}
	return click.FromLink
}

// leadsBack reports whether a redirect leads to the place again, by another scheme, with
// or without a slash or www. in front.
func leadsBack(p links.Place, location string) bool {
	if location == "" {
		return false
	}
	to, err := placeOf(p.Host, location)
	return err == nil && strings.Trim(to.Name, "/") == strings.Trim(p.Name, "/") &&
		strings.TrimPrefix(to.Host, "www.") == strings.TrimPrefix(p.Host, "www.")
}

// shared are the addresses that carriers share among customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// client is the address of the visitor in the list that proxies make. Each proxy appends
// the address of its client, so it is the last one that is neither private nor that of a
// trusted proxy, and the first one if all are. Without any address it is not valid.
func (l *accessLog) client(addresses []string) (a netip.Addr) {
	for i := len(addresses) - 1; i >= 0; i-- {
		next := parseAddress(strings.TrimSpace(addresses[i]))
		switch {
		case !next.IsValid():
			if strings.TrimSpace(addresses[i]) == "" {
				continue
			}
			return a // what comes before it may be forged
		case next.IsGlobalUnicast() && !next.IsPrivate() && !shared.Contains(next) && !l.proxy(next):
			return next
		}
		a = next
	}
	return a
}

// parseAddress reads an address with or without a port, in brackets or not. The result is
// not valid for any other text.
func parseAddress(s string) netip.Addr {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap().WithZone("")
	}
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// placeOf returns the host and the name that a request asked for. The target of a request
// to a proxy is a whole URL, and its host is the one that counts (RFC 9112, 3.2.2).
func placeOf(host, requestTarget string) (p links.Place, err error) {
	path := requestTarget
	if _, authority, rest, ok := weburl.Split(requestTarget); ok {
		host, path = authority, rest
	}
	path, _, _ = strings.Cut(path, "?")
	p.Host = weburl.Host(host)
	p.Name, err = url.PathUnescape(strings.TrimPrefix(path, "/"))
	if err != nil || !utf8.ValidString(p.Name) || strings.IndexByte(p.Name, 0) >= 0 {
		return p, fmt.Errorf("the path %.100q is badly escaped", path)
	}
	return p, nil
}
