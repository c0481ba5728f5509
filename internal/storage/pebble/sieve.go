package pebble

import "strings"

// sieve adds up the clicks of values in several passes, and holds a bounded number
// of values: those that come first bytewise, from a value on. If there are too
// many, it drops the last ones, and ignores these and all values after them in
// this pass. So the sums that it holds at the end of a pass are complete.
type sieve struct {
	most  int    // bytes to hold; up to twice as many between two cuts
	from  string // values before it are done
	cut   bool   // values were dropped; bound is the first of them
	bound string
	tally *tally // of one interval
	held  int    // an upper bound of the bytes held
}

// itemBytes is the memory of a value in addition to its own bytes.
const itemBytes = 32

// empty starts a pass.
func (s *sieve) empty() {
	s.tally = &tally{lists: make([]list, 1)}
	s.cut, s.bound, s.held = false, "", 0
}

// before reports whether a value was done in an earlier pass, and after whether it is
// left to a later one.
func (s *sieve) before(value []byte) bool { return string(value) < s.from }
func (s *sieve) after(value []byte) bool  { return s.cut && string(value) >= s.bound }

// took is called after a value of size bytes was added to the tally.
func (s *sieve) took(bytes int) {
	if s.held += bytes + itemBytes; s.held > 2*s.most {
		s.shrink()
	}
}

// shrink adds up the clicks of each value, and drops values if there are still too
// many. At least one stays, so that every pass makes progress.
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
	// Texts share blocks of memory. Copy those that stay, to free the others.
	fresh := &tally{lists: []list{{items: make([]item, n), merged: n}}}
	for i, it := range l.items[:n] {
		fresh.lists[0].items[i] = item{fresh.text([]byte(it.value)), it.clicks}
	}
	s.tally, s.held = fresh, total
}

// sorted is the result of the pass, by value bytewise.
func (s *sieve) sorted() []item {
	l := &s.tally.lists[0]
	l.merge()
	return l.items
}
