package page

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/footfall/footfall/internal/base/calendar"
)

// chart is the clicks over time.
type chart struct {
	Points   []bar    `json:"points"` // oldest first
	Changes  []change `json:"changes"`
	Call     call     `json:"call"`
	BotsCall call     `json:"botsCall"`
}

// bar is one unit of time.
type bar struct {
	Start     int64  `json:"start"`
	End       int64  `json:"end"`
	Local     string `json:"local"`
	Until     string `json:"until"`  // the local end
	Offset    int    `json:"offset"` // minutes east of UTC, at the start
	EndOffset int    `json:"endOffset"`
	Clicks    uint64 `json:"clicks"`
	Bots      uint64 `json:"bots"`  // beside the clicks
	State     string `json:"state"` // done, running or future
	// Hours is the length of a day, week or month that is longer or shorter than others, in
	// hours; 0 for the usual length.
	Hours float64 `json:"hours,omitempty"`
	// Clocks says that clocks change: forward or back. Of an hour it says that they changed at
	// its start.
	Clocks string `json:"clocks,omitempty"`
	// Partial says that the range has a part of the unit only.
	Partial       bool    `json:"partial,omitempty"`
	Previous      *uint64 `json:"previous"`
	PreviousLocal string  `json:"previousLocal,omitempty"`
	// PreviousOffset is that of PreviousLocal, in minutes east of UTC: clocks may have changed.
	PreviousOffset int    `json:"previousOffset"`
	Query          string `json:"query"` // zooms in
}

// change is a link that was given another destination.
type change struct {
	At    int64  `json:"at"`
	Local string `json:"local"`
	Link  string `json:"link"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// fillChart asks for the clicks over time, and for those of the comparison.
func (b *builder) fillChart() error {
	w, c := &b.w, &b.v.Chart
	q := b.in()
	clicks, err := b.byTime(q)
	if err != nil {
		return err
	}
	var bots []point
	if b.counted == withBots {
		if bots, err = b.series("user/bot_clicks", "user_bot_clicks", q); err != nil {
			return err
		}
	}
	q.Set("rollup", "false")
	q.Set("limit", "all")
	method, _ := b.counted.method()
	c.Call = call{Method: method, Query: q.Encode()}
	c.BotsCall = call{Method: "user/bot_clicks", Query: q.Encode()}
	edges := w.edges()
	at := make(map[int64]int, len(edges))
	c.Points = make([]bar, len(edges)-1)
	for i := range c.Points {
		c.Points[i] = b.bar(edges[i], edges[i+1])
		at[edges[i]] = i
	}
	for _, p := range clicks {
		if i, ok := at[p.DT]; ok {
			c.Points[i].Clicks = p.Clicks
		}
		c.Call.Clicks += p.Clicks
	}
	for _, p := range bots {
		if i, ok := at[p.DT]; ok {
			c.Points[i].Bots = p.Clicks
		}
		c.BotsCall.Clicks += p.Clicks
	}
	c.Call.Rows, c.BotsCall.Rows = len(clicks), len(bots)
	if err := b.fillPrevious(c.Points); err != nil {
		return err
	}
	return b.fillChanges()
}

// bar is a unit of the chart without its clicks.
func (b *builder) bar(start, end int64) bar {
	w := &b.w
	p := bar{
		Start: start, End: end, Local: w.local(start), Until: w.local(end), Offset: w.zone.Offset(start) / 60, EndOffset: w.zone.Offset(end) / 60,
		State: "done", Partial: start < w.start || end > w.end,
	}
	switch {
	case start > w.now:
		p.State = "future"
	case w.now < end:
		p.State = "running"
	}
	if w.unit == calendar.Hour || w.unit == calendar.Minute {
		switch before := w.zone.Offset(start-1) / 60; {
		case before < p.Offset:
			p.Clocks = "forward"
		case before > p.Offset:
			p.Clocks = "back"
		}
	} else if dates := w.zone.Date(end-1) - w.zone.Date(start) + 1; end-start != dates*secondsPerDay {
		p.Hours = float64(end-start) / 3600
		if p.Clocks = "forward"; end-start > dates*secondsPerDay {
			p.Clocks = "back"
		}
	}
	p.Query = b.into(start, end)
	return p
}

// into is the query of the view of one unit: its days, or the hours of a day.
func (b *builder) into(start, end int64) string {
	w := &b.w
	if w.unit == calendar.Hour || w.unit == calendar.Minute {
		return ""
	}
	q := without(b.query, "range", "from", "to", "unit", "units", "unit_reference_ts")
	first, last := w.zone.Date(start), w.zone.Date(end-1)
	if today := w.today(); first <= today && today < last {
		last = today
	}
	q.Set("from", dateText(first))
	q.Set("to", dateText(last))
	if w.unit == calendar.Day {
		q.Set("unit", "hour")
	} else {
		q.Set("unit", "day")
	}
	return encode(q)
}

// fillPrevious sets the clicks of the comparison, by position.
func (b *builder) fillPrevious(bars []bar) error {
	if b.c.kind == "none" || b.c.start >= b.c.end {
		return nil
	}
	list, err := b.byTime(b.with(b.c.within(&b.w, b.c.end)))
	if err != nil {
		return err
	}
	for i := range min(len(list), len(bars)) {
		n, at := list[i].Clicks, max(list[i].DT, b.c.start)
		bars[i].Previous, bars[i].PreviousLocal, bars[i].PreviousOffset = &n, b.w.local(at), b.w.zone.Offset(at)/60
	}
	return nil
}

// fillChanges lists the destinations that were changed in the range.
func (b *builder) fillChanges() error {
	b.v.Chart.Changes = []change{}
	if b.scope["link"] == nil { // of all links they would be too many to mean anything
		return nil
	}
	var data struct {
		Changes []change `json:"destination_changes"`
	}
	err := b.ask("user/destination_changes", url.Values{"link": b.scope["link"], "limit": {"100"}}, &data)
	if r := (refusal{}); errors.As(err, &r) && r.Code == http.StatusServiceUnavailable {
		return nil // the marks are not worth the view
	}
	if err != nil {
		return err
	}
	for _, c := range data.Changes {
		if c.At < b.w.start || c.At >= b.w.end {
			continue
		}
		c.Local = b.w.local(c.At)
		b.v.Chart.Changes = append(b.v.Chart.Changes, c)
	}
	return nil
}
