package v3

import (
	"strconv"

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
	return c.overTime(a.Clicks, of, w, "user_clicks", "clicks")
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
	return c.overTime(a.Clicks.OfBots(), of, w, "user_bot_clicks", "clicks")
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
	return c.overTime(a.Clicks.OfBots(), of, w, "link_bot_clicks", "clicks")
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
	return c.overTime(a.Clicks, of, w, "link_clicks", "clicks")
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
	return c.overTime(a.Shortens(tag), metrics.Subject{{User: user.ID}}, w, "user_shorten_counts", "shortens")
}

// overTime is one total, or a number for each unit: under key in the answer. What is counted is
// called name in each of these.
func (c *call) overTime(m *metrics.Metrics, of metrics.Subject, w windowParams, key, name string) (any, error) {
	if w.total {
		total, err := m.Total(c.ctx, of, w.Window)
		return c.withRow(object{{name, total}}, textData{c.about(w, field{key, total}), total}), err
	}
	if err := c.seatForSeries(of, w); err != nil {
		return nil, err
	}
	list, err := m.Series(c.ctx, of, w.Window, w.limit)
	if err != nil {
		return nil, err
	}
	t := c.newTable(w.Zone, object{{"date", moment(0)}, {name, 0}})
	if t != nil {
		for _, p := range list {
			t.rows = append(t.rows, []any{moment(p.Start), p.Count})
		}
	}
	return tableData{c.about(w, field{key, series{list, name}}), t}, nil
}

// series is points of time with what is counted, which is called name. Ten years have 87,600
// hours: encoding/json takes more time for them than the counts do.
type series struct {
	list []metrics.Point
	name string
}

// seriesBytes is about the length of an entry in JSON.
const seriesBytes = 34

// appendJSON appends the list: [{"dt":1300000000,"clicks":1}].
func (s series) appendJSON(b []byte) []byte {
	b = append(b, '[')
	for i, p := range s.list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"dt":`...)
		b = strconv.AppendInt(b, p.Start, 10)
		b = append(b, `,"`...)
		b = append(b, s.name...)
		b = append(b, `":`...)
		b = append(strconv.AppendUint(b, p.Count, 10), '}')
	}
	return append(b, ']')
}

type dtClicks struct {
	DT     int64  `json:"dt"`
	Clicks uint64 `json:"clicks"`
}

func (e dtClicks) row() object { return object{{"date", moment(e.DT)}, {"clicks", e.Clicks}} }

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
