package v3

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userReferringDomains is user/referring_domains: clicks on all links of the
// user by the domain they came from. The unit form has the list twice, as
// user/countries does.
func (a *API) userReferringDomains(c *call) (any, error) {
	user := c.user()
	if c.withoutUnit() {
		return a.userReferringDomainsLegacy(c, allLinks(user))
	}
	w := c.window()
	drop := c.drop()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.topDomains(c, allLinks(user), w, drop)
	list := domains(top)
	return listed(c, w.Zone, list, c.about(w, field{"user_referring_domains", list}, field{"referring_domains", list})), err
}

func (a *API) userReferringDomainsLegacy(c *call, of metrics.Subject) (any, error) {
	w, limit := c.legacy()
	drop := c.drop()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.TopByDay(c.ctx, of, rollup.Referrer, w, metrics.Ranking{Limit: limit, Group: domainsBut(drop), Dear: c.dear})
	list := make([]domainsOfDay, len(days))
	t := c.table(w.Zone, domainClicks{}, "date")
	for i, d := range days {
		list[i] = domainsOfDay{w.Start(i), domains(d)}
		add(t, list[i].Values, moment(w.Start(i)))
	}
	return tabled{object{{"days", w.Days}, {"referring_domains", list}}, t}, err
}

type domainsOfDay struct {
	DT     int64          `json:"dt"`
	Values []domainClicks `json:"values"`
}

// linkReferringDomains is link/referring_domains: clicks on a link by the
// domain they came from.
func (a *API) linkReferringDomains(c *call) (any, error) {
	user := c.user()
	written := c.required("link")
	w := c.windowTotal()
	if err := c.end(false); err != nil {
		return nil, err
	}
	of, err := c.subject(user, written)
	if err != nil {
		return nil, err
	}
	top, err := a.topDomains(c, of, w, nil)
	list := domains(top)
	return listed(c, w.Zone, list, c.about(w, field{"referring_domains", list})), err
}

// topDomains ranks the domains of referrers, but for those to drop.
func (a *API) topDomains(c *call, of metrics.Subject, w window, drop func(domain string) bool) ([]metrics.Value, error) {
	return a.Metrics.Top(c.ctx, of, rollup.Referrer, w.Window, metrics.Ranking{Limit: w.limit, Group: domainsBut(drop), Dear: c.dear})
}

type domainClicks struct {
	Domain string `json:"domain"`
	// URL is absent for what is no page of the web (android-app:, javascript:, a
	// host that no host can be), and for direct and other, whatever pages say
	// that they are on hosts of these names.
	URL    string `json:"url,omitempty"`
	Clicks uint64 `json:"clicks"`
}

func (e domainClicks) row() object {
	return object{{"domain", e.Domain}, {"url", e.URL}, {"clicks", e.Clicks}}
}

func domains(top []metrics.Value) []domainClicks {
	list := make([]domainClicks, len(top))
	for i, v := range top {
		list[i] = domainClicks{Domain: v.Name, URL: v.Lead, Clicks: v.Clicks}
	}
	return list
}

// domainsBut groups referrers by their domains, but for those to drop. What leads
// is the URL of the domain, whose scheme is that of its first page.
func domainsBut(drop func(domain string) bool) func(referrer string) (name, url string) {
	return func(referrer string) (name, url string) {
		name = domainName(referrer)
		if drop != nil && drop(name) {
			return "", ""
		}
		return name, urlOf(referrer, name)
	}
}

// urlOf is the URL of the domain that a referrer names; empty where that is no
// page of the web. Referrers are what strangers send, and a URL is there to be
// followed.
func urlOf(referrer, domain string) string {
	scheme, rest, _ := strings.Cut(referrer, "://")
	if scheme != "http" && scheme != "https" || !strings.HasPrefix(rest, domain+"/") || domain == direct || domain == string(click.OtherReferrers) {
		return ""
	}
	if strings.ContainsFunc(domain, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.:[]", r)
	}) {
		return ""
	}
	return scheme + "://" + domain + "/"
}

// domainName is the domain of a referrer as it is shown; its own name where it
// has none.
func domainName(referrer string) string {
	return cmp.Or(click.Referrer(referrer).Domain(), referrer, direct)
}

// drop takes exclude_social_networks.
func (c *call) drop() func(domain string) bool {
	if c.bool("exclude_social_networks", false) {
		return isSocial
	}
	return nil
}

// socialNetworks are the domains that exclude_social_networks drops, with
// everything below them.
var socialNetworks = []string{
	"facebook.com", "fb.com", "fb.me", "messenger.com", "instagram.com", "threads.net", "whatsapp.com",
	"twitter.com", "x.com", "t.co", "linkedin.com", "lnkd.in", "plus.google.com", "plus.url.google.com", "youtube.com", "youtu.be",
	"pinterest.com", "pin.it", "reddit.com", "redd.it", "tumblr.com", "tiktok.com", "snapchat.com", "bsky.app", "mastodon.social",
	"vk.com", "ok.ru", "weibo.com", "t.cn", "xing.com", "myspace.com", "stumbleupon.com", "digg.com", "t.me", "telegram.org",
}

// isSocial tells whether the domain, with a port or without, is one of theirs.
func isSocial(domain string) bool {
	domain, _, _ = strings.Cut(strings.ToLower(domain), ":")
	return slices.ContainsFunc(socialNetworks, func(s string) bool {
		return domain == s || strings.HasSuffix(domain, "."+s)
	})
}
