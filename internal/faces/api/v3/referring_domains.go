package v3

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// userReferringDomains is user/referring_domains: clicks on all links of the user by
// the domain of the referrer. The list is there twice, as in user/countries.
func (a *API) userReferringDomains(c *call) (any, error) {
	user := c.authUser()
	if c.isLegacy() {
		return a.userReferringDomainsLegacy(c, user)
	}
	w := c.window()
	excluded := c.excluded()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Referrer, w, byDomain(excluded))
	list := entriesOf(top, domainOf)
	return withList(c, w.Zone, list, c.about(w, field{"user_referring_domains", list}, field{"referring_domains", list})), err
}

func (a *API) userReferringDomainsLegacy(c *call, user store.User) (any, error) {
	w := c.legacyWindow()
	excluded := c.excluded()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	lists, t, err := rankedByDay(c, of, rollup.Referrer, w, byDomain(excluded), domainOf)
	days := make([]domainsOfDay, len(lists))
	for i, list := range lists {
		days[i] = domainsOfDay{w.Start(i), list}
	}
	return tableData{object{{"days", w.Days}, {"referring_domains", days}}, t}, err
}

type domainsOfDay struct {
	DT     int64          `json:"dt"`
	Values []domainClicks `json:"values"`
}

// linkReferringDomains is link/referring_domains: clicks on a link by the domain of
// the referrer.
func (a *API) linkReferringDomains(c *call) (any, error) {
	of, w, err := c.linkWindow()
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Referrer, w, byDomain(nil))
	list := entriesOf(top, domainOf)
	return withList(c, w.Zone, list, c.about(w, field{"referring_domains", list})), err
}

type domainClicks struct {
	Domain string `json:"domain"`
	// URL is absent for referrers that are not web pages: android-app:,
	// javascript:, a host that cannot exist. It is also absent for direct and
	// other, which a page may claim as its host.
	URL    string `json:"url,omitempty"`
	Clicks uint64 `json:"clicks"`
}

func (e domainClicks) row() object {
	return object{{"domain", e.Domain}, {"url", e.URL}, {"clicks", e.Clicks}}
}

func domainOf(v metrics.Value) domainClicks {
	return domainClicks{Domain: v.Name, URL: v.Lead, Clicks: v.Clicks}
}

// byDomain groups the values of rollup.Referrer by domain, without the domains for
// which excluded is true. The lead of a group is the URL of the domain, with the
// scheme of its first referrer.
func byDomain(excluded func(domain string) bool) metrics.Ranking {
	return metrics.Ranking{Group: func(referrer string) (name, url string) {
		name = domainName(referrer)
		if excluded != nil && excluded(name) {
			return "", ""
		}
		return name, urlOf(referrer, name)
	}}
}

// urlOf is the URL of the domain of a referrer; empty if the referrer is not a web
// page. Strangers choose referrers, and readers follow URLs.
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

// domainName is the domain of a referrer; the referrer itself if it has none.
func domainName(referrer string) string {
	return cmp.Or(click.Referrer(referrer).Domain(), referrer, direct)
}

// excluded takes exclude_social_networks.
func (c *call) excluded() func(domain string) bool {
	if c.bool("exclude_social_networks", false) {
		return isSocial
	}
	return nil
}

// socialNetworks are the domains that exclude_social_networks excludes, with their
// subdomains.
var socialNetworks = []string{
	"facebook.com", "fb.com", "fb.me", "messenger.com", "instagram.com", "threads.net", "whatsapp.com",
	"twitter.com", "x.com", "t.co", "linkedin.com", "lnkd.in", "plus.google.com", "plus.url.google.com", "youtube.com", "youtu.be",
	"pinterest.com", "pin.it", "reddit.com", "redd.it", "tumblr.com", "tiktok.com", "snapchat.com", "bsky.app", "mastodon.social",
	"vk.com", "ok.ru", "weibo.com", "t.cn", "xing.com", "myspace.com", "stumbleupon.com", "digg.com", "t.me", "telegram.org",
}

// isSocial reports whether a domain, with or without a port, is of a social network.
func isSocial(domain string) bool {
	domain, _, _ = strings.Cut(strings.ToLower(domain), ":")
	return slices.ContainsFunc(socialNetworks, func(s string) bool {
		return domain == s || strings.HasSuffix(domain, "."+s)
	})
}
