package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// question is what a view is asked for.
type question struct {
	query url.Values // as it was sent
	scope url.Values // the parameters of the API that filter: link and tag
	zone  string     // where the query has none
	week  calendar.Unit
	now   time.Time
}

// parameters of a view, in the order of the page.
var parameters = []string{"range", "from", "to", "unit", "units", "unit_reference_ts", "timezone", "link", "tag", "bots", "compare"}

// canonical keeps of a query what a view takes.
func canonical(q url.Values) url.Values {
	c := url.Values{}
	for _, name := range parameters {
		values := slices.DeleteFunc(slices.Clone(q[name]), func(s string) bool { return s == "" })
		if len(values) > 0 {
			c[name] = values
		}
	}
	return c
}

// builder makes one view.
type builder struct {
	asker
	question
	w window
	c comparison
	v *view
	// counted says whose clicks total has; bots is those of bots, if they are counted.
	counted     visitors
	total, bots uint64
	overview    bool // the query has the filter, and not the page
	// What was asked for, by question.
	listed map[string][]entry
	counts map[string][]point
}

// newBuilder finds out which time a view covers, and what it is compared with. It fails with a
// refusal of the API, or the error of a parameter.
func newBuilder(a asker, qn question) (*builder, error) {
	b := &builder{asker: a, question: qn, v: &view{Page: "overview", Login: a.user.Login}, listed: map[string][]entry{}, counts: map[string][]point{}}
	b.query = canonical(qn.query)
	if b.scope == nil {
		b.overview = true
		b.scope = url.Values{}
		for _, name := range []string{"link", "tag"} {
			if v := b.query[name]; v != nil {
				b.scope[name] = v
			}
		}
	}
	var err error
	if b.counted, err = parseVisitors(b.query); err != nil {
		return nil, err
	}
	if b.w, err = parseWindow(b.query, b.zone, b.week, b.now); err != nil {
		return nil, err
	}
	if err := b.findStart(); err != nil {
		return nil, err
	}
	if b.c, err = b.w.compared(b.query); err != nil {
		return nil, err
	}
	b.v.Query = encode(b.query)
	return b, nil
}

// build makes a view. It fails as newBuilder does.
func build(a asker, qn question) (*view, error) {
	b, err := newBuilder(a, qn)
	if err != nil {
		return nil, err
	}
	b.fillRange()
	for _, step := range []func() error{b.fillFilters, b.fillChart, b.fillHeadline, b.fillStrip, b.fillHeat, b.fillPanels, b.fillEmpty} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.v, nil
}

// in is the parameters of a question about the window.
func (b *builder) in(names ...string) url.Values { return b.with(b.w.asked(), names...) }

