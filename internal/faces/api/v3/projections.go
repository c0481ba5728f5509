package v3

import (
	"slices"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// addProjections adds the methods that list clicks by device, browser, system, source,
// city, region and bot: of all links of a user, and of a link. They are ours.
func (a *API) addProjections(methods map[string]method) {
	for _, p := range rollup.Projections() {
		methods["user/"+p.List] = method{dated: true, rows: true, noMinutes: !p.Facet.ByMinute(), run: func(c *call) (any, error) {
			user := c.authUser()
			w := c.windowWithoutRollup()
			f := c.filter()
			if err := c.endParams(); err != nil {
				return nil, err
			}
			of, err := c.clicksOf(user, f)
			if err != nil {
				return nil, err
			}
			return c.projected(of, p, w)
		}}
		methods["link/"+p.List] = method{dated: true, rows: true, keyed: true, noMinutes: !p.Facet.ByMinute(), run: func(c *call) (any, error) {
			of, w, err := c.linkWindow()
			if err != nil {
				return nil, err
			}
			return c.projected(of, p, w)
		}}
	}
}

// projected is the clicks in a window by the names of a projection, most clicks first.
func (c *call) projected(of metrics.Subject, p rollup.Projection, w windowParams) (any, error) {
	r := metrics.Ranking{Limit: w.limit, Expensive: c.takeSeat}
	top, err := c.api.Clicks.TopBy(c.ctx, of, p, w.Window, r)
	entryOf := func(parts []string, clicks uint64) (e object) {
		for i, column := range p.Columns {
			e = append(e, field{column, parts[i]})
		}
		return append(e, field{"clicks", clicks})
	}
	list := make([]object, len(top))
	for i, v := range top {
		list[i] = entryOf(p.Parts(v.Name), v.Clicks)
	}
	t := c.newTable(w.Zone, entryOf(slices.Clone(p.Columns), 0))
	addRows(t, list)
	return tableData{c.about(w, field{p.List, list}), t}, err
}
