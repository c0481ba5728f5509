package calendar

// Walk goes back through the edges of a unit from a reference, for ranges that are too
// long for a slice. It does not allocate. The zero value is not usable.
type Walk struct {
	zone  *Zone
	unit  Unit
	span  int   // index of the zone's span that contains edge-1, or of a later one
	edge  int64 // the last result of Next; before that its first
	begun bool
}

// Walk starts at the end of the unit that contains ref. See Edges for ref.
func (z *Zone) Walk(u Unit, ref int64) Walk {
	_, end := z.Span(u, ref, 1)
	return Walk{zone: z, unit: u, span: z.at(end - 1), edge: end}
}

// Next returns the next older edge: first the end of the unit that contains the reference,
// then its start and that of each older unit. It is false after the oldest unit that
// ends after 1980-01-01T00:00Z.
func (w *Walk) Next() (edge int64, ok bool) {
	if !w.begun {
		w.begun = true
		return w.edge, true
	}
	if w.edge <= earliest {
		return 0, false
	}
	if step := w.unit.fixed(); step > 0 {
		w.edge -= step
		return w.edge, true
	}
	spans := w.zone.spans
	for spans[w.span].start >= w.edge {
		w.span--
	}
	date := w.unit.first(w.unit.number(spans[w.span].date(w.edge - 1)))
	for spans[w.span].before >= date {
		w.span--
	}
	w.edge = spans[w.span].begin(date)
	return w.edge, true
}
