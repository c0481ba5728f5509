package pebble

import "strings"

// sieve adds up the clicks of values, and holds a bounded part of them: those
// that come first bytewise, from a value on. Where there are too many it lets
// the last ones fall, and does not want those and what comes after them in this
// pass. What it holds in the end is whole, for it has wanted each of these values
// all the time.
type sieve struct {
	most  int    // bytes to hold; up to twice as many between two cuts
	from  string // values before it were dealt with
	cut   bool   // values fell, of which bound is the first
	bound string
	tally *tally // of one interval
	held  int    // bytes, or more than there are
}

// itemBytes is what a value takes besides its own bytes.
const itemBytes = 32

// empty begins a pass.
func (s *sieve) empty() {
	s.tally = &tally{lists: make([]list, 1)}
	s.cut, s.bound, s.held = false, "", 0
}

// before and beyond tell whether a value was dealt with in an earlier pass, and
// whether it is left for a later one.
func (s *sieve) before(value []byte) bool { return string(value) < s.from }
func (s *sieve) beyond(value []byte) bool { return s.cut && string(value) >= s.bound }

// took is called after a value of so many bytes went into the tally.
func (s *sieve) took(bytes int) {
	if s.held += bytes + itemBytes; s.held > 2*s.most {
		s.shrink()
	}
}

// shrink adds up what there is of each value, and lets values fall where there
// are too many still. One stays in any case, so that each pass deals with one.
func (s *sieve) shrink() {
	l := &s.tally.lists[0]
	l.merge()
	total, n := 0, len(l.items)
	for i := range l.items {
		bytes := len(l.items[i].value) + itemBytes
		if i > 0 && total+bytes > s.most {
			n = i
			break
		}
		total += bytes
	}
	if n < len(l.items) {
		s.cut, s.bound = true, strings.Clone(l.items[n].value)
	}
	// Texts share memory by the block, so those that stay move to blocks of
	// their own.
	fresh := &tally{lists: []list{{items: make([]item, n), merged: n}}}
	for i, it := range l.items[:n] {
		fresh.lists[0].items[i] = item{fresh.text([]byte(it.value)), it.clicks}
	}
	s.tally, s.held = fresh, total
}

// sorted is what the pass came to, by value bytewise.
func (s *sieve) sorted() []item {
	l := &s.tally.lists[0]
	l.merge()
	return l.items
}
