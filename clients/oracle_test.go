//go:build clients

package clients_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// The oracle answers by going through all clicks and all links each time.

// params is what a question asks with; a list is a parameter given several
// times.
type params map[string]any

// object and list are JSON as the answers hold it.
type (
	object map[string]any
	list   []any
)

// envelope is a whole answer.
func envelope(code int, text string, data any) object {
	return object{"status_code": code, "status_txt": text, "data": data}
}

func ok(data any) object { return envelope(200, "OK", data) }

var notFound = envelope(404, "NOT_FOUND", nil)

func shortURL(hash string) string { return shortScheme + "://" + shortDomain + "/" + hash }

// shortScheme is that of short URLs: the one the program listens with.
var shortScheme = "http"

// orNull is null for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// resolve is the link that a text names; the aggregate link where it names
// one by the hash that a link shares with it; nil for none.
func (w *world) resolve(text string) *link {
	l := w.resolveOwned(text)
	if l != nil && l.hash == l.aggregate && strings.HasSuffix("/"+text, "/"+l.hash) {
		return w.aggregates[l.hash]
	}
	return l
}

// resolveOwned is resolve but for hashes that are shared: those are of links.
func (w *world) resolveOwned(text string) *link {
	if _, after, found := strings.Cut(text, "://"); found {
		text = after
	}
	host, name, found := strings.Cut(text, "/")
	if !found {
		host, name = "", text
	}
	if !w.ours(host) {
		return nil
	}
	if l := w.keyword(host, name); host != "" && l != nil {
		return l
	}
	if l := w.links[name]; l != nil {
		return l
	}
	if l := w.aggregates[name]; l != nil {
		return l
	}
	return w.keyword("", name)
}

// ours tells whether links may be named by the host.
func (w *world) ours(host string) bool {
	switch host {
	case "", shortDomain, "bit.ly", "j.mp", "bitly.com":
		return true
	}
	return slices.ContainsFunc(w.keywords, func(k keyword) bool { return k.domain == host })
}

// sees tells whether the user may know of the link.
func (l *link) sees(login string) bool { return !l.private || l.owner == login }

// of is the clicks on the link; on all links of the long URL where it is an
// aggregate link.
func (w *world) of(l *link) (hits []hit) {
	for _, h := range w.hits {
		if h.link == l || l.owner == "" && h.link.longURL == l.longURL {
			hits = append(hits, h)
		}
	}
	return hits
}

// by is the clicks on all links of the user.
func (w *world) by(login string) (hits []hit) {
	for _, h := range w.hits {
		if h.link.owner == login {
			hits = append(hits, h)
		}
	}
	return hits
}

// linksOf is the links of the user.
func (w *world) linksOf(login string) (links []*link) {
	for _, l := range w.links {
		if l.owner == login {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, byAge) // so that a seed asks the same again
	return links
}

// oldest is the oldest of links; nil of none.
func oldest(links []*link) *link {
	slices.SortFunc(links, byAge)
	if len(links) == 0 {
		return nil
	}
	return links[0]
}

func byAge(a, b *link) int {
	return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.hash, b.hash))
}

// leading is those of the links that lead to the long URL.
func leading[K comparable](links map[K]*link, longURL string) (found []*link) {
	for _, l := range links {
		if l.longURL == longURL {
			found = append(found, l)
		}
	}
	return found
}

// linkOf is the user's link of the long URL, the aggregate link for nobody;
// nil for none.
func (w *world) linkOf(login, longURL string) *link {
	if login == "" {
		return oldest(leading(w.aggregates, longURL))
	}
	return oldest(slices.DeleteFunc(leading(w.links, longURL), func(l *link) bool { return l.owner != login }))
}

func in(hits []hit, s span) (found []hit) {
	for _, h := range hits {
		if s.holds(h.t) {
			found = append(found, h)
		}
	}
	return found
}

// ranking is clicks by name, most clicks first.
type ranking []struct {
	name   string
	clicks int
}

func rank(hits []hit, name func(hit) string) (r ranking) {
	counts := map[string]int{}
	for _, h := range hits {
		counts[name(h)]++
	}
	for name, clicks := range counts {
		r = append(r, struct {
			name   string
			clicks int
		}{name, clicks})
	}
	slices.SortFunc(r, func(a, b struct {
		name   string
		clicks int
	}) int {
		return cmp.Or(cmp.Compare(b.clicks, a.clicks), cmp.Compare(a.name, b.name))
	})
	return r
}

