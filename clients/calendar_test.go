//go:build clients

package clients_test

import (
	"math/rand/v2"
	"strconv"
	"time"
	_ "time/tzdata" // so that no answer depends on the machine
)

// window holds the time parameters of a question.
type window struct {
	unit  string
	units int    // -1 for all time
	plain bool   // unit is not sent, so it is a day
	days  int    // for methods that have days; 0 is not sent
	zone  string // empty for New York
	ref   int64  // Unix seconds; 0 for now
	limit int    // 0 is not sent
	many  bool   // rollup=false
}

var zones = []string{
	"", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns", "Europe/London",
	"Europe/Berlin", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe",
	"Pacific/Chatham", "UTC", "Etc/GMT+7", "-14", "-5", "0", "3", "14",
}

// newWindow draws a time near one of the clicks, or all time.
func newWindow(rng *rand.Rand, clicks []oneClick) window {
	w := window{
		unit:  []string{"hour", "day", "week", "mweek", "month", "minute"}[rng.IntN(6)],
		units: -1, zone: zones[rng.IntN(len(zones))],
	}
	if w.unit != "minute" && rng.IntN(4) > 0 && len(clicks) > 0 {
		w.ref = clicks[rng.IntN(len(clicks))].t + rng.Int64N(3*86400) - 86400
	}
	if rng.IntN(3) > 0 {
		w.units = 1 + rng.IntN(map[string]int{"minute": 60, "hour": 400, "day": 400, "week": 60, "mweek": 60, "month": 15}[w.unit])
	}
	if rng.IntN(3) == 0 {
		w.limit = 1 + rng.IntN([]int{3, 30, 1000}[rng.IntN(3)])
	}
	if rng.IntN(4) == 0 {
		w.unit, w.plain = "day", true
		w.days = rng.IntN(31)
	}
	return w
}

// params adds the parameters of the window to p.
func (w window) params(p params) params {
	set := func(name, value string, given bool) {
		if given {
			p[name] = value
		}
	}
	set("unit", w.unit, !w.plain)
	set("units", strconv.Itoa(w.units), w.units > 0)
	set("days", strconv.Itoa(w.days), w.days > 0)
	set("timezone", w.zone, w.zone != "")
	set("unit_reference_ts", strconv.FormatInt(w.ref, 10), w.ref != 0)
	set("limit", strconv.Itoa(w.limit), w.limit > 0)
	set("rollup", "false", w.many)
	return p
}

// location returns the zone of the window.
func (w window) location() *time.Location {
	if hours, err := strconv.Atoi(w.zone); err == nil {
		return time.FixedZone(w.zone, hours*3600)
	}
	name := w.zone
	if name == "" {
		name = "America/New_York"
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return l
}

func (w window) offset(t int64) int64 {
	_, o := time.Unix(t, 0).In(w.location()).Zone()
	return int64(o)
}

func (w window) reference(now int64) int64 {
	if w.ref != 0 {
		return w.ref
	}
	return now
}

func (w window) limited() int {
	if w.limit == 0 {
		return 100
	}
	return w.limit
}

// span is a range of time, from ≤ t < to, in Unix seconds.
type span struct{ from, to int64 }

func (s span) holds(t int64) bool { return s.from <= t && t < s.to }

// holding returns the unit of time in which t lies. Minutes and hours begin by the
// offset of the zone at the reference.
func (w window) holding(t, reference int64) span {
	if size := map[string]int64{"minute": 60, "hour": 3600}[w.unit]; size > 0 {
		from := t - (t+w.offset(reference))%size
		return span{from, from + size}
	}
	l := w.location()
	local := time.Unix(t, 0).In(l)
	from := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	var to time.Time
	switch w.unit {
	case "day":
		to = from.AddDate(0, 0, 1)
	case "week", "mweek":
		first := time.Sunday
		if w.unit == "mweek" {
			first = time.Monday
		}
		for from.Weekday() != first {
			from = from.AddDate(0, 0, -1)
		}
		to = from.AddDate(0, 0, 7)
	case "month":
		from = from.AddDate(0, 0, 1-from.Day())
		to = from.AddDate(0, 1, 0)
	}
	return span{starts(l, from), starts(l, to)}
}

// starts returns the first quarter of an hour whose date in the zone is the given one or
// a later one.
func starts(l *time.Location, date time.Time) int64 {
	t := date.Unix() - 16*3600
	for time.Unix(t, 0).In(l).Format(time.DateOnly) < date.Format(time.DateOnly) {
		t += 900
	}
	return t
}

// list returns n units, newest first. The newest holds the reference.
func (w window) list(reference int64, n int) (list []span) {
	at := w.holding(reference, reference)
	for range n {
		list = append(list, at)
		at = w.holding(at.from-1, reference)
	}
	return list
}

// all returns the whole window as one span.
func (w window) all(now int64) span {
	reference := w.reference(now)
	newest := w.holding(reference, reference)
	n := w.units
	if n < 0 && w.unit == "minute" {
		n = 60
	}
	if n < 0 {
		return span{0, newest.to}
	}
	list := w.list(reference, n)
	return span{list[n-1].from, newest.to}
}

// old returns the days of a question that has the parameter days, newest first. Each has
// 86,400 s.
func (w window) old(now int64) (list []span) {
	reference, days := w.reference(now), w.days
	if days == 0 {
		days = 7
	}
	from := reference - (reference+w.offset(reference))%86400
	for range days {
		list = append(list, span{from, from + 86400})
		from -= 86400
	}
	return list
}
