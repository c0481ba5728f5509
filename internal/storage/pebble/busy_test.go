package pebble_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	engine "github.com/cockroachdb/pebble/v2"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// march is 00:00 UTC of the first day of a month.
var march = time.Date(2024, time.March, 1, 0, 0, 0, 0, time.UTC).Unix()

// clicksIn returns the cells of n clicks in a month on a link of user 1, from a country each.
func clicksIn(start int64, link click.LinkID, n int, country click.Country) []rollup.Cell {
	var f rollup.Fold
	for i := range n {
		f.Add(&click.Click{Time: 1000 * (start + int64(i)%31*rollup.Day), User: 1, Link: link, Country: country}, false, nil)
	}
	cells, _ := f.Cells()
	return cells
}

// adder adds batches to a store.
func adder(t *testing.T, s *pebble.Store) func(cells []rollup.Cell) {
	at := uint64(0)
	return func(cells []rollup.Cell) {
		t.Helper()
		if err := s.AddBatch(t.Context(), &store.Batch{From: at, To: at + 1, Cells: cells}); err != nil {
			t.Fatal(err)
		}
		at++
	}
}

// sums lists the scope, facet and value of each sum of days, except those of All.
func sums(t *testing.T, s *pebble.Store) (list []string) {
	t.Helper()
	it, err := s.DB().NewIter(&engine.IterOptions{LowerBound: []byte("d"), UpperBound: []byte("e")})
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if k := it.Key(); k[17] != byte(rollup.All) {
			list = append(list, fmt.Sprintf("link %d, %s %q", k[16], rollup.Facet(k[17]), k[20:]))
		}
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return list
}

// countries asks for the clicks of a scope of user 1 by country in March, and proves the sums.
func countries(t *testing.T, s *pebble.Store, link click.LinkID) map[string]uint64 {
	t.Helper()
	if err := s.Verify(t.Context(), nil, func(f string) { t.Error(f) }); err != nil {
		t.Fatal(err)
	}
	counts, err := s.Counts(t.Context(), store.Query{Scope: rollup.Scope{User: 1, Link: link}, Facet: rollup.Country, Edges: []int64{march, march + 31*rollup.Day}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, c := range counts {
		got[c.Value] = c.Clicks
	}
	return got
}

// TestSumsOfBusyMonths: the sums of days of a month are stored from 512 clicks of people on, and then
// whole. They are removed when a deletion leaves fewer.
func TestSumsOfBusyMonths(t *testing.T) {
	t.Parallel()
	s := open(t, memory())
	defer s.Close()
	add := adder(t, s)
	de, fr := click.Country{'D', 'E'}, click.Country{'F', 'R'}
	add(clicksIn(march, 7, 300, de))
	add(clicksIn(march, 8, 211, fr))
	add(clicksIn(march+40*rollup.Day, 8, 400, fr))
	if got := sums(t, s); got != nil {
		t.Errorf("months with few clicks have the sums %q", got)
	}
	if got := countries(t, s, 0); got["DE"] != 300 || got["FR"] != 211 {
		t.Errorf("the clicks of the user are %v", got)
	}

	add(clicksIn(march, 8, 1, de))
	want := []string{`link 0, country "DE"`, `link 0, country "FR"`, `link 0, referrer ""`}
	for _, link := range []string{"\x07", "\x08"} {
		want = append(want, fmt.Sprintf("link 0, link %q", "\x00\x00\x00\x00\x00\x00\x00"+link))
	}
	if got := sums(t, s); !slices.Equal(got, want) {
		t.Errorf("with 512 clicks of the user the sums are %q, want %q", got, want)
	}
	add(clicksIn(march, 7, 1000, fr))
	if got := countries(t, s, 0); got["DE"] != 301 || got["FR"] != 1211 {
		t.Errorf("the clicks of the user are %v", got)
	}
	if got := countries(t, s, 7); got["DE"] != 300 || got["FR"] != 1000 {
		t.Errorf("the clicks of the link are %v", got)
	}

	if err := s.Delete(t.Context(), []rollup.Scope{{User: 1, Link: 7}}); err != nil {
		t.Fatal(err)
	}
	if got := sums(t, s); got != nil {
		t.Errorf("after the deletion, with 212 clicks, the sums are %q", got)
	}
	add(clicksIn(march, 8, 400, fr))
	if got := countries(t, s, 0); got["DE"] != 1 || got["FR"] != 611 {
		t.Errorf("the clicks of the user are %v", got)
	}
}

// TestSumsOfFormat2: sums of months with few clicks, which format 2 stored, are not read, and are
// removed when the month becomes busy.
func TestSumsOfFormat2(t *testing.T) {
	t.Parallel()
	s := open(t, memory())
	defer s.Close()
	add := adder(t, s)
	add(clicksIn(march, 7, 300, click.Country{'D', 'E'}))
	var key []byte
	it, err := s.DB().NewIter(&engine.IterOptions{LowerBound: []byte("d")})
	if err != nil {
		t.Fatal(err)
	}
	if it.First() {
		key = slices.Clone(it.Key())
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"DE", "XX"} {
		key[17] = byte(rollup.Country)
		if err := s.DB().Set(append(slices.Clone(key), value...), []byte{0<<1 | 1, 50}, engine.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	if got := countries(t, s, 0); len(got) != 1 || got["DE"] != 300 {
		t.Errorf("sums of format 2 are read: %v", got)
	}
	add(clicksIn(march, 7, 300, click.Country{'D', 'E'}))
	if got := countries(t, s, 0); len(got) != 1 || got["DE"] != 600 {
		t.Errorf("the clicks of the user are %v", got)
	}
	if got := strings.Join(sums(t, s), "; "); strings.Contains(got, "XX") || !strings.Contains(got, "DE") {
		t.Errorf("the sums of the busy month are %s", got)
	}
}

// TestBusyMonthsAfterRestarts: what is remembered of months is that of the store, whichever batches,
// deletions and restarts there were.
func TestBusyMonthsAfterRestarts(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	o := memory().BusyFrom(40)
	s := open(t, o)
	want, last := map[click.LinkID]map[string]uint64{}, uint64(0)
	for i := range uint64(150) {
		switch link, links := click.LinkID(1+rng.IntN(4)), slices.Sorted(maps.Keys(want)); {
		case rng.IntN(12) == 0:
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, o)
		case rng.IntN(12) == 0 && len(links) > 0:
			link = links[rng.IntN(len(links))]
			if err := s.Delete(t.Context(), []rollup.Scope{{User: 1, Link: link}}); err != nil {
				t.Fatal(err)
			}
			delete(want, link)
		default:
			country := click.Country{'A' + byte(rng.IntN(3)), 'A'}
			n := 1 + rng.IntN(25)
			if err := s.AddBatch(t.Context(), &store.Batch{From: last, To: i + 1, Cells: clicksIn(march, link, n, country)}); err != nil {
				t.Fatal(err)
			}
			last = i + 1
			if want[link] == nil {
				want[link] = map[string]uint64{}
			}
			want[link][country.String()] += uint64(n)
		}
		user := map[string]uint64{}
		for link, byCountry := range want {
			for c, n := range byCountry {
				user[c] += n
			}
			if got := countries(t, s, link); fmt.Sprint(got) != fmt.Sprint(byCountry) {
				t.Fatalf("the clicks of link %d are %v, want %v", link, got, byCountry)
			}
		}
		if got := countries(t, s, 0); fmt.Sprint(got) != fmt.Sprint(user) {
			t.Fatalf("the clicks of the user are %v, want %v", got, user)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
