// Package calendar turns unit, units, time zone and reference into edges: UTC
// instants in Unix seconds between which clicks are counted. It is the only package
// that computes with time zones. The zone of the host has no effect.
//
// A minute is exactly 60 s and an hour exactly 3,600 s, aligned to the local clock at
// the reference. A day starts at the first instant with its local date, which is
// 01:00 if there is no midnight. A week or a month starts with its first date. Each
// unit lasts until the next one starts. So if clocks go back across midnight, the
// repeated time belongs to the day that has begun. A date that a zone skipped is not
// a day. If the first date of a week or a month was skipped, it starts with the next
// date.
//
// The package does not count, read clocks, or parse and print times. It takes zones
// only from the IANA database inside the binary.
package calendar

// References are in 1980..2099 UTC: earliest ≤ ref < latest.
const (
	earliest = 315532800
	latest   = 4102444800
)

// Edges lists the edges of the n newest units in ascending order. Unit i lasts from
// edge i to edge i+1, and the last unit is the one that contains ref. Units that end
// at or before 1980-01-01T00:00Z are left out. An n below 1 is 1. Every edge is a
// multiple of 900, or of 60 for minutes.
//
// ref is a Unix second in 1980..2099; other seconds become the nearest one there. The
// result has 8 bytes per edge, and 120 years have 63 million minutes: ask for the
// units that will be shown, and use Walk for the rest.
func (z *Zone) Edges(u Unit, ref int64, n int) []int64 {
	start, end := z.Span(u, ref, n)
	edges := make([]int64, z.count(u, start, end)+1)
	w := z.Walk(u, ref)
	for i := len(edges) - 1; i >= 0; i-- {
		edges[i], _ = w.Next()
	}
	return edges
}

// Span returns the first and the last edge of Edges. Its cost does not depend on n.
func (z *Zone) Span(u Unit, ref int64, n int) (start, end int64) {
	ref = min(max(ref, earliest), latest-1)
	back := max(int64(n), 1) - 1
	if step := u.fixed(); step > 0 {
		start = ref - floorMod(ref+int64(z.Offset(ref)), step)
		end = start + step
		back = min(back, floorDiv(end-1-earliest, step))
		return start - back*step, end
	}
	newest := z.number(u, z.date(ref))
	oldest := max(newest-back, z.number(u, z.date(earliest)))
	return z.begin(z.first(u, oldest)), z.begin(z.first(u, newest+1))
}

// count is the number of units between two edges.
func (z *Zone) count(u Unit, start, end int64) int64 {
	if step := u.fixed(); step > 0 {
		return (end - start) / step
	}
	return z.number(u, z.date(end)) - z.number(u, z.date(start))
}

// Legacy lists the edges of the newest days as Bitly's legacy form has them, in
// ascending order. The newest day starts at the midnight before ref by the clock at
// ref, and each older one exactly 86,400 s before, also when clocks change. A number
// of days below 1 is 1. See Edges for ref.
func (z *Zone) Legacy(ref int64, days int) []int64 {
	ref = min(max(ref, earliest), latest-1)
	newest := ref - floorMod(ref+int64(z.Offset(ref)), secondsPerDay)
	edges := make([]int64, max(days, 1)+1)
	for i := range edges {
		edges[i] = newest + int64(i+2-len(edges))*secondsPerDay
	}
	return edges
}
