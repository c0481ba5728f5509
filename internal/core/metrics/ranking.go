package metrics

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/storage/store"
)

// Value is an entry of a list: a name, and its clicks.
type Value struct {
	Name   string
	Clicks uint64
	// Lead is set for groups only: see Ranking.Group.
	Lead string
}

// Ranking says how the values of a facet are listed: by descending clicks, and those
// with equal clicks by name, bytewise. The name of a value is the value itself,
// unless Group or Names is set.
//
// However many values there are, a list holds in memory only the entries that it
// lists, and for groups the sum of each.
type Ranking struct {
	// Limit is the maximum number of entries; at least 1.
	Limit int
	// Unnamed is the name of the empty value. A value that is equal to it is the
	// same entry.
	Unnamed string
	// Group, if set, lists values by the name that it returns; values with an empty
	// name are left out. The Lead of an entry is that of the value with the most
	// clicks, among values that have one; if equal, of the first bytewise.
	Group func(value string) (name, lead string)
	// Names, if set, returns the names of values. It is for names that are expensive
	// to get: it is called with many values, and only with those that may be listed.
	// Different values must have different names. Values with an empty name are left
	// out.
	Names func(ctx context.Context, values []string) ([]string, error)
	// Expensive is called before the ranking takes long or holds much memory, as
	// store.Sum.Expensive, possibly more than once. It may be nil.
	Expensive func(context.Context) error
}

// iteration calls yield with the counts of some intervals, within each by value bytewise.
// It may be called again, with the same result.
type iteration func(yield func(store.Count) error) error

// rank makes a list for each interval.
func (r Ranking) rank(ctx context.Context, intervals int, each iteration) ([][]Value, error) {
	tops := make([]top, intervals)
	for i := range tops {
		tops[i].limit = r.Limit
	}
	if err := r.fill(ctx, tops, each); err != nil {
		return nil, err
	}
	lists := make([][]Value, intervals)
	for i := range tops {
		lists[i] = tops[i].sorted()
	}
	return lists, nil
}

func (r Ranking) fill(ctx context.Context, tops []top, each iteration) error {
	switch {
	case r.Names != nil:
		return r.named(ctx, tops, each)
	case r.Group != nil:
		err := r.inOnePass(tops, each, fewGroups)
		if errors.Is(err, errManyGroups) {
			err = r.grouped(tops, each, newGroupSums(maxGroups))
		}
		return err
	}
	return r.plain(tops, each)
}

// plain lists values as they are.
func (r Ranking) plain(tops []top, each iteration) error {
	unnamed := make([]uint64, len(tops))
	err := each(func(c store.Count) error {
		if c.Value == "" || c.Value == r.Unnamed {
			unnamed[c.Interval] += c.Clicks
		} else {
			tops[c.Interval].offer(c.Value, c.Clicks, "", 0)
		}
		return nil
	})
	for i, clicks := range unnamed {
		if clicks > 0 {
			tops[i].offer(r.Unnamed, clicks, "", 0)
		}
	}
	return err
}

// namesAtOnce is the number of names that are looked up together.
const namesAtOnce = 1024

// named looks up the names of values, without those that have fewer clicks than the last
// entry of a full list.
func (r Ranking) named(ctx context.Context, tops []top, each iteration) error {
	var waiting []store.Count
	ask := func() error {
		values := make([]string, len(waiting))
		for i, c := range waiting {
			values[i] = c.Value
		}
		names, err := r.Names(ctx, values)
		if err != nil {
			return fmt.Errorf("names of %d values: %w", len(values), err)
		}
		for i, c := range waiting {
			if names[i] != "" {
				tops[c.Interval].offer(names[i], c.Clicks, "", 0)
			}
		}
		waiting = waiting[:0]
		return nil
	}
	err := each(func(c store.Count) error {
		if t := &tops[c.Interval]; len(t.list) == t.limit && c.Clicks < t.list[0].Clicks {
			return nil
		}
		c.Value = strings.Clone(c.Value)
		if waiting = append(waiting, c); len(waiting) < namesAtOnce {
			return nil
		}
		return ask()
	})
	if err != nil {
		return err
	}
	return ask()
}

// fewGroups is the size, in bytes, up to which groups are kept together with their
// names.
const fewGroups = 1 << 20

// errManyGroups: groups take more than fewGroups bytes.
var errManyGroups = errors.New("many groups")

