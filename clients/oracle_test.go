//go:build clients

package clients_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// The oracle reads all clicks and all links for each answer.

// params are the parameters of a question. A list is a parameter given several times.
type params map[string]any

// object and list are decoded JSON.
type (
	object map[string]any
	list   []any
)

// envelope returns a complete answer.
func envelope(code int, text string, data any) object {
	return object{"status_code": code, "status_txt": text, "data": data}
}

func ok(data any) object { return envelope(200, "OK", data) }

var notFound = envelope(404, "NOT_FOUND", nil)

func shortURL(hash string) string { return shortScheme + "://" + shortDomain + "/" + hash }

// shortScheme is the scheme of short URLs. It is the scheme of the listener.
var shortScheme = "http"

// orNull returns the text, or null if it is empty.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// resolve returns the link that a text names, or nil. If a link and an aggregate link have
// the same hash, it returns the aggregate link.
func (w *model) resolve(text string) *link {
	l := w.resolveOwned(text)
	if l != nil && l.hash == l.aggregate && strings.HasSuffix("/"+text, "/"+l.hash) {
		return w.aggregates[l.hash]
	}
	return l
}

// resolveOwned does what resolve does, but returns the link if both have the same hash.
func (w *model) resolveOwned(text string) *link {
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

// ours reports whether short URLs may have the host.
func (w *model) ours(host string) bool {
	switch host {
	case "", shortDomain, "bit.ly", "j.mp", "bitly.com":
		return true
	}
	return slices.ContainsFunc(w.keywords, func(k keyword) bool { return k.domain == host })
}

// sees reports whether the user may see the link.
func (l *link) sees(login string) bool { return !l.private || l.owner == login }

// of returns the clicks on a link. Those on an aggregate link are the clicks on all links
// of the long URL.
func (w *model) of(l *link) (clicks []oneClick) {
	for _, h := range w.clicks {
		if h.link == l || l.owner == "" && h.link.longURL == l.longURL {
			clicks = append(clicks, h)
		}
	}
	return clicks
}

// by returns the clicks on all links of a user.
func (w *model) by(login string) (clicks []oneClick) {
	for _, h := range w.clicks {
		if h.link.owner == login {
			clicks = append(clicks, h)
		}
	}
	return clicks
}

// linksOf returns the links of a user.
func (w *model) linksOf(login string) (links []*link) {
	for _, l := range w.links {
		if l.owner == login {
			links = append(links, l)
		}
	}
	slices.SortFunc(links, byAge) // so that a seed replays
	return links
}

// oldest returns the oldest link, or nil.
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

// leading returns the links that lead to a long URL.
func leading[K comparable](links map[K]*link, longURL string) (found []*link) {
	for _, l := range links {
		if l.longURL == longURL {
			found = append(found, l)
		}
	}
	return found
}

// linkOf returns a user's link of a long URL, or nil. Without a login it returns the
// aggregate link.
func (w *model) linkOf(login, longURL string) *link {
	if login == "" {
		return oldest(leading(w.aggregates, longURL))
	}
	return oldest(slices.DeleteFunc(leading(w.links, longURL), func(l *link) bool { return l.owner != login }))
}

func in(clicks []oneClick, s span) (found []oneClick) {
	for _, h := range clicks {
		if s.holds(h.t) {
			found = append(found, h)
		}
	}
	return found
}

// ranking returns clicks by name, most clicks first.
type ranking []struct {
	name   string
	clicks int
}

func rank(clicks []oneClick, name func(oneClick) string) (r ranking) {
	counts := map[string]int{}
	for _, h := range clicks {
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

func country(h oneClick) string   { return h.country }
func referrer(h oneClick) string  { return h.referrer }
func hitDomain(h oneClick) string { return domain(h.referrer) }
func hitURL(h oneClick) string    { return shortURL(h.link.hash) }
func domain(ref string) string    { return cmp.Or(click.Referrer(ref).Domain(), ref) }

// domains returns clicks by referring domain, without social networks if exclude is true.
func domains(clicks []oneClick, limit int, drop bool) list {
	if drop {
		clicks = slices.DeleteFunc(slices.Clone(clicks), func(h oneClick) bool { return social(domain(h.referrer)) })
	}
	out := list{}
	referrers := rank(clicks, referrer)
	all := rank(clicks, hitDomain)
	for _, e := range all[:min(len(all), limit)] {
		o := object{"domain": e.name, "clicks": e.clicks}
		for _, r := range referrers { // the scheme of the referrer with most clicks
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

// social returns the networks that exclude_social_networks drops, as in docs/api.md.
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

// encoders returns the oldest link of each user for the same long URL, oldest first,
// without private links of other users.
func (w *model) encoders(l *link, login string) (links []*link) {
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

// times returns the clicks of the window, as a series or as a sum.
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

func instants(clicks []oneClick) (list []int64) {
	for _, h := range clicks {
		list = append(list, h.t)
	}
	return list
}

// about returns the answer to a question about counts.
func (w window) about(now int64, fields object) object {
	var echo any
	if w.ref != 0 {
		echo = w.ref
	}
	data := object{"units": w.units, "unit_reference_ts": echo, "tz_offset": float64(w.offset(now)) / 3600, "unit": w.unit}
	maps.Copy(data, fields)
	return ok(data)
}