func (r ranking) list(key string, limit int) list {
	out := list{}
	for _, e := range r[:min(len(r), limit)] {
		out = append(out, object{key: e.name, "clicks": e.clicks})
	}
	return out
}

func country(h hit) string     { return h.country }
func referrer(h hit) string    { return h.referrer }
func hitDomain(h hit) string   { return domain(h.referrer) }
func hitURL(h hit) string      { return shortURL(h.link.hash) }
func domain(ref string) string { return cmp.Or(click.Referrer(ref).Domain(), ref) }

// domains is clicks by referring domain, but for social networks where those
// are to be dropped.
func domains(hits []hit, limit int, drop bool) list {
	if drop {
		hits = slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return social(domain(h.referrer)) })
	}
	out := list{}
	referrers := rank(hits, referrer)
	all := rank(hits, hitDomain)
	for _, e := range all[:min(len(all), limit)] {
		o := object{"domain": e.name, "clicks": e.clicks}
		for _, r := range referrers { // the scheme of the one with most clicks
			scheme, rest, ok := strings.Cut(r.name, "://")
			if ok && strings.HasPrefix(rest, e.name+"/") {
				o["url"] = scheme + "://" + e.name + "/"
				break
			}
		}
		out = append(out, o)
	}
	return out
}

// social is what docs/api.md says that exclude_social_networks drops.
func social(domain string) bool {
	for _, s := range strings.Fields(socialNetworks) {
		if d := strings.ToLower(domain); d == s || strings.HasSuffix(d, "."+s) {
			return true
		}
	}
	return false
}

const socialNetworks = `facebook.com fb.com fb.me messenger.com instagram.com threads.net whatsapp.com twitter.com
	x.com t.co linkedin.com lnkd.in plus.google.com plus.url.google.com youtube.com youtu.be pinterest.com pin.it
	reddit.com redd.it tumblr.com tiktok.com snapchat.com bsky.app mastodon.social vk.com ok.ru weibo.com t.cn
	xing.com myspace.com stumbleupon.com digg.com t.me telegram.org`

// encoders are the links of those who have one of the same long URL, the
// oldest of each, oldest first. The user sees none of others that are private.
func (w *world) encoders(l *link, login string) (links []*link) {
	all := leading(w.links, l.longURL)
	slices.SortFunc(all, byAge)
	seen := map[string]bool{}
	for _, l := range all {
		if l.sees(login) && !seen[l.owner] {
			seen[l.owner] = true
			links = append(links, l)
		}
	}
	return links
}

// times is series or sums of instants, as the window wants them.
func (w window) times(instants []int64, now int64, key string) any {
	all, n := w.all(now), 0
	for _, t := range instants {
		if all.holds(t) {
			n++
		}
	}
	if !w.many {
		return n
	}
	out := list{}
	reference := w.reference(now)
	add := func(s span, n int) {
		if len(out) < w.limited() {
			out = append(out, object{"dt": s.from, key: n})
		}
	}
	count := func(s span) (n int) {
		for _, t := range instants {
			if s.holds(t) {
				n++
			}
		}
		return n
	}
	if w.units > 0 {
		for _, s := range w.list(reference, w.units) {
			add(s, count(s))
		}
		return out
	}
	instants = slices.Sorted(slices.Values(instants))
	for i := len(instants) - 1; i >= 0; {
		s := w.holding(instants[i], reference)
		if all.holds(instants[i]) {
			add(s, count(s))
		}
		for i >= 0 && instants[i] >= s.from {
			i--
		}
	}
	return out
}

func instants(hits []hit) (list []int64) {
	for _, h := range hits {
		list = append(list, h.t)
	}
	return list
}

// about is a metrics answer.
func (w window) about(now int64, fields object) object {
	var echo any
	if w.ref != 0 {
		echo = w.ref
	}
	data := object{"units": w.units, "unit_reference_ts": echo, "tz_offset": float64(w.offset(now)) / 3600, "unit": w.unit}
	maps.Copy(data, fields)
	return ok(data)
}
