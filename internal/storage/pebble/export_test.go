package pebble

import (
	"bytes"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
)

// DB is the engine, for tests that damage its data.
func (s *Store) DB() *pebble.DB { return s.db }

// BusyFrom returns options with which months are busy from a number of clicks on.
func (o Options) BusyFrom(clicks uint64) Options {
	o.busy = clicks
	return o
}

// DecodeVector returns the slots of a vector and their clicks.
func DecodeVector(b []byte, slots int) (at []int, clicks []uint64, err error) {
	err = eachSlot(b, slots, func(slot int, n uint64) error {
		at, clicks = append(at, slot), append(clicks, n)
		return nil
	})
	return at, clicks, err
}

// EncodeVector undoes DecodeVector.
func EncodeVector(at []int, clicks []uint64) []byte {
	var b []byte
	prev := -1
	for i, slot := range at {
		b = appendSlot(b, prev, slot, clicks[i])
		prev = slot
	}
	return b
}

// SumVector returns the clicks of a vector before each edge, from the edge before it on: as Sum adds them up, and as
// Counts does. Edges are slots, and ascend.
func SumVector(b []byte, slots int, edges []int) (sums, counts []uint64, ofSums, ofCounts error) {
	var all []piece
	for i, edge := range edges {
		all = append(all, piece{edge, i})
	}
	t := tally{lists: make([]list, len(edges))}
	ofCounts = t.vector(all, slots, b, nil)
	for i := range edges {
		pieces := slices.Clone(all[:i+1])
		for j := range pieces[:i] {
			pieces[j].interval = -1
		}
		sum, e := within(pieces, slots, b)
		ofSums = errors.Join(ofSums, e)
		count := uint64(0)
		for _, it := range t.lists[i].items {
			count += it.clicks
		}
		sums, counts = append(sums, sum), append(counts, count)
	}
	return sums, counts, ofSums, ofCounts
}

// MergeVectors adds up vectors under a key, as the engine does.
func MergeVectors(key []byte, vectors ...[]byte) ([]byte, error) {
	m, err := newMerger().Merge(key, vectors[0])
	if err != nil {
		return nil, err
	}
	for i, v := range vectors[1:] {
		add := m.MergeOlder
		if i%2 == 0 {
			add = m.MergeNewer
		}
		if err := add(v); err != nil {
			return nil, err
		}
	}
	sum, closer, err := m.Finish(true)
	if err != nil {
		return nil, err
	}
	sum = append([]byte(nil), sum...)
	return sum, closer.Close()
}

// The parsers of keys and values other than vectors.
var (
	CheckVersion   = checkVersion
	ParseMark      = parseMark
	ParsePeriodKey = func(b []byte) error { _, err := parsePeriodKey(b); return err }
)

// Sift adds up values with a sieve that holds at most held bytes, and calls f with each
// value and its sum. values is iterated in each pass. It returns the number of
// passes, and the most bytes that were held.
func Sift(most int, values func(yield func(value []byte) bool), f func(value string, clicks uint64)) (passes, held int, err error) {
	s := &sieve{most: most}
	pieces := []piece{{end: 96}}
	for again := true; again; passes++ {
		s.empty()
		for v := range values {
			if s.before(v) || s.after(v) {
				continue
			}
			clicks, err := within(pieces, 96, []byte{0})
			if err != nil {
				return passes, held, err
			}
			s.add(v, clicks)
			bytes := 0
			if len(s.items)%512 == 0 { // counting them is expensive
				for _, i := range s.items {
					bytes += len(i.value) + itemBytes
				}
			}
			held = max(held, bytes)
		}
		for _, i := range s.sorted() {
			f(i.value, i.clicks)
		}
		again, s.from = s.cut, s.bound
	}
	return passes, held, nil
}

// PurgeRanges returns how many ranges Purge compacts for the scopes, and whether
// they cover a scope in both grains.
func PurgeRanges(scopes []rollup.Scope) (ranges int, covers func(rollup.Scope) bool) {
	all := purgeRanges(scopes)
	return len(all), func(s rollup.Scope) bool {
		for _, grain := range []byte{grainDay, grainQuarter} {
			key := append(scopeKey([]byte{grain}, s), byte(rollup.All))
			if !slices.ContainsFunc(all, func(r pebble.KeyRange) bool {
				return bytes.Compare(r.Start, key) <= 0 && bytes.Compare(key, r.End) < 0
			}) {
				return false
			}
		}
		return true
	}
}
