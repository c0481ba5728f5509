package metrics_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// flood is a number of different referrers. The memory of each is reused for the next
// one, as engines do. One of a hundred has more clicks than the others.
type flood int

func (n flood) each(f func(store.Count) error) error {
	var buffer []byte
	for i := range int(n) {
		buffer = fmt.Appendf(buffer[:0], "http://host%06d.example/%06d", i/2, i)
		c := store.Count{Value: unsafe.String(&buffer[0], len(buffer)), Clicks: n.clicks(i)}
		if err := f(c); err != nil {
			return err
		}
		for i := range buffer {
			buffer[i] = '!'
		}
	}
	return nil
}

func (flood) clicks(i int) uint64 { return 1 + uint64(i%100/99*(i%977)) }

// want is the first entries of their list; name is the name of each.
func (n flood) want(limit int, name func(i int) string) []metrics.Value {
	sums := map[string]uint64{}
	for i := range int(n) {
		if name := name(i); name != "" {
			sums[name] += n.clicks(i)
		}
	}
	var all []metrics.Value
	for name, clicks := range sums {
		all = append(all, metrics.Value{Name: name, Clicks: clicks})
	}
	slices.SortFunc(all, func(a, b metrics.Value) int {
		return cmp.Or(cmp.Compare(b.Clicks, a.Clicks), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(limit, len(all))]
}

// TestListsAreBounded: a ranking of 150,000 different referrers holds only what it
// lists, and for groups no more than the maximum number of sums.
func TestListsAreBounded(t *testing.T) {
	const n = flood(50_000)
	referrer := func(i int) string { return fmt.Sprintf("http://host%06d.example/%06d", i/2, i) }
	host := func(i int) string { return fmt.Sprintf("host%06d.example", i/2) }
	asked := 0
	for _, c := range []struct {
		what    string
		ranking metrics.Ranking
		name    func(i int) string
		most    int
		lead    bool
	}{
		{"referrers", metrics.Ranking{Limit: 1}, referrer, 1, false},
		{"referrers", metrics.Ranking{Limit: 1000}, referrer, 1000, false},
		{"domains", metrics.Ranking{Limit: 1000, Group: func(v string) (name, lead string) {
			_, rest, _ := strings.Cut(v, "://")
			name, _, _ = strings.Cut(rest, "/")
			return name, v
		}}, host, 5001, true},
		{"names", metrics.Ranking{Limit: 100, Names: func(_ context.Context, values []string) ([]string, error) {
			names := make([]string, len(values))
			for i, v := range values {
				if !strings.HasSuffix(v, "7") {
					names[i] = "the " + v
				}
			}
			asked = max(asked, len(values))
			return names, nil
		}}, func(i int) string {
			if i%10 == 7 {
				return ""
			}
			return "the " + referrer(i)
		}, 100, false},
	} {
		got, most, err := c.ranking.Rank(t.Context(), 5000, n.each)
		if err != nil {
			t.Fatal(err)
		}
		want := n.want(c.ranking.Limit, c.name)
		for i := range want {
			if c.lead { // the value with more clicks; the first of two with equal clicks
				number := 0
				if _, err := fmt.Sscanf(want[i].Name, "host%06d.example", &number); err != nil {
					t.Fatal(err)
				}
				first := 2 * number
				if n.clicks(first+1) > n.clicks(first) {
					first++
				}
				want[i].Lead = referrer(first)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: the first %d are %.300v, want %.300v", c.what, c.ranking.Limit, got, want)
		}
		if most > c.most {
			t.Errorf("%s: %d were held for a list of %d", c.what, most, c.ranking.Limit)
		}
	}
	if asked == 0 || asked > 1024 {
		t.Errorf("%d names were looked up together", asked)
	}
}

// TestFewAndManyGroups: few groups are summed in one pass and many in more, with the
// same result.
func TestFewAndManyGroups(t *testing.T) {
	for _, c := range []struct {
		values flood
		passes int
	}{{100, 1}, {100_000, 3}} {
		r := metrics.Ranking{Limit: 50, Group: func(v string) (name, lead string) {
			_, rest, _ := strings.Cut(v, "://")
			name, _, _ = strings.Cut(rest, "/")
			return name, v
		}}
		passes := 0
		got, _, err := r.Rank(t.Context(), 0, func(f func(store.Count) error) error {
			passes++
			return c.values.each(f)
		})
		if err != nil || passes != c.passes {
			t.Errorf("%d values took %d passes, want %d: %v", c.values, passes, c.passes, err)
		}
		want, _, err := r.Rank(t.Context(), 1<<20, c.values.each)
		if err != nil || len(got) != 50 || !slices.Equal(got, want) {
			t.Errorf("of %d values: %v, want %v; %v", c.values, got, want, err)
		}
	}
}

// watched counts its open snapshots.
type watched struct {
	*storetest.MemoryCounts
	open int
}

func (s *watched) Snapshot(ctx context.Context) (store.Snapshot, error) {
	of, err := s.MemoryCounts.Snapshot(ctx)
	s.open++
	return &watchedSnapshot{of, s}, err
}

type watchedSnapshot struct {
	store.Snapshot
	of *watched
}

func (s *watchedSnapshot) Close() error {
	s.of.open--
	return s.Snapshot.Close()
}

// TestSnapshotsAreClosed: no snapshot stays open, also if a question panics: the
// counts could not be closed.
func TestSnapshotsAreClosed(t *testing.T) {
	counts := &watched{MemoryCounts: new(storetest.MemoryCounts)}
	err := counts.AddBatch(t.Context(), &store.Batch{To: 1, Cells: []rollup.Cell{{Key: rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.Link, Slot: 900, Value: "v"}, Clicks: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	zone, err := calendar.Fixed(0)
	if err != nil {
		t.Fatal(err)
	}
	for what, names := range map[string]func() ([]string, error){
		"answers": func() ([]string, error) { return []string{"v"}, nil },
		"fails":   func() ([]string, error) { return nil, errors.New("no names") },
		"panics":  func() ([]string, error) { panic("a bug") },
	} {
		func() {
			defer func() { _ = recover() }()
			_, _ = metrics.New(counts).Top(t.Context(), metrics.Subject{{User: 1}}, rollup.Link, metrics.Window{Zone: zone, Unit: calendar.Day, Units: metrics.AllTime, Reference: 1000},
				metrics.Ranking{Limit: 1, Names: func(context.Context, []string) ([]string, error) { return names() }})
		}()
		if counts.open != 0 {
			t.Errorf("where it %s, %d snapshots stay open", what, counts.open)
		}
	}
}
