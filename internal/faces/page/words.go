package page

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// words are the values of the parameter range: windows of dates that move with the time.
// Those without last- end today.
var words = []string{"today", "yesterday", "week", "last-week", "month", "last-month", "quarter", "year", "last-year"}

// preset is a window that the page offers by name.
type preset struct {
	ID    string `json:"id"`
	Query string `json:"query"`
}

// presets lists the windows that the page offers, with the parameters that say them.
var presets = []struct{ id, query string }{
	{"hour", "unit=minute&units=60"},
	{"today", "range=today"},
	{"yesterday", "range=yesterday"},
	{"last7", "unit=day&units=7"},
	{"last30", "unit=day&units=30"},
	{"last90", "unit=day&units=90"},
	{"last12", "unit=month&units=12"},
	{"week", "range=week"},
	{"month", "range=month"},
	{"quarter", "range=quarter"},
	{"year", "range=year"},
	{"all", "unit=month&units=-1"},
}

// setWord sets the window that a word says. It is false for an unknown word.
func (w *window) setWord(word string) bool {
	if !slices.Contains(words, word) {
		return false
	}
	today := w.today()
	var first, last int64
	switch word {
	case "today":
		first, last = today, today
	case "yesterday":
		first, last = today-1, today-1
	case "week":
		first, last = w.startOf(today, "week"), today
	case "last-week":
		last = w.startOf(today, "week") - 1
		first = w.startOf(last, "week")
	case "month", "quarter", "year":
		first, last = w.startOf(today, word), today
	default:
		last = w.startOf(today, word[len("last-"):]) - 1
		first = w.startOf(last, word[len("last-"):])
	}
	w.word = word
	start, end := w.zone.Dates(first, last)
	if start >= end { // a date that the zone skipped
		start, end = w.zone.Dates(first-1, last)
	}
	w.set(start, end)
	return true
}

// startOf is the first date of the period (week, month, quarter, year) that has the date d.
func (w *window) startOf(d int64, period string) int64 {
	at := dateOf(d)
	switch period {
	case "week":
		from := time.Sunday
		if w.week == calendar.MWeek {
			from = time.Monday
		}
		return d - int64((at.Weekday()-from+7)%7)
	case "month":
		return daysOf(at.Year(), at.Month(), 1)
	case "quarter":
		return daysOf(at.Year(), (at.Month()-1)/3*3+1, 1)
	default:
		return daysOf(at.Year(), time.January, 1)
	}
}

func dateOf(d int64) time.Time { return time.Unix(d*secondsPerDay, 0).UTC() }

func daysOf(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

// months is the number of months that the window is made of; 0 if it is not made of whole
// months. A window that begins with a month and ends today has whole months, too.
func (w *window) months() int {
	if !w.whole {
		return 0
	}
	from, after := dateOf(w.first), dateOf(w.last+1)
	if from.Day() != 1 || after.Day() != 1 && (w.last != w.today() || w.word == "today") {
		return 0
	}
	to := dateOf(w.last)
	n := (to.Year()-from.Year())*12 + int(to.Month()-from.Month()) + 1
	if w.word == "quarter" {
		n = 3
	}
	if w.word == "year" {
		n = 12
	}
	return n
}

// period is the dates of the whole period of which the window is a part: of a window that
// ends today, the rest of the week, month, quarter or year too.
func (w *window) period() (first, last int64, months int) {
	if months = w.months(); months > 0 {
		at := dateOf(w.first)
		return w.first, daysOf(at.Year(), at.Month()+time.Month(months), 1) - 1, months
	}
	if w.word == "week" {
		return w.first, w.first + 6, 0
	}
	return w.first, w.last, 0
}

// shifted is the query of the window that is n windows later (n is 1 or -1); empty if that
// would be in the future.
func (w *window) shifted(q url.Values, n int) string {
	if w.start == 0 || w.unit == calendar.Minute || w.units < 0 {
		return ""
	}
	s := without(q, "range", "from", "to", "units", "unit_reference_ts")
	if w.units > 0 {
		ref := w.start - 1
		if n > 0 {
			ref = w.refAfter()
		}
		if ref <= w.start && n > 0 {
			return ""
		}
		if n > 0 && w.running() {
			return ""
		}
		s.Set("unit", w.unit.String())
		s.Set("units", strconv.Itoa(w.units))
		if _, end := w.zone.Span(w.unit, ref, 1); end <= w.now {
			s.Set("unit_reference_ts", strconv.FormatInt(ref, 10))
		}
		return encode(s)
	}
	var start, end int64
	if !w.whole {
		length := w.end - w.start
		start, end = w.start+int64(n)*length, w.end+int64(n)*length
	} else {
		first, last, months := w.period()
		if months > 0 {
			at := dateOf(first)
			first = daysOf(at.Year(), at.Month()+time.Month(n*months), 1)
			at = dateOf(first)
			last = daysOf(at.Year(), at.Month()+time.Month(months), 1) - 1
		} else {
			length := last - first + 1
			first, last = first+int64(n)*length, last+int64(n)*length
		}
		if first <= w.today() && w.today() < last {
			last = w.today()
		}
		start, end = w.zone.Dates(first, last)
	}
	if start > w.now || start >= end {
		return ""
	}
	setSpan(s, w, start, end)
	return encode(s)
}

// refAfter is the reference of the units after the window.
func (w *window) refAfter() int64 {
	t := w.end
	for range w.units - 1 {
		_, next := w.zone.Span(w.unit, t, 1)
		if next > w.now {
			break
		}
		t = next
	}
	return t
}

// without is a copy of q without some parameters.
func without(q url.Values, names ...string) url.Values {
	c := url.Values{}
	for k, v := range q {
		c[k] = v
	}
	for _, n := range names {
		c.Del(n)
	}
	return c
}

// encode is the query as a relative address.
func encode(q url.Values) string { return "?" + q.Encode() }
