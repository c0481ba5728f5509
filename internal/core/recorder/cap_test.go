package recorder_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestCapInJournalOrder: each scope keeps the first referrers and places of a day in the order
// of the journal, and the rest count as other, whatever the cap forgets meanwhile
// and however the records are cut into batches.
func TestCapInJournalOrder(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(t *rapid.T) {
		const most = 3
		j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem(), SegmentSize: 2048})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		counts := new(storetest.MemoryCounts)
		o := recorder.Options{Journal: j, Counts: counts, Now: func() time.Time { return begin }, Log: slog.New(slog.DiscardHandler)}
		o = o.WithCap(most, rapid.IntRange(0, 12).Draw(t, "room"))

		kept := map[rollup.Key]map[string]bool{}
		want := map[rollup.Key]uint64{}
		keep := func(k rollup.Key, value, other string) string {
			if kept[k] == nil {
				kept[k] = map[string]bool{}
			}
			if value == "" || kept[k][value] {
				return value
			}
			if len(kept[k]) == most {
				return other
			}
			kept[k][value] = true
			return value
		}
		for range rapid.IntRange(1, 2).Draw(t, "lives") {
			r, err := recorder.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(1, 12).Draw(t, "records") {
				var batch []click.Click
				for range rapid.IntRange(1, 6).Draw(t, "clicks") {
					c := click.Click{
						Time: rapid.Int64Range(0, 1).Draw(t, "day") * 86400_000,
						User: click.UserID(rapid.Uint64Range(1, 2).Draw(t, "user")), Link: click.LinkID(rapid.Uint64Range(1, 2).Draw(t, "link")),
					}
					if n := rapid.IntRange(0, 5).Draw(t, "referrer"); n > 0 {
						c.Referrer = click.Referrer(fmt.Sprintf("http://%d/", n))
					}
					if n := rapid.IntRange(0, 5).Draw(t, "city"); n > 0 {
						c.Country, c.City = click.Country{'A', byte('A' + n%2)}, click.City(fmt.Sprint(n))
					}
					batch = append(batch, c)
					for _, s := range []rollup.Scope{{User: c.User}, {User: c.User, Link: c.Link}} {
						k := rollup.Key{Scope: s, Facet: rollup.Referrer, Slot: c.Time / 1000}
						k.Value = keep(k, string(c.Referrer), "other")
						want[k]++
						if c.City != "" {
							k.Facet, k.Value = rollup.Place, ""
							k.Value = keep(k, c.Country.String()+"//"+string(c.City), c.Country.String()+"//other")
							want[k]++
						}
					}
				}
				if err := r.Import(context.Background(), batch, store.Mark{}); err != nil {
					t.Fatal(err)
				}
				if rapid.Bool().Draw(t, "drain") {
					if err := r.Drain(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := r.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		got := map[rollup.Key]uint64{}
		for c, err := range counts.Cells(context.Background()) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Facet.Capped() {
				got[c.Key] += c.Clicks
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

// TestCapOfLinkAfterQuietDay: a link's clicks of a day count for the cap, although the day of the user
// was quiet when they came, and another day of the month was busy before.
func TestCapOfLinkAfterQuietDay(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	counts := new(storetest.MemoryCounts)
	o := recorder.Options{Journal: j, Counts: counts, Now: func() time.Time { return begin }, Log: slog.New(slog.DiscardHandler)}
	r, err := recorder.Open(context.Background(), o.WithCap(3, 1000))
	if err != nil {
		t.Fatal(err)
	}
	for _, batch := range []struct{ day, from, to int }{{0, 1, 4}, {1, 1, 2}, {1, 3, 4}} {
		var clicks []click.Click
		for n := batch.from; n <= batch.to; n++ {
			clicks = append(clicks, click.Click{Time: int64(batch.day) * 86400_000, User: 1, Link: 1, Referrer: click.Referrer(fmt.Sprintf("http://%d/", n))})
		}
		if err := errors.Join(r.Import(context.Background(), clicks, store.Mark{}), r.Drain(context.Background())); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for day := range int64(2) {
		got, err := counts.Counts(context.Background(), store.Query{Scope: rollup.Scope{User: 1, Link: 1}, Facet: rollup.Referrer, Edges: []int64{day * 86400, (day + 1) * 86400}})
		values := map[string]uint64{}
		for _, n := range got {
			values[n.Value] = n.Clicks
		}
		if want := map[string]uint64{"http://1/": 1, "http://2/": 1, "http://3/": 1, "other": 1}; err != nil || !maps.Equal(values, want) {
			t.Errorf("day %d: got %v, want %v (%v)", day, values, want, err)
		}
	}
}
