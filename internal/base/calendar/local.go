package calendar

// When returns the first instant, as a Unix second, at which the zone's clock shows
// local or a later time. local is a local time in seconds since 1970-01-01T00:00:00, in
// 1979..2100. For a local time that occurs twice, that is the first one. For a local
// time that is skipped, it is the instant of the change: a day without midnight begins
// then.
func (z *Zone) When(local int64) int64 {
	last := len(z.spans) - 1
	for i, s := range z.spans[:last] {
		if t := max(s.start, local-s.offset); t < z.spans[i+1].start {
			return t
		}
	}
	return max(z.spans[last].start, local-z.spans[last].offset)
}

// Date returns the date of t, in days since 1970-01-01. It is the date on the clock, or the
// date that has begun if clocks went back across midnight. t is a Unix second in
// 1979..2100.
func (z *Zone) Date(t int64) int64 { return z.date(t) }

// Dates returns the time of the dates from..to: start ≤ t < end. Dates that the zone
// skipped have no time, so start may equal end. Dates are days since 1970-01-01, in
// 1980..2099, and from ≤ to.
func (z *Zone) Dates(from, to int64) (start, end int64) { return z.begin(from), z.begin(to + 1) }

// Count returns the number of units from the one that contains t to the one that contains
// ref, including both. See Edges for ref; t ≤ ref.
func (z *Zone) Count(u Unit, t, ref int64) int {
	_, end := z.Span(u, ref, 1)
	if step := u.fixed(); step > 0 {
		return int((end-t-1)/step) + 1
	}
	return int(z.number(u, z.date(end-1)) - z.number(u, z.date(t)) + 1)
}
