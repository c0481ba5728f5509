package pebble

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
)

// sieve adds up the clicks of values in several passes, and holds a bounded number
// of values: those that come first bytewise, from a value on. If there are too
// many, it drops the last ones, and ignores these and all values after them in
// this pass. So the sums that it holds at the end of a pass are complete.
type sieve struct {
	most  int    // bytes to hold; up to twice as many between two cuts
	from  string // values before it are done
	cut   bool   // values were dropped; bound is the first of them
	bound string
	held  int // bytes

	items []item // in the order in which they came; each value once
	texts texts
	// table finds an item by its value: the hash of the value is where the search begins, each
	// entry is an index in items and 1, and 0 ends it. At least half of it is free.
	table []uint32
	seed  maphash.Seed // random, so that strangers cannot choose values that collide
}

// itemBytes is the memory of a value in addition to its own bytes: an item, and its part of
// the table.
const itemBytes = 40

// empty starts a pass.
func (s *sieve) empty() {
	*s = sieve{most: s.most, from: s.from, seed: maphash.MakeSeed()}
}

// before reports whether a value was done in an earlier pass, and after whether it is
// left to a later one.
func (s *sieve) before(value []byte) bool { return string(value) < s.from }
func (s *sieve) after(value []byte) bool  { return s.cut && string(value) >= s.bound }

// add adds clicks to a value.
func (s *sieve) add(value []byte, clicks uint64) {
	if len(s.table) < 2*(len(s.items)+1) {
		s.index(max(64, 4*len(s.items)))
	}
	mask := uint64(len(s.table) - 1)
	at := maphash.Bytes(s.seed, value) & mask
	for ; s.table[at] != 0; at = (at + 1) & mask {
		if it := &s.items[s.table[at]-1]; it.value == string(value) {
			it.clicks += clicks
			return
		}
	}
	s.items = append(s.items, item{s.texts.add(value), clicks})
	s.table[at] = uint32(len(s.items))
	if s.held += len(value) + itemBytes; s.held > 2*s.most {
		s.shrink()
	}
}

// index makes the table anew, with room for at least size entries.
func (s *sieve) index(size int) {
	n := 1
	for n < size {
		n *= 2
	}
	s.table = make([]uint32, n)
	mask := uint64(n - 1)
	for i := range s.items {
		at := maphash.String(s.seed, s.items[i].value) & mask
		for s.table[at] != 0 {
			at = (at + 1) & mask
		}
		s.table[at] = uint32(i + 1)
	}
}

// shrink drops the last values. At least one stays, so that every pass makes progress.
func (s *sieve) shrink() {
	all := s.sorted()
	total, n := 0, len(all)
	for i := range all {
		bytes := len(all[i].value) + itemBytes
		if i > 0 && total+bytes > s.most {
			n = i
			break
		}
		total += bytes
	}
	if n < len(all) {
		s.cut, s.bound = true, strings.Clone(all[n].value)
	}
	// Copy the texts that stay, to free the others.
	s.items, s.texts, s.held = make([]item, n), texts{}, total
	for i, it := range all[:n] {
		s.items[i] = item{s.texts.add([]byte(it.value)), it.clicks}
	}
	s.index(4 * n)
}

// sorted is the result of the pass, by value bytewise. The table is wrong
// after it, until index.
func (s *sieve) sorted() []item {
	slices.SortFunc(s.items, func(a, b item) int { return cmp.Compare(a.value, b.value) })
	return s.items
}