// with adds the filters to q, and then pairs of a name and a value.
func (b *builder) with(q url.Values, pairs ...string) url.Values {
	for k, v := range b.scope {
		q[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return q
}

// findStart finds the first click if the window begins with it.
func (b *builder) findStart() error {
	if b.w.start > 0 {
		return nil
	}
	list, err := b.series("user/clicks", "user_clicks", b.in("unit", "month"))
	if err != nil {
		return err
	}
	bots, err := b.series("user/bot_clicks", "user_bot_clicks", b.in("unit", "month"))
	if err != nil {
		return err
	}
	first := b.w.end - 1
	for _, l := range [][]point{list, bots} {
		if len(l) > 0 {
			first = min(first, l[0].DT)
		}
	}
	b.w.begin(first)
	return nil
}

// fillRange says which time the view covers, and which others it leads to.
func (b *builder) fillRange() {
	w, r := &b.w, &b.v.Range
	r.Unit, r.Timezone = w.unit.String(), w.name
	r.From, r.To, r.Start, r.End = w.local(w.start), w.local(w.end), w.start, w.end
	r.WeekStart = "monday"
	if w.week == calendar.Week {
		r.WeekStart = "sunday"
	}
	r.Running, r.Now, r.Offset = w.running(), w.local(w.now), w.zone.Offset(w.now)/60
	r.Earlier, r.Later, r.Out = w.shifted(b.query, -1), w.shifted(b.query, 1), b.out()
	r.Base = encode(without(b.query, "timezone"))

	others := without(b.query, "range", "from", "to", "unit", "units", "unit_reference_ts")
	time := without(b.query, "timezone", "link", "tag", "bots", "compare")
	if len(time) == 0 {
		time = url.Values{"unit": {"day"}, "units": {"30"}}
	}
	for _, p := range presets {
		q, _ := url.ParseQuery(p.query)
		if sameTime(q, time) {
			r.Preset = p.id
		}
		for k, v := range others {
			q[k] = v
		}
		if p.id == "hour" || p.id == "all" { // nothing to compare with
			q.Del("compare")
		}
		r.Presets = append(r.Presets, preset{p.id, encode(q)})
	}
	r.ByUnit = b.byUnit()
	for _, u := range []string{"minute", "hour", "day", "week", "mweek", "month"} {
		if r.ByUnit[u] != "" {
			r.Units = append(r.Units, u)
		}
	}
}

// sameTime reports whether the parameters of time of a preset and of a query agree.
func sameTime(p, q url.Values) bool {
	if p.Get("range") != "" {
		return p.Get("range") == q.Get("range")
	}
	return p.Encode() == q.Encode()
}

// byUnit is the same range in other units, as far as a chart of them has few enough points.
func (b *builder) byUnit() map[string]string {
	w := &b.w
	if w.unit == calendar.Minute {
		return map[string]string{"minute": b.v.Query}
	}
	list := map[string]string{}
	for _, u := range []calendar.Unit{calendar.Hour, calendar.Day, w.week, calendar.Month} {
		if u != w.unit && (w.count(u) > maxPoints || w.end-w.start < 2*secondsPerDay && u != calendar.Hour && u != calendar.Day) {
			continue
		}
		q := without(b.query)
		if u != w.unit && w.units > 0 { // so many other units would be another range
			q = without(q, "units", "unit_reference_ts")
			setSpan(q, w, w.start, min(w.end, w.afterToday()))
		}
		q.Set("unit", u.String())
		list[u.String()] = encode(q)
	}
	return list
}

// afterToday is the end of today if the window is running, else the end of the window.
func (w *window) afterToday() int64 {
	if !w.running() {
		return w.end
	}
	_, end := w.zone.Dates(w.today(), w.today())
	return end
}

// out is the query of the longer window around this one: of hours the month, of a month the
// year, of a year all time.
func (b *builder) out() string {
	w := &b.w
	q := without(b.query, "range", "from", "to", "unit", "units", "unit_reference_ts")
	days := (w.end - w.start) / secondsPerDay
	at := dateOf(w.zone.Date(w.end - 1))
	switch {
	case w.units == -1:
		return ""
	case days > 366:
		q.Set("unit", "month")
		q.Set("units", "-1")
		q.Del("compare")
	case days > 31:
		q.Set("from", dateText(daysOf(at.Year(), time.January, 1)))
		q.Set("to", dateText(daysOf(at.Year(), time.December, 31)))
	default:
		q.Set("from", dateText(daysOf(at.Year(), at.Month(), 1)))
		q.Set("to", dateText(daysOf(at.Year(), at.Month()+1, 1)-1))
	}
	if encode(q) == b.v.Query {
		return ""
	}
	return encode(q)
}

// fillHeadline adds up the chart, and asks for the total.
func (b *builder) fillHeadline() error {
	h := &b.v.Head
	q := b.in()
	method, _ := b.counted.method()
	h.Call = call{Method: method, Query: q.Encode(), Rows: 1}
	var err error
	if b.total, err = b.headlineClicks(q); err != nil {
		return err
	}
	h.Clicks, h.Call.Clicks = b.total, b.total
	for _, p := range b.v.Chart.Points {
		h.Bots += p.Bots
	}
	if b.bots = h.Bots; b.counted == botsOnly {
		b.bots = b.total
	}
	h.Busiest = -1
	begun, most := 0, uint64(0)
	for i, p := range b.v.Chart.Points {
		if p.State != "future" {
			begun++
		}
		if p.Clicks > most {
			h.Busiest, most = i, p.Clicks
		}
	}
	if begun > 0 {
		h.Average = float64(b.total) / float64(begun)
	}
	return b.fillCompare()
}

func (b *builder) fillCompare() error {
	v := &b.v.Compare
	v.Kind, v.By, v.Choices = b.c.kind, b.c.by, b.w.choices(b.query)
	if b.c.kind == "none" {
		return nil
	}
	v.From, v.To, v.Cut = b.w.local(b.c.start), b.w.local(b.c.cut), b.c.cut < b.c.end
	if b.c.start < b.c.cut {
		n, err := b.headlineClicks(b.with(b.c.within(&b.w, b.c.cut)))
		if err != nil {
			return err
		}
		v.Clicks = n
	}
	b.v.Head.Previous = &v.Clicks
	return nil
}

// fillEmpty finds the last day with clicks if the range has none.
func (b *builder) fillEmpty() error {
	if b.total > 0 || b.bots > 0 {
		return nil
	}
	q := b.with(url.Values{"timezone": {b.w.name}, "unit": {"day"}, "units": {"-1"}, "rollup": {"false"}, "limit": {"1"}})
	method, key := b.counted.method()
	var data map[string]json.RawMessage
	if err := b.ask(method, q, &data); err != nil {
		return err
	}
	var days []point
	if err := json.Unmarshal(data[key], &days); err != nil {
		return fmt.Errorf("read %s of %s: %w", key, method, err)
	}
	b.v.Empty = &emptyView{}
	if len(days) > 0 {
		at := days[0].DT
		s := without(b.query, "range", "from", "to", "unit", "units", "unit_reference_ts", "compare")
		d := b.w.zone.Date(at)
		s.Set("from", dateText(d-6))
		s.Set("to", dateText(d))
		*b.v.Empty = emptyView{Last: at, LastLocal: b.w.local(at), Query: encode(s)}
	}
	return nil
}

// fillFilters names the filters. A link that the user does not have is refused.
func (b *builder) fillFilters() error {
	f := &b.v.Filters
	*f = filters{[]linkFilter{}, []tagFilter{}, b.counted, b.counted.choices(b.query)}
	for _, l := range b.query["link"] {
		d, err := b.linkDetails(l)
		if errors.As(err, new(refusal)) {
			return invalid("LINK")
		}
		if err != nil {
			return err
		}
		f.Links = append(f.Links, linkFilter{Link: d.Link, Name: nameOf(d.Link), Title: d.Title, Without: b.withoutValue("link", l)})
	}
	for _, t := range b.query["tag"] {
		f.Tags = append(f.Tags, tagFilter{t, b.withoutValue("tag", t)})
	}
	return nil
}

// adding is the query with one more link in the filter.
func (b *builder) adding(name string) string {
	q := without(b.query)
	if !slices.ContainsFunc(b.v.Filters.Links, func(f linkFilter) bool { return f.Name == name }) {
		q["link"] = append(slices.Clone(q["link"]), name)
	}
	return encode(q)
}

// withoutValue is the query without one of the values of a parameter.
func (b *builder) withoutValue(name, value string) string {
	q := without(b.query, name)
	for _, v := range b.query[name] {
		if v != value {
			q.Add(name, v)
		}
	}
	return encode(q)
}

// nameOf is a short URL without its scheme.
func nameOf(short string) string {
	_, name, _ := strings.Cut(short, "://")
	return name
}
