package recorder_test

import (
	"context"
	"fmt"
	"log/slog"
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
