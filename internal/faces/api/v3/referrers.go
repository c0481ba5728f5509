package v3

import (
	"cmp"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// byReferrer names the values of rollup.Referrer.
var byReferrer = metrics.Ranking{Unnamed: direct}

// userReferrers is user/referrers: clicks on all links of the user by referrer. The
// list is there twice, as in user/countries.
func (a *API) userReferrers(c *call) (any, error) {
	user := c.authUser()
	if c.isLegacy() {
		return a.userReferrersLegacy(c, user)
	}
	w := c.window()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Referrer, w, byReferrer)
	list := entriesOf(top, referrerOf)
	return withList(c, w.Zone, list, c.about(w, field{"user_referrers", list}, field{"referrers", list})), err
}

func (a *API) userReferrersLegacy(c *call, user store.User) (any, error) {
	w := c.legacyWindow()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	lists, t, err := rankedByDay(c, of, rollup.Referrer, w, byReferrer, referrerOf)
	return tableData{object{{"days", w.Days}, {"referrers", lists}}, t}, err
}

// linkReferrers is link/referrers: clicks on a link by referrer.
func (a *API) linkReferrers(c *call) (any, error) {
	of, w, err := c.linkWindow()
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Referrer, w, byReferrer)
	list := entriesOf(top, referrerOf)
	return withList(c, w.Zone, list, c.about(w, field{"referrers", list})), err
}

// linkReferrersByDomain is link/referrers_by_domain: the same referrers, grouped by
// domain, the domain with most clicks first.
func (a *API) linkReferrersByDomain(c *call) (any, error) {
	of, w, err := c.linkWindow()
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Referrer, w, byReferrer)
	if err != nil {
		return nil, err
	}
	byDomain, clicks := map[string][]referrerClicks{}, map[string]uint64{}
	for _, v := range top {
		name := domainName(v.Name)
		byDomain[name] = append(byDomain[name], referrerOf(v))
		clicks[name] += v.Clicks
	}
	names := slices.SortedFunc(maps.Keys(byDomain), func(a, b string) int {
		return cmp.Or(cmp.Compare(clicks[b], clicks[a]), cmp.Compare(a, b))
	})
	list := make(object, len(names))
	t := c.newTable(w.Zone, referrerClicks{}, "domain")
	for i, name := range names {
		list[i] = field{name, byDomain[name]}
		addRows(t, byDomain[name], name)
	}
	return tableData{c.about(w, field{"referrers", list}), t}, nil
}

type referrerClicks struct {
	Referrer string `json:"referrer"`
	Clicks   uint64 `json:"clicks"`
}

func (e referrerClicks) row() object {
	return object{{"referrer", e.Referrer}, {"clicks", e.Clicks}}
}

func referrerOf(v metrics.Value) referrerClicks { return referrerClicks{v.Name, v.Clicks} }
