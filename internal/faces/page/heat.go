package page

import (
	"net/url"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// heat is the clicks by weekday and hour, in the zone of the view.
type heat struct {
	Days  []string      `json:"days"`  // the weekdays in the order of the rows
	Cells [7][24]uint64 `json:"cells"` // of each weekday, by hour
	// Times is how often each weekday came, up to now.
	Times [7]int `json:"times"`
	// Missing are hours that came less often than their weekday, because clocks went forward.
	Missing []missingHour `json:"missing"`
	Refuses string        `json:"refuses,omitempty"`
	Call    call          `json:"call"`
}

type missingHour struct {
	Row  int `json:"row"`
	Hour int `json:"hour"`
}

// fillHeat adds up the hours of the range.
func (b *builder) fillHeat() error {
	h, w := &b.v.Heat, &b.w
	h.Missing = []missingHour{}
	from := time.Monday
	if w.week == calendar.Week {
		from = time.Sunday
	}
	for i := range 7 {
		h.Days = append(h.Days, []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}[(int(from)+i)%7])
	}
	if w.unit == calendar.Minute {
		h.Refuses = "minutes"
		return nil
	}
	q := url.Values{"timezone": {w.name}, "unit": {"hour"}}
	setSpan(q, w, w.start, w.end)
	b.with(q)
	hours, err := b.byTime(q)
	if err != nil {
		return err
	}
	q.Set("rollup", "false")
	q.Set("limit", "all")
	method, _ := b.counted.method()
	h.Call = call{Method: method, Query: q.Encode(), Rows: len(hours)}
	row := func(t int64) int { return (int(dateOf(w.zone.Date(t)).Weekday()-from) + 7) % 7 }
	var came [7][24]int
	for _, p := range hours {
		r, hour := row(p.DT), int(((p.DT+int64(w.zone.Offset(p.DT)))%secondsPerDay)/3600)
		h.Cells[r][hour] += p.Clicks
		h.Call.Clicks += p.Clicks
		if p.DT <= w.now {
			came[r][hour]++
		}
	}
	last := w.zone.Date(min(w.end-1, w.now))
	for d := w.zone.Date(w.start); d <= last; d++ {
		if start, end := w.zone.Dates(d, d); start < end {
			h.Times[row(start)]++
		}
	}
	for r := range came {
		for hour, n := range came[r] {
			if w.whole && n < h.Times[r] && !(w.running() && r == row(w.now)) {
				h.Missing = append(h.Missing, missingHour{r, hour})
			}
		}
	}
	return nil
}
