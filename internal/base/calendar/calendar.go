// Package calendar turns unit, units, zone and reference into edges: the UTC
// instants, in Unix seconds, between which clicks are wanted. Nobody else
// computes with zones, and no answer depends on the host's own.
//
// A minute and an hour are exactly 60 and 3,600 s, aligned to the local clock at
// the reference. A day starts at the first instant that carries its local date,
// at 01:00 where there is no midnight; weeks and months start with their first
// date. Each unit lasts until the next one starts. So time that clocks repeat
// across midnight stays in the day already begun, a date that a zone skipped is
// no unit, and a week or month whose first date was skipped starts with the
// first later one.
//
// It refuses to count, to read clocks, to parse or print times, and to look for
// zones anywhere but in the copy of the IANA database inside the binary.
package calendar

// References lie within 1980..2099 UTC: earliest ≤ ref < latest.
const (
	earliest = 315532800
	latest   = 4102444800
)

// Edges lists the edges of the n newest units, ascending: the last unit is the
// one that holds ref, whole, and unit i lasts from edge i to edge i+1. Units that
// end at or before 1980-01-01T00:00Z are left out, and an n below 1 is 1. Every
// edge is a multiple of 900, of a minute of 60.
//
// ref is a Unix second within 1980..2099; outside, it counts as the nearest
// second inside. The answer takes 8 bytes an edge, and 120 years have 63 million
// minutes: ask for what will be shown, and Walk the rest.
func (z *Zone) Edges(u Unit, ref int64, n int) []int64 {
	start, end := z.Start(u, ref, n)
	edges := make([]int64, z.count(u, start, end)+1)
	w := z.Walk(u, ref)
	for i := len(edges) - 1; i >= 0; i-- {
		edges[i], _ = w.Next()
	}
	return edges
}

// Start is the first and the last of Edges, found without making them: the work
// does not grow with n.
func (z *Zone) Start(u Unit, ref int64, n int) (start, end int64) {
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

// count is how many units lie between two edges.
func (z *Zone) count(u Unit, start, end int64) int64 {
	if step := u.fixed(); step > 0 {
		return (end - start) / step
	}
	return z.number(u, z.date(end)) - z.number(u, z.date(start))
}

// Legacy lists the edges of the days newest days, 1 at least, as Bitly's older
// methods count them: the newest starts at the midnight before ref by the clock
// at ref, and each older one exactly 86,400 s earlier, across changes of clocks
// too. Ascending, days+1 of them. See Edges for ref.
func (z *Zone) Legacy(ref int64, days int) []int64 {
	ref = min(max(ref, earliest), latest-1)
	newest := ref - floorMod(ref+int64(z.Offset(ref)), secondsPerDay)
	edges := make([]int64, max(days, 1)+1)
	for i := range edges {
		edges[i] = newest + int64(i+2-len(edges))*secondsPerDay
	}
	return edges
}
