package v3

import (
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// userClicks is user/clicks: clicks on all links of the user over time.
func (a *API) userClicks(c *call) (any, error) {
	user := c.authUser()
	if c.isLegacy() {
		return a.userClicksLegacy(c, user)
	}
	w := c.window()
	f := c.filter()
	if err := c.endParamsWithText(w.total); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	return c.overTime(a.Clicks, of, w, "user_clicks", clicksAt)
}

// userBotClicks is user/bot_clicks: clicks of bots on all links of the user over time. It is
// ours, and has no legacy form.
func (a *API) userBotClicks(c *call) (any, error) {
	user := c.authUser()
	w := c.window()
	f := c.filter()
	if err := c.endParamsWithText(w.total); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	return c.overTime(a.Clicks.OfBots(), of, w, "user_bot_clicks", clicksAt)
}

// linkBotClicks is link/bot_clicks: clicks of bots on a link over time. It is ours.
func (a *API) linkBotClicks(c *call) (any, error) {
	user := c.authUser()
	written := c.required("link")
	w := c.window()
	if err := c.endParamsWithText(w.total); err != nil {
		return nil, err
	}
	of, err := c.subject(user, written)
	if err != nil {
		return nil, err
	}
	return c.overTime(a.Clicks.OfBots(), of, w, "link_bot_clicks", clicksAt)
}

// linkClicks is link/clicks: clicks on a link over time.
func (a *API) linkClicks(c *call) (any, error) {
	user := c.authUser()
	written := c.required("link")
	w := c.window()
	if err := c.endParamsWithText(w.total); err != nil {
		return nil, err
	}
	of, err := c.subject(user, written)
	if err != nil {
		return nil, err
	}
	return c.overTime(a.Clicks, of, w, "link_clicks", clicksAt)
}

// userShortenCounts is user/shorten_counts: links that the user made, over time.
func (a *API) userShortenCounts(c *call) (any, error) {
	user := c.authUser()
	w := c.window()
	tag := c.tag()
	if err := c.endParamsWithText(w.total); err != nil {
		return nil, err
	}
	if err := c.seatForLinks(user.ID, false); err != nil {
		return nil, err
	}
	return c.overTime(a.Shortens(tag), metrics.Subject{{User: user.ID}}, w, "user_shorten_counts", shortensAt)
}

// overTime is one total, or a number for each unit: under key in the answer.
func (c *call) overTime(m *metrics.Metrics, of metrics.Subject, w windowParams, key string, at func(metrics.Point) entry) (any, error) {
	if w.total {
		total, err := m.Total(c.ctx, of, w.Window)
		row := at(metrics.Point{Count: total}).row().withoutDate()
		return c.withRow(row, textData{c.about(w, field{key, total}), total}), err
	}
	if err := c.seatForSeries(of, w); err != nil {
		return nil, err
	}
	series, err := m.Series(c.ctx, of, w.Window, w.limit)
	if err != nil {
		return nil, err
	}
	list := make([]entry, len(series))
	for i, p := range series {
		list[i] = at(p)
	}
	t := c.newTable(w.Zone, at(metrics.Point{}))
	addRows(t, list)
	return tableData{c.about(w, field{key, list}), t}, nil
}

func clicksAt(p metrics.Point) entry { return dtClicks{p.Start, p.Count} }

func shortensAt(p metrics.Point) entry { return dtShortens{p.Start, p.Count} }

type dtClicks struct {
	DT     int64  `json:"dt"`
	Clicks uint64 `json:"clicks"`
}

func (e dtClicks) row() object { return object{{"date", moment(e.DT)}, {"clicks", e.Clicks}} }

type dtShortens struct {
	DT       int64  `json:"dt"`
	Shortens uint64 `json:"shortens"`
}

func (e dtShortens) row() object { return object{{"date", moment(e.DT)}, {"shortens", e.Shortens}} }

func (a *API) userClicksLegacy(c *call, user store.User) (any, error) {
	w := c.legacyWindow()
	f := c.filter()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	of, err := c.clicksOf(user, f)
	if err != nil {
		return nil, err
	}
	list, total, err := a.byDay(c, of, w.Legacy)
	return withList(c, w.Zone, list, object{{"days", w.Days}, {"total_clicks", total}, {"clicks", list}}), err
}

type clicksDayStart struct {
	Clicks   uint64 `json:"clicks"`
	DayStart int64  `json:"day_start"`
}

func (e clicksDayStart) row() object {
	return object{{"date", moment(e.DayStart)}, {"clicks", e.Clicks}}
}

// byDay is the clicks of each day of the legacy form, and their sum.
func (a *API) byDay(c *call, of metrics.Subject, w metrics.Legacy) (list []clicksDayStart, total uint64, err error) {
	days, err := a.Clicks.Days(c.ctx, of, w)
	if err != nil {
		return nil, 0, err
	}
	list = make([]clicksDayStart, len(days))
	for i, d := range days {
		list[i] = clicksDayStart{d.Count, d.Start}
		total += d.Count
	}
	return list, total, nil
}
