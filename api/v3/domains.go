package v3

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/rollup"
)

// userReferringDomains is user/referring_domains: clicks on all links of the
// user by the domain they came from. The unit form has the list twice, as
// user/countries does.
func (a *API) userReferringDomains(c *call) (any, error) {
	user := c.user()
	if _, given := c.unit(); !given {
		return a.userReferringDomainsLegacy(c, allLinks(user))
	}
	w := c.window()
	drop := c.drop()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.allReferrers(c, allLinks(user), w)
	list := domains(top, w.limit, drop)
	return c.about(w, field{"user_referring_domains", list}, field{"referring_domains", list}), err
}

func (a *API) userReferringDomainsLegacy(c *call, of metrics.Subject) (any, error) {
	w, limit := c.legacy()
	drop := c.drop()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.TopByDay(c.ctx, of, rollup.Referrer, w, metrics.Ranking{Limit: math.MaxInt, Name: referrerName})
	edges := w.Zone.Legacy(w.Reference, w.Days)
	list := make([]domainsOfDay, len(days))
	for i, d := range days {
		list[i] = domainsOfDay{edges[len(days)-1-i], domains(d, limit, drop)}
	}
	return object{{"days", w.Days}, {"referring_domains", list}}, err
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
	top, err := a.allReferrers(c, of, w)
	return c.about(w, field{"referring_domains", domains(top, w.limit, nil)}), err
}

// allReferrers ranks without a limit: that is of domains.
func (a *API) allReferrers(c *call, of metrics.Subject, w window) ([]metrics.Value, error) {
	w.limit = math.MaxInt
	return a.ranked(c, of, rollup.Referrer, w, referrerName)
}

type domainClicks struct {
	Domain string `json:"domain"`
	// URL is absent for what is no URL, and for direct and other, whatever
	// pages say that they are on hosts of these names.
	URL    string `json:"url,omitempty"`
	Clicks uint64 `json:"clicks"`
}

// domains sums referrers, most clicks first, by domain, but for those to drop.
// The scheme of a domain's URL is that of its first referrer.
func domains(top []metrics.Value, limit int, drop func(domain string) bool) []domainClicks {
	list := []domainClicks{}
	places := map[string]int{}
	for _, v := range top {
		name := domainName(v.Name)
		if drop != nil && drop(name) {
			continue
		}
		i, known := places[name]
		if !known {
			i = len(list)
			places[name] = i
			list = append(list, domainClicks{Domain: name})
		}
		list[i].Clicks += v.Clicks
		if name == direct || name == string(click.OtherReferrers) {
			continue
		}
		if scheme, rest, ok := strings.Cut(v.Name, "://"); ok && list[i].URL == "" && strings.HasPrefix(rest, name+"/") {
			list[i].URL = scheme + "://" + name + "/"
		}
	}
	slices.SortFunc(list, func(a, b domainClicks) int {
		return cmp.Or(cmp.Compare(b.Clicks, a.Clicks), cmp.Compare(a.Domain, b.Domain))
	})
	return list[:min(len(list), limit)]
}

// domainName is the domain of a referrer as it is shown; its own name where it
// has none.
func domainName(referrer string) string {
	return cmp.Or(click.Referrer(referrer).Domain(), referrer)
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
