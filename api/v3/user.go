package v3

import (
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/rollup"
)

// userClicks is user/clicks: clicks on all links of the user over time.
func (a *API) userClicks(c *call) (any, error) {
	user := c.user()
	scope := rollup.Scope{User: user.ID}
	if _, given := c.unit(); !given {
		return a.userClicksLegacy(c, scope)
	}
	w := c.window()
	if err := c.end(w.rollup); err != nil {
		return nil, err
	}
	answer := userClicks{
		Units: w.Units, UnitReferenceTS: w.echo, TZOffset: c.tzOffset(w), Unit: w.Unit.String(),
	}
	if w.rollup {
		total, err := a.Metrics.Total(c.ctx, scope, w.Window)
		answer.UserClicks = total
		return answer, err
	}
	series, err := a.Metrics.Series(c.ctx, scope, w.Window, w.limit)
	if err != nil {
		return nil, err
	}
	list := make([]dtClicks, len(series))
	for i, p := range series {
		list[i] = dtClicks{p.Start, p.Clicks}
	}
	answer.UserClicks = list
	return answer, nil
}

type userClicks struct {
	Units           int     `json:"units"`
	UnitReferenceTS *int64  `json:"unit_reference_ts"`
	UserClicks      any     `json:"user_clicks"` // a number, or []dtClicks
	TZOffset        float64 `json:"tz_offset"`
	Unit            string  `json:"unit"`
}

func (u userClicks) text() any { return u.UserClicks }

type dtClicks struct {
	DT     int64  `json:"dt"`
	Clicks uint64 `json:"clicks"`
}

func (a *API) userClicksLegacy(c *call, scope rollup.Scope) (any, error) {
	w, _ := c.legacy()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.Days(c.ctx, scope, w)
	if err != nil {
		return nil, err
	}
	answer := userClicksLegacy{Days: w.Days, Clicks: make([]clicksDayStart, len(days))}
	for i, d := range days {
		answer.TotalClicks += d.Clicks
		answer.Clicks[i] = clicksDayStart{d.Clicks, d.Start}
	}
	return answer, nil
}

type userClicksLegacy struct {
	Days        int              `json:"days"`
	TotalClicks uint64           `json:"total_clicks"`
	Clicks      []clicksDayStart `json:"clicks"`
}

type clicksDayStart struct {
	Clicks   uint64 `json:"clicks"`
	DayStart int64  `json:"day_start"`
}

// userCountries is user/countries: the same clicks by country.
func (a *API) userCountries(c *call) (any, error) {
	user := c.user()
	scope := rollup.Scope{User: user.ID}
	if _, given := c.unit(); !given {
		return a.userCountriesLegacy(c, scope)
	}
	w := c.window()
	if err := c.end(false); err != nil {
		return nil, err
	}
	top, err := a.Metrics.Top(c.ctx, scope, rollup.Country, w.Window, metrics.Ranking{Limit: w.limit, Name: countryName})
	if err != nil {
		return nil, err
	}
	list := countries(top)
	return userCountries{
		Units: w.Units, UnitReferenceTS: w.echo, UserCountries: list, Countries: list,
		TZOffset: c.tzOffset(w), Unit: w.Unit.String(),
	}, nil
}

// userCountries has the list twice: live clients read user_countries, Bitly's
// documentation promised countries.
type userCountries struct {
	Units           int             `json:"units"`
	UnitReferenceTS *int64          `json:"unit_reference_ts"`
	UserCountries   []countryClicks `json:"user_countries"`
	Countries       []countryClicks `json:"countries"`
	TZOffset        float64         `json:"tz_offset"`
	Unit            string          `json:"unit"`
}

type countryClicks struct {
	Country string `json:"country"`
	Clicks  uint64 `json:"clicks"`
}

func (a *API) userCountriesLegacy(c *call, scope rollup.Scope) (any, error) {
	w, limit := c.legacy()
	if err := c.end(false); err != nil {
		return nil, err
	}
	days, err := a.Metrics.TopByDay(c.ctx, scope, rollup.Country, w, metrics.Ranking{Limit: limit, Name: countryName})
	if err != nil {
		return nil, err
	}
	answer := userCountriesLegacy{Days: w.Days, Countries: make([][]countryClicks, len(days))}
	for i, d := range days {
		answer.Countries[i] = countries(d)
	}
	return answer, nil
}

type userCountriesLegacy struct {
	Days      int               `json:"days"`
	Countries [][]countryClicks `json:"countries"`
}

func countries(top []metrics.Value) []countryClicks {
	list := make([]countryClicks, len(top))
	for i, v := range top {
		list[i] = countryClicks{v.Name, v.Clicks}
	}
	return list
}

// countryName spells the unknown country as the dialect does.
func countryName(value string) string {
	if value == "" {
		return "None"
	}
	return value
}
