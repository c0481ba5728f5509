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

// TestCapInJournalOrder: each scope keeps the first referrers of a day in the order
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

		kept := map[rollup.Key]map[click.Referrer]bool{}
		want := map[rollup.Key]uint64{}
		keep := func(s rollup.Scope, day int64, r click.Referrer) click.Referrer {
			k := rollup.Key{Scope: s, Slot: day}
			if kept[k] == nil {
				kept[k] = map[click.Referrer]bool{}
			}
			if r == "" || kept[k][r] {
				return r
			}
			if len(kept[k]) == most {
				return click.OtherReferrers
			}
			kept[k][r] = true
			return r
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
					batch = append(batch, c)
					for _, s := range []rollup.Scope{{User: c.User}, {User: c.User, Link: c.Link}} {
						day := c.Time / 1000
						want[rollup.Key{Scope: s, Facet: rollup.Referrer, Slot: day, Value: string(keep(s, day, c.Referrer))}]++
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
			if c.Facet == rollup.Referrer {
				got[c.Key] += c.Clicks
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}