// inOnePass sums groups in one pass, if there are few, which is common. After an
// error it has offered no group.
func (r Ranking) inOnePass(tops []top, each iteration, most int) error {
	const entryBytes = 128
	groups, held := make([]map[string]*entry, len(tops)), 0
	err := each(func(c store.Count) error {
		name, lead := r.Group(c.Value)
		if name == "" {
			return nil
		}
		g := groups[c.Interval][name]
		if g == nil {
			if groups[c.Interval] == nil {
				groups[c.Interval] = map[string]*entry{}
			}
			g = &entry{Value: Value{Name: strings.Clone(name)}}
			groups[c.Interval][g.Name] = g
			held += len(name) + entryBytes
		}
		g.Clicks += c.Clicks
		held += g.lead(lead, c.Clicks)
		if held > most {
			return errManyGroups
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, of := range groups {
		for _, g := range of {
			tops[i].offer(g.Name, g.Clicks, g.Lead, g.led)
		}
	}
	return nil
}

// maxGroups bounds the groups that are summed in one pass.
const maxGroups = 1 << 17

// grouped sums any number of groups. One pass sums groups by a hash of their names,
// and the next one finds the names. If there are more than maxGroups, it sums a range
// of hashes after the other.
func (r Ranking) grouped(tops []top, each iteration, sums *groupSums) error {
	for i := range tops {
		tops[i].names = map[string]*entry{}
	}
	for more := true; more; more = sums.next() {
		err := each(func(c store.Count) error {
			if name, _ := r.Group(c.Value); name != "" {
				sums.add(sums.key(c.Interval, name), c.Clicks)
			}
			return nil
		})
		if err != nil {
			return err
		}
		err = each(func(c store.Count) error {
			name, lead := r.Group(c.Value)
			if clicks := sums.of[sums.key(c.Interval, name)]; name != "" && clicks > 0 {
				tops[c.Interval].offer(name, clicks, lead, c.Clicks)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// groupSums is the clicks of the groups whose hashes are from lo to hi. If there are
// too many groups, hi is lowered.
type groupSums struct {
	seeds  [2]maphash.Seed // random, so that an attacker cannot choose names with equal hashes
	most   int
	lo, hi uint64
	of     map[groupKey]uint64
}

type groupKey struct {
	interval int
	hash     [2]uint64
}

func newGroupSums(most int) *groupSums {
	return &groupSums{
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, most: most,
		hi: math.MaxUint64, of: map[groupKey]uint64{},
	}
}

func (s *groupSums) key(interval int, name string) groupKey {
	return groupKey{interval, [2]uint64{maphash.String(s.seeds[0], name), maphash.String(s.seeds[1], name)}}
}

func (s *groupSums) add(k groupKey, clicks uint64) {
	if k.hash[0] < s.lo || k.hash[0] > s.hi {
		return
	}
	s.of[k] += clicks
	for len(s.of) > s.most && s.hi > s.lo {
		s.hi = s.lo + (s.hi-s.lo)/2
		maps.DeleteFunc(s.of, func(k groupKey, _ uint64) bool { return k.hash[0] > s.hi })
	}
}

// next continues with the hashes above hi, if there are any.
func (s *groupSums) next() bool {
	if s.hi == math.MaxUint64 {
		return false
	}
	s.lo, s.hi = s.hi+1, math.MaxUint64
	clear(s.of)
	return true
}

// top is the first entries of a list. When it is full, it is a heap with the last of them at its root.
type top struct {
	limit int
	list  []*entry
	// names has the entries of list, if names are offered again; else it is nil.
	names map[string]*entry
}

type entry struct {
	Value
	led uint64 // clicks of the value that Lead is from
}

// offer adds an entry, if it is one of the first. If names is set, a name may be offered again with
// the same clicks and another lead; led is the clicks of the lead's value.
func (t *top) offer(name string, clicks uint64, lead string, led uint64) {
	e := t.names[name]
	if e == nil {
		full := len(t.list) == t.limit
		if full && (clicks < t.list[0].Clicks || clicks == t.list[0].Clicks && name > t.list[0].Name) {
			return
		}
		e = &entry{Value: Value{Name: strings.Clone(name), Clicks: clicks}} // the caller may reuse the memory of the name
		if full {
			delete(t.names, t.list[0].Name)
			t.list[0] = e
			heap.Fix(t, 0)
		} else if t.list = append(t.list, e); len(t.list) == t.limit {
			heap.Init(t)
		}
		if t.names != nil {
			t.names[e.Name] = e
		}
	}
	e.lead(lead, led)
}

// lead sets the lead if it has more clicks than the current one, and returns the bytes
// that it took.
func (e *entry) lead(lead string, clicks uint64) (bytes int) {
	if lead == "" || e.Lead != "" && clicks <= e.led {
		return 0
	}
	if e.led = clicks; lead != e.Lead {
		e.Lead, bytes = strings.Clone(lead), len(lead)
	}
	return bytes
}

// order compares entries by their places in a list.
func order(a, b *entry) int {
	if a.Clicks != b.Clicks {
		return cmp.Compare(b.Clicks, a.Clicks)
	}
	return strings.Compare(a.Name, b.Name)
}

// sorted returns the list. Nothing may be offered after it.
func (t *top) sorted() []Value {
	slices.SortFunc(t.list, order)
	list := make([]Value, len(t.list))
	for i, e := range t.list {
		list[i] = e.Value
	}
	return list
}

// Len, Less, Swap, Push and Pop implement heap.Interface. A heap keeps its length, so nothing is pushed or popped.
func (t *top) Len() int           { return len(t.list) }
func (t *top) Less(i, j int) bool { return order(t.list[j], t.list[i]) < 0 }
func (t *top) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }
func (t *top) Push(any)           { panic("metrics: a heap of a fixed length") }
func (t *top) Pop() any           { panic("metrics: a heap of a fixed length") }
