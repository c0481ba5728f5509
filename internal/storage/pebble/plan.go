package pebble

import (
	"sort"

	"github.com/footfall/footfall/internal/base/rollup"
)

// piece assigns the slots of a period, from the end of the piece before it to its
// own end, to an interval; −1 is none. Slots after the last piece are in no
// interval.
type piece struct {
	end      int // slot, exclusive
	interval int
}

// span is a period to read, and its pieces: plan.pieces[from:to].
type span struct {
	period   uint16
	from, to int
}

// plan says what to read for the intervals between edges. Days that lie within one
// interval are read from the sums of days of their month, if that is less work. All
// others are read by quarter-hour. Periods ascend.
type plan struct {
	months, days []span
	pieces       []piece
	have         func(month uint16) bool
}

// Estimated costs, in rows read one after the other. Only the ratios matter: a bad
// estimate costs time, and never changes the answer.
const (
	costSeek = 12 // a seek to another period
	manyRows = 64 // rows of a period, for a facet with many values
)

// makePlan plans for clicks that are all in the UTC days first to last. have reports whether
// the sums of days of a month are stored.
func makePlan(f rollup.Facet, edges []int64, first, last uint16, have func(month uint16) bool) *plan {
	p := &plan{have: have}
	from := max(edges[0], int64(first)*rollup.Day)
	to := min(edges[len(edges)-1], (int64(last)+1)*rollup.Day)
	if from >= to {
		return p
	}
	size := min(int((to-from)/rollup.Day)+2, 2*fewDays)
	p.days, p.pieces = make([]span, 0, size), make([]piece, 0, size+size/4)
	rowsEach := manyRows
	if f.Single() {
		rowsEach = 1
	}
	var m monthPlan
	number, in := month(uint16(from / rollup.Day))
	for day := from / rollup.Day; day*rollup.Day < to; day++ {
		if in >= 28 { // the next month may have begun
			number, in = month(uint16(day))
		}
		if len(m.pieces) == 0 || number != m.number {
			p.add(&m, rowsEach)
			m = monthPlan{number: number, first: len(p.days), pieces: m.pieces[:0]}
		}
		start := len(p.pieces)
		p.pieces = appendPieces(p.pieces, edges, day*rollup.Day, rollup.Day, rollup.QuarterHour)
		p.days = append(p.days, span{period: uint16(day), from: start, to: len(p.pieces)})
		m.day(int(in), p.pieces[start:])
		in++
	}
	p.add(&m, rowsEach)
	return p
}

// monthPlan collects the days of a month.
type monthPlan struct {
	number uint16
	first  int     // its first span in plan.days
	pieces []piece // of its whole days; the others are in no interval
	split  int     // days that must be read by quarter-hour
	runs   int     // runs of such days
	whole  bool    // the last day was whole
}

// day adds a day with its pieces.
func (m *monthPlan) day(in int, quarters []piece) {
	interval := -1
	if isWhole(quarters) {
		interval = quarters[0].interval
	} else {
		m.split++
		if len(m.pieces) == 0 || m.whole {
			m.runs++
		}
	}
	m.whole = interval >= 0
	n := len(m.pieces)
	if n == 0 && in > 0 {
		m.pieces = append(m.pieces, piece{end: in, interval: -1})
		n++
	}
	if n > 0 && m.pieces[n-1].interval == interval {
		m.pieces[n-1].end = in + 1
		return
	}
	m.pieces = append(m.pieces, piece{end: in + 1, interval: interval})
}

// add decides how to read a month. Call it after all of its days are in p.days.
func (p *plan) add(m *monthPlan, rowsEach int) {
	days := p.days[m.first:]
	if (len(days)-m.split)*rowsEach <= rowsEach+(1+m.runs)*costSeek || !p.have(m.number) {
		return
	}
	kept := days[:0]
	for _, d := range days {
		if !isWhole(p.pieces[d.from:d.to]) {
			kept = append(kept, d)
		}
	}
	p.days = p.days[:m.first+len(kept)]
	start := len(p.pieces)
	p.pieces = append(p.pieces, m.pieces...)
	p.months = append(p.months, span{period: m.number, from: start, to: len(p.pieces)})
}

// isWhole reports whether a day lies in one interval.
func isWhole(quarters []piece) bool {
	return len(quarters) == 1 && quarters[0].interval >= 0 && quarters[0].end == rollup.Day/rollup.QuarterHour
}

// appendPieces cuts the period of length seconds from start on at the edges, which
// are multiples of grain seconds.
func appendPieces(pieces []piece, edges []int64, start, length, grain int64) []piece {
	// i is the interval that holds start; −1 if start is before all of them.
	i := sort.Search(len(edges), func(i int) bool { return edges[i] > start }) - 1
	for ; i < len(edges)-1; i++ {
		end := min(edges[i+1], start+length)
		if end <= start {
			continue
		}
		pieces = append(pieces, piece{end: int((end - start) / grain), interval: i})
		if end == start+length {
			break
		}
	}
	return pieces
}
