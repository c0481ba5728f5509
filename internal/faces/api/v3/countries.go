package v3

import (
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// byCountry names the values of rollup.Country.
var byCountry = metrics.Ranking{Unnamed: noCountry}

// userCountries is user/countries: clicks on all links of the user by country. The
// list is there twice: clients read user_countries, and Bitly's documentation says
// countries.
func (a *API) userCountries(c *call) (any, error) {
	user := c.authUser()
	if c.isLegacy() {
		return a.userCountriesLegacy(c, user)
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
	top, err := c.ranked(of, rollup.Country, w, byCountry)
	list := entriesOf(top, countryOf)
	both := &twice{list}
	return withList(c, w.Zone, list, c.about(w, field{"user_countries", both}, field{"countries", both})), err
}

func (a *API) userCountriesLegacy(c *call, user store.User) (any, error) {
	w := c.legacyWindow()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	lists, t, err := rankedByDay(c, of, rollup.Country, w, byCountry, countryOf)
	return tableData{object{{"days", w.Days}, {"countries", lists}}, t}, err
}

// linkCountries is link/countries: clicks on a link by country.
func (a *API) linkCountries(c *call) (any, error) {
	of, w, err := c.linkWindow()
	if err != nil {
		return nil, err
	}
	top, err := c.ranked(of, rollup.Country, w, byCountry)
	list := entriesOf(top, countryOf)
	return withList(c, w.Zone, list, c.about(w, field{"countries", list})), err
}

type countryClicks struct {
	Country string `json:"country"`
	Clicks  uint64 `json:"clicks"`
}

func (e countryClicks) row() object {
	return object{{"country", e.Country}, {"clicks", e.Clicks}}
}

func countryOf(v metrics.Value) countryClicks { return countryClicks{v.Name, v.Clicks} }
