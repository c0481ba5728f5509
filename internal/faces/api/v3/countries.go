package v3

import (
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
)

// userCountries is user/countries: clicks on all links of the user by country.
// The unit form has the list twice: live clients read user_countries, Bitly's
// documentation promised countries.
func (a *API) userCountries(c *call) (any, error) {
	user := c.user()
	if c.withoutUnit() {
		return a.userCountriesLegacy(c, allLinks(user))
	}
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.ranked(c, allLinks(user), rollup.Country, w, noCountry)
	list := countries(top)
	return listed(c, w.Zone, list, c.about(w, field{"user_countries", list}, field{"countries", list})), err
}

func (a *API) userCountriesLegacy(c *call, of metrics.Subject) (any, error) {
	w, limit := c.legacy()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.TopByDay(c.ctx, of, rollup.Country, w, metrics.Ranking{Limit: limit, Unnamed: noCountry, Dear: c.dear})
	list := make([][]countryClicks, len(days))
	t := c.table(w.Zone, countryClicks{}, "date")
	for i, d := range days {
		list[i] = countries(d)
		add(t, list[i], moment(w.Start(i)))
	}
	return tabled{object{{"days", w.Days}, {"countries", list}}, t}, err
}

// linkCountries is link/countries: clicks on a link by country.
func (a *API) linkCountries(c *call) (any, error) {
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
	top, err := a.ranked(c, of, rollup.Country, w, noCountry)
	list := countries(top)
	return listed(c, w.Zone, list, c.about(w, field{"countries", list})), err
}

type countryClicks struct {
	Country string `json:"country"`
	Clicks  uint64 `json:"clicks"`
}

func (e countryClicks) row() object {
	return object{{"country", e.Country}, {"clicks", e.Clicks}}
}

func countries(top []metrics.Value) []countryClicks {
	list := make([]countryClicks, len(top))
	for i, v := range top {
		list[i] = countryClicks{v.Name, v.Clicks}
	}
	return list
}

// noCountry is what the dialect calls the unknown country.
const noCountry = "None"
