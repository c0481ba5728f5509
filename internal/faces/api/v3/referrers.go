package v3

import (
	"cmp"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userReferrers is user/referrers: clicks on all links of the user by
// referrer. The unit form has the list twice, as user/countries does.
func (a *API) userReferrers(c *call) (any, error) {
	user := c.user()
	if c.withoutUnit() {
		return a.userReferrersLegacy(c, allLinks(user))
	}
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.ranked(c, allLinks(user), rollup.Referrer, w, direct)
	list := referrers(top)
	return listed(c, w.Zone, list, c.about(w, field{"user_referrers", list}, field{"referrers", list})), err
}

func (a *API) userReferrersLegacy(c *call, of metrics.Subject) (any, error) {
	w, limit := c.legacy()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.TopByDay(c.ctx, of, rollup.Referrer, w, metrics.Ranking{Limit: limit, Unnamed: direct, Dear: c.dear})
	list := make([][]referrerClicks, len(days))
	t := c.table(w.Zone, referrerClicks{}, "date")
	for i, d := range days {
		list[i] = referrers(d)
		add(t, list[i], moment(w.Start(i)))
	}
	return tabled{object{{"days", w.Days}, {"referrers", list}}, t}, err
}

// linkReferrers is link/referrers: clicks on a link by referrer.
func (a *API) linkReferrers(c *call) (any, error) {
	w, top, err := a.topReferrers(c)
	if err != nil {
		return nil, err
	}
	list := referrers(top)
	return listed(c, w.Zone, list, c.about(w, field{"referrers", list})), nil
}

// linkReferrersByDomain is link/referrers_by_domain: the same referrers, each
// under its domain. The domain with most clicks is first.
func (a *API) linkReferrersByDomain(c *call) (any, error) {
	w, top, err := a.topReferrers(c)
	if err != nil {
		return nil, err
	}
	under, clicks := map[string][]referrerClicks{}, map[string]uint64{}
	for _, v := range top {
		name := domainName(v.Name)
		under[name] = append(under[name], referrerClicks{v.Name, v.Clicks})
		clicks[name] += v.Clicks
	}
	names := slices.SortedFunc(maps.Keys(under), func(a, b string) int {
		return cmp.Or(cmp.Compare(clicks[b], clicks[a]), cmp.Compare(a, b))
	})
	list := make(object, len(names))
	t := c.table(w.Zone, referrerClicks{}, "domain")
	for i, name := range names {
		list[i] = field{name, under[name]}
		add(t, under[name], name)
	}
	return tabled{c.about(w, field{"referrers", list}), t}, nil
}

// topReferrers is what both methods about the referrers of a link ask.
func (a *API) topReferrers(c *call) (window, []metrics.Value, error) {
	user := c.user()
	written := c.required("link")
	w := c.windowTotal()
	if err := c.end(false); err != nil {
		return w, nil, err
	}
	of, err := c.subject(user, written)
	if err != nil {
		return w, nil, err
	}
	top, err := a.ranked(c, of, rollup.Referrer, w, direct)
	return w, top, err
}

type referrerClicks struct {
	Referrer string `json:"referrer"`
	Clicks   uint64 `json:"clicks"`
}

func (e referrerClicks) row() object {
	return object{{"referrer", e.Referrer}, {"clicks", e.Clicks}}
}

func referrers(top []metrics.Value) []referrerClicks {
	list := make([]referrerClicks, len(top))
	for i, v := range top {
		list[i] = referrerClicks{v.Name, v.Clicks}
	}
	return list
}

// direct is what the dialect calls clicks that came from no page.
const direct = "direct"
