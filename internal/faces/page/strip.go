package page

import (
	"errors"
	"net/url"

	"github.com/footfall/footfall/internal/base/calendar"
)

// strip is the clicks of the longer time that has the range: the overview below the chart. Its
// times are local.
type strip struct {
	Unit   string       `json:"unit"`
	From   string       `json:"from"`
	To     string       `json:"to"`     // excluded
	Latest string       `json:"latest"` // the end of the days that a range may have, excluded
	Points []stripPoint `json:"points"` // oldest first
}

type stripPoint struct {
	Local  string `json:"local"` // the start
	Clicks uint64 `json:"clicks"`
}

// emptyStrip is how many windows long a strip is at least, also if it begins without clicks.
const emptyStrip = 3

// around is the unit of the strip of a window, and how many there are; 0 for a window without
// one: the last minutes, and a time that is longer than all strips.
func (w *window) around() (calendar.Unit, int) {
	switch days := (w.end - w.start) / secondsPerDay; {
	case w.unit == calendar.Minute || w.units < 0 || days > 1500:
		return 0, 0
	case days <= 2:
		return calendar.Day, 60
	case days <= 92:
		return w.week, 53
	default:
		return calendar.Month, 60
	}
}

// fillStrip asks for the strip. It ends now if it has the window then, so that it stays while the
// window moves, or else the window is in its middle.
func (b *builder) fillStrip() error {
	w := &b.w
	unit, n := w.around()
	if n == 0 {
		return nil
	}
	ref := max(w.now, w.end-1)
	if start, end := w.zone.Span(unit, ref, n); w.start < start {
		ref = min(ref, w.start+(w.end-w.start)/2+(end-start)/2)
	}
	edges := w.zone.Edges(unit, ref, n)
	start, end := edges[0], edges[len(edges)-1]
	q := url.Values{"timezone": {w.name}, "unit": {unit.String()}}
	setSpan(q, w, start, end)
	list, err := b.byTime(b.with(q))
	if errors.As(err, new(refusal)) {
		return nil // the strip is not worth the view
	}
	if err != nil {
		return err
	}
	at := make(map[int64]uint64, len(list))
	for _, p := range list {
		at[p.DT] = p.Clicks
	}
	_, latest := w.zone.Dates(w.today(), w.today())
	s := &strip{Unit: unit.String(), To: w.local(end), Latest: w.local(max(latest, w.end))}
	for len(edges) > 2 && at[edges[0]] == 0 && edges[1] <= w.start && end-edges[1] >= emptyStrip*(w.end-w.start) {
		edges = edges[1:] // there were no clicks yet
	}
	s.From = w.local(edges[0])
	for _, e := range edges[:len(edges)-1] {
		s.Points = append(s.Points, stripPoint{w.local(e), at[e]})
	}
	b.v.Strip = s
	return nil
}
