package recorder_test

import (
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestDeleted deletes links and users between clicks, some of which come too late,
// and cuts the power. The counts are removed, also after the journal is counted again,
// and the segments still agree with what was counted of them.
func TestDeleted(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 6 {
		fs := vfs.NewCrashableMem()
		var left []click.Click
		gone := map[rollup.Scope]bool{}
		for range 4 {
			h := open(t, fs, 4<<10)
			var crashed *vfs.MemFS
			for range 300 {
				if rng.IntN(60) == 0 {
					s := rollup.Scope{User: click.UserID(rng.IntN(4)), Link: click.LinkID(rng.IntN(7))}
					if s.Link == click.AllLinks && rng.IntN(3) > 0 {
						continue
					}
					if err := h.Delete(t.Context(), []rollup.Scope{s, {User: 1 << 40, Link: 9}}); err != nil {
						t.Fatal(err)
					}
					gone[s] = true
					left = slices.DeleteFunc(left, func(c click.Click) bool {
						return c.User == s.User && (s.Link == click.AllLinks || c.Link == s.Link)
					})
				}
				c := randomClick(rng)
				c.User, c.Link = click.UserID(rng.IntN(4)), click.LinkID(1+rng.IntN(6))
				if err := h.Record(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				if !gone[rollup.Scope{User: c.User}] && !gone[rollup.Scope{User: c.User, Link: c.Link}] {
					left = append(left, c)
				}
				switch rng.IntN(200) {
				case 0:
					if err := h.counts.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
				case 1:
					crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
				}
				if crashed != nil {
					break
				}
			}
			h.close(t)
			if crashed != nil {
				fs = crashed
			}
		}
		want := map[rollup.Key]uint64{}
		for _, c := range left {
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { want[k]++ })
		}
		for _, again := range []bool{false, true} {
			if again { // from the first click
				if err := fs.RemoveAll("clicks"); err != nil {
					t.Fatal(err)
				}
			}
			h := open(t, fs, 4<<10)
			compare(t, h.cells(t), want)
			counted, err := h.counts.Epochs(t.Context(), store.JournalID(h.journal.ID()))
			if err != nil {
				t.Fatal(err)
			}
			for epoch, err := range recorder.Recount(t.Context(), &h.journal.Contents, h.journal.End()) {
				if err != nil || counted[epoch.Base] != epoch.Ledger {
					t.Fatalf("segment %d: %+v was counted, and its records add up to %+v (%v)", epoch.Base, counted[epoch.Base], epoch.Ledger, err)
				}
			}
			h.close(t)
		}
	}
}
