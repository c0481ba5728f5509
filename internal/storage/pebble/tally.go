package pebble

import (
	"math"
	"strings"

	"github.com/footfall/footfall/internal/storage/store"
)

// tally adds up an answer: one list for each interval.
type tally struct {
	lists  []list
	values texts
}

// texts holds the bytes of values, which are many and short. Strings share blocks of memory.
type texts struct{ block strings.Builder }

// list is the clicks of one interval: runs of ascending values, in the order in
// which they were read. They are merged when the list gets long, and at the end.
type list struct {
	items  []item
	merged int // length after the last merge
}

type item struct {
	value  string
	clicks uint64
}

// vector adds the clicks of a value in one period. Answers spend most of their time
// here, so the common encodings of a slot are decoded inline.
func (t *tally) vector(pieces []piece, slots int, vector, value []byte) error {
	if len(pieces) == 0 {
		return nil
	}
	var sum uint64
	text, have := "", len(value) == 0
	count := func(interval int) {
		if sum == 0 || interval < 0 {
			return
		}
		if !have {
			text, have = t.values.add(value), true
		}
		t.lists[interval].add(text, sum)
	}
	slot, end := -1, pieces[0].end
	for len(vector) > 0 {
		var gap int
		var clicks uint64
		if head := vector[0]; head&1 == 0 {
			gap, clicks, vector = int(head>>1), 1, vector[1:]
		} else if len(vector) > 1 && vector[1] < 0x80 {
			gap, clicks, vector = int(head>>1), uint64(vector[1])+2, vector[2:]
		} else {
			var err error
			if gap, clicks, vector, err = nextSlot(vector); err != nil {
				return err
			}
		}
		if slot += gap + 1; slot >= slots {
			return errVector
		}
		for slot >= end {
			count(pieces[0].interval)
			sum = 0
			if pieces = pieces[1:]; len(pieces) == 0 {
				return nil
			}
			end = pieces[0].end
		}
		sum += clicks
	}
	count(pieces[0].interval)
	return nil
}

// within is the clicks of a vector in the pieces that are in an interval. It decodes inline, as vector does.
func within(pieces []piece, slots int, vector []byte) (sum uint64, err error) {
	if len(pieces) == 0 {
		return 0, nil
	}
	slot, end, counts := -1, pieces[0].end, pieces[0].interval >= 0
	for len(vector) > 0 {
		var clicks uint64
		head := vector[0]
		slot += int(head>>1) + 1
		if head&1 == 0 {
			clicks, vector = 1, vector[1:]
		} else if len(vector) > 1 && vector[1] < 0x80 {
			clicks, vector = uint64(vector[1])+2, vector[2:]
		} else if len(vector) > 2 && vector[2]-1 < 0x7f { // two bytes; the second one is neither 0 nor followed by another
			clicks, vector = uint64(vector[1]&0x7f)+uint64(vector[2])<<7+2, vector[3:]
		} else if _, clicks, vector, err = nextSlot(vector); err != nil {
			return 0, err
		}
		if slot >= slots {
			return 0, errVector
		}
		for slot >= end {
			if pieces = pieces[1:]; len(pieces) == 0 {
				return sum, nil
			}
			end, counts = pieces[0].end, pieces[0].interval >= 0
		}
		if counts {
			sum += clicks
		}
	}
	return sum, nil
}

// add returns the value as a string.
func (t *texts) add(value []byte) string {
	const most = 16 << 10
	if t.block.Cap()-t.block.Len() < len(value) {
		size := min(most, max(256, 4*t.block.Cap()))
		t.block = strings.Builder{}
		t.block.Grow(max(size, len(value)))
	}
	start := t.block.Len()
	t.block.Write(value)
	return t.block.String()[start:]
}

func (l *list) add(value string, clicks uint64) {
	if n := len(l.items); n > 0 && l.items[n-1].value == value {
		l.items[n-1].clicks += clicks
		return
	}
	if len(l.items) >= 2*l.merged+1<<14 {
		l.merge()
	}
	l.items = append(l.items, item{value, clicks})
}

// merge makes the list one run, with each value once.
func (l *list) merge() {
	if len(l.items) < 2 {
		return
	}
	var ends []int
	for i := range l.items {
		if i > 0 && l.items[i].value <= l.items[i-1].value {
			ends = append(ends, i)
		}
	}
	ends = append(ends, len(l.items))
	from, to := l.items, []item(nil)
	if len(ends) > 1 {
		to = make([]item, 0, len(l.items))
	}
	for len(ends) > 1 {
		to = to[:0]
		start, merged := 0, ends[:0]
		for i := 0; i < len(ends); i += 2 {
			end := ends[min(i+1, len(ends)-1)]
			to = mergeRuns(to, from[start:ends[i]], from[ends[i]:end])
			start, merged = end, append(merged, len(to))
		}
		from, to, ends = to, from, merged
	}
	l.items, l.merged = from, len(from)
}

// mergeRuns appends two runs as one.
func mergeRuns(to, a, b []item) []item {
	for len(a) > 0 && len(b) > 0 {
		switch x := strings.Compare(a[0].value, b[0].value); {
		case x < 0:
			to, a = append(to, a[0]), a[1:]
		case x > 0:
			to, b = append(to, b[0]), b[1:]
		default:
			to = append(to, item{a[0].value, a[0].clicks + b[0].clicks})
			a, b = a[1:], b[1:]
		}
	}
	return append(append(to, a...), b...)
}

// appendCounts adds the newest intervals that have clicks, at most newest of them,
// to the answer, and returns how many more may follow. The first list is that of
// interval base.
func (t *tally) appendCounts(counts []store.Count, base, newest int) ([]store.Count, int) {
	n := 0
	for i := range t.lists {
		t.lists[i].merge()
		n += len(t.lists[i].items)
	}
	if counts == nil && newest == math.MaxInt {
		counts = make([]store.Count, 0, n)
	}
	for i := len(t.lists) - 1; i >= 0 && newest > 0; i-- {
		for _, it := range t.lists[i].items {
			counts = append(counts, store.Count{Interval: base + i, Value: it.value, Clicks: it.clicks})
		}
		if len(t.lists[i].items) > 0 {
			newest--
		}
	}
	return counts, newest
}
