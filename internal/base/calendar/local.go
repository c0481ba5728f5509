package calendar

// When is the first instant, a Unix second, at which the zone's clock shows local
// or a later time. local is what a clock shows, in seconds since its
// 1970-01-01T00:00:00. So a time that the clock shows twice is the first of the
// two, and a time that it skips is the instant of the change, as a day without
// midnight begins then. local lies within 1979..2100.
func (z *Zone) When(local int64) int64 {
	last := len(z.spans) - 1
	for i, s := range z.spans[:last] {
		if t := max(s.start, local-s.offset); t < z.spans[i+1].start {
			return t
		}
	}
	return max(z.spans[last].start, local-z.spans[last].offset)
}

// Date is the date that t belongs to, in days since 1970-01-01: the one that the
// clock shows, or the one already begun where clocks went back across midnight.
// t is a Unix second within 1979..2100.
func (z *Zone) Date(t int64) int64 { return z.date(t) }

// Dates is where the dates from one to another lie, both included: start ≤ t <
// end. Of dates that the zone skipped there is nothing, and then start may be end.
// Dates are days since 1970-01-01, within 1980..2099, and from ≤ to.
func (z *Zone) Dates(from, to int64) (start, end int64) { return z.begin(from), z.begin(to + 1) }

// Count is how many units there are from the one that holds t to the one that
// holds ref, both included, as Edges counts them. See Edges for ref; t ≤ ref.
func (z *Zone) Count(u Unit, t, ref int64) int {
	_, end := z.Start(u, ref, 1)
	if step := u.fixed(); step > 0 {
		return int((end-t-1)/step) + 1
	}
	return int(z.number(u, z.date(end-1)) - z.number(u, z.date(t)) + 1)
}
