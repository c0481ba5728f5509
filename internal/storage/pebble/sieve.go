package pebble

import (
	"sort"
	"strings"
)

// sieve adds up the clicks of values in several passes, and holds a bounded number
// of values: those that come first bytewise, from a value on. If there are too
// many, it drops the last ones, and ignores these and all values after them in
// this pass. So the sums that it holds at the end of a pass are complete.
//
// Values come in runs that ascend: those of a period of a scope. Most values of a run are known from the runs before,
// and a known value is found next to the one before it.
type sieve struct {
	most  int    // bytes to hold; up to twice as many between two cuts
	from  string // values before it are done
	cut   bool   // values were dropped; bound is the first of them
	bound string
	held  int // bytes

	items []item // known values, ascending
	at    int    // the values of this run that are still to come are after items[:at]
	last  string // the value before, of this run
	fresh []item // values that are not in items, in the order in which they came; several times, if in several runs
	texts texts
}

// itemBytes is the memory of a value in addition to its own bytes: an item, and its copy while
// items are merged.
const itemBytes = 48

// empty starts a pass.
func (s *sieve) empty() { *s = sieve{most: s.most, from: s.from} }

// before reports whether a value was done in an earlier pass, and after whether it is
// left to a later one.
func (s *sieve) before(value []byte) bool { return string(value) < s.from }
func (s *sieve) after(value []byte) bool  { return s.cut && string(value) >= s.bound }

// add adds clicks to a value.
func (s *sieve) add(value []byte, clicks uint64) {
	if s.is(value) || s.find(value) {
		it := &s.items[s.at]
		it.clicks += clicks
		s.last = it.value
		s.at++
		return
	}
	s.last = s.texts.add(value)
	if s.fresh == nil {
		s.fresh = make([]item, 0, 256)
	}
	s.fresh = append(s.fresh, item{s.last, clicks})
	if s.held += len(value) + itemBytes; s.held > 2*s.most {
		s.shrink()
	}
}

// is reports whether a value is the next one that is known.
func (s *sieve) is(value []byte) bool {
	return s.at < len(s.items) && s.items[s.at].value == string(value)
}

// find moves to where a value is or would be, and reports whether it is known.
func (s *sieve) find(value []byte) bool {
	if string(value) <= s.last { // another run
		s.at = 0
		if 2*len(s.fresh) >= len(s.items) {
			s.merge()
		}
	}
	rest, step := s.items[s.at:], 1
	for step < len(rest) && rest[step-1].value < string(value) {
		step *= 2
	}
	near := rest[:min(step, len(rest))]
	s.at += sort.Search(len(near), func(i int) bool { return near[i].value >= string(value) })
	return s.is(value)
}

// merge makes the fresh values known.
func (s *sieve) merge() {
	list := list{items: s.fresh}
	list.merge()
	switch {
	case len(list.items) == 0:
		return
	case len(s.items) == 0:
		s.items, s.fresh = list.items, nil
	default:
		s.items, s.fresh = mergeRuns(make([]item, 0, len(s.items)+len(list.items)), s.items, list.items), s.fresh[:0]
	}
	s.at = 0
	before := s.held
	s.held = 0
	for i := range s.items {
		s.held += len(s.items[i].value) + itemBytes
	}
	if s.held < before { // some values were there several times
		s.keep(len(s.items))
	}
}

// keep drops all known values but the first n, and the memory of texts that are not theirs.
func (s *sieve) keep(n int) {
	s.texts = texts{}
	items := make([]item, n)
	for i, it := range s.items[:n] {
		items[i] = item{s.texts.add([]byte(it.value)), it.clicks}
	}
	s.items, s.at = items, 0
}

// shrink drops the last values, if there are too many. At least one stays, so that every pass makes progress.
func (s *sieve) shrink() {
	s.merge()
	if s.held <= 2*s.most {
		return
	}
	total, n := 0, len(s.items)
	for i := range s.items {
		bytes := len(s.items[i].value) + itemBytes
		if i > 0 && total+bytes > s.most {
			n = i
			break
		}
		total += bytes
	}
	if n < len(s.items) {
		s.cut, s.bound = true, strings.Clone(s.items[n].value)
	}
	s.keep(n)
	s.held = total
}

// sorted is the result of the pass, by value bytewise.
func (s *sieve) sorted() []item {
	s.merge()
	return s.items
}
