package recorder_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// instance is a recorder with its journal and store, on one disk.
type instance struct {
	*recorder.Recorder
	journal *journal.Journal
	counts  store.ClickCounts
}

// begin is the time of the tests' clock.
var begin = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, fs vfs.FS, segment int64) *instance {
	t.Helper()
	counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return openWith(t, fs, segment, counts)
}

func openWith(t testing.TB, fs vfs.FS, segment int64, counts store.ClickCounts) *instance {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: segment})
	if err != nil {
		t.Fatal(err)
	}
	r, err := recorder.Open(context.Background(), recorder.Options{
		Journal: j, Counts: counts, Now: func() time.Time { return begin },
		Log: logtest.To(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	return &instance{r, j, counts}
}

func (h *instance) close(t testing.TB) {
	t.Helper()
	if err := errors.Join(h.Close(context.Background()), h.journal.Close(), h.counts.Sync(context.Background()), h.counts.Close()); err != nil {
		t.Fatal(err)
	}
}

// cells drains the recorder and returns every quarter-hour cell.
func (h *instance) cells(t testing.TB) map[rollup.Key]uint64 {
	t.Helper()
	if err := h.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := map[rollup.Key]uint64{}
	for c, err := range h.counts.Cells(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		got[c.Key] += c.Clicks
	}
	return got
}

// expected returns the cells of clicks, without a cap.
func expected(clicks []click.Click) map[rollup.Key]uint64 {
	want := map[rollup.Key]uint64{}
	for _, c := range clicks {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { want[k]++ })
	}
	return want
}

func compare(t testing.TB, got, want map[rollup.Key]uint64) {
	t.Helper()
	for k, n := range want {
		if got[k] != n {
			t.Fatalf("cell %+v counts %d, want %d", k, got[k], n)
		}
	}
	for k, n := range got {
		if want[k] == 0 {
			t.Fatalf("cell %+v counts %d, want none", k, n)
		}
	}
}

func randomClick(rng *rand.Rand) click.Click {
	return click.Click{
		Time: begin.UnixMilli() - rng.Int64N(100*24*3600*1000),
		User: click.UserID(rng.IntN(3)), Link: click.LinkID(1 + rng.IntN(5)),
		Country:  []click.Country{{}, {'U', 'S'}, {'G', 'B'}}[rng.IntN(3)],
		Referrer: []click.Referrer{"", "http://t.co/", "http://example.org/"}[rng.IntN(3)],
		Bot:      rng.IntN(10) == 0,
	}
}

// TestPowerCuts cuts the power at random: every acknowledged click is counted once,
// and every other one once or not at all.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range 6 {
		fs := vfs.NewCrashableMem()
		var acknowledged []click.Click
		for range 5 {
			h := open(t, fs, 4<<10)
			var crashed *vfs.MemFS
			for i := range 400 {
				c := randomClick(rng)
				if err := h.Record(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				acknowledged = append(acknowledged, c)
				switch {
				case i == 100+rng.IntN(300):
					if err := h.counts.Sync(t.Context()); err != nil {
						t.Fatal(err)
					}
				case i > 50 && rng.IntN(100) == 0:
					crashed = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
				}
				if crashed != nil {
					break
				}
			}
			h.close(t) // on a disk that is not used again
			if crashed != nil {
				fs = crashed
			}
		}
		h := open(t, fs, 4<<10)
		compare(t, h.cells(t), expected(acknowledged))
		h.close(t)
	}
}

// TestCap records more different referrers in a day than the cap allows.
func TestCap(t *testing.T) {
	t.Parallel()
	const extra = 700
	fs := vfs.NewMem()
	h := open(t, fs, 1<<20)
	day := begin.Truncate(24 * time.Hour).UnixMilli()
	var all []click.Click
	record := func(link click.LinkID, n int, referrer string) {
		batch := make([]click.Click, n)
		for i := range batch {
			batch[i] = click.Click{Time: day + int64(i)%1000, User: 1, Link: link, Referrer: click.Referrer(strings.Replace(referrer, "#", strconv.Itoa(i), 1))}
		}
		all = append(all, batch...)
		if err := h.Import(t.Context(), batch, store.Mark{Input: [32]byte{1}, Offset: uint64(len(all))}); err != nil {
			t.Fatal(err)
		}
	}
	record(1, recorder.DailyValues-10, "http://a/#")
	h.close(t) // the store still has the referrers
	h = open(t, fs, 1<<20)
	record(2, 10, "http://b/#")                   // the last new ones of the user
	record(1, extra, "http://c/#")                // ten of them new to the link
	record(1, 300, "http://a/#")                  // known ones stay
	record(2, 5, "http://c/#")                    // new to this link, not to the user
	record(1, 20, "")                             // direct is no referrer
	record(3, 1, "other")                         // a page that says so itself
	record(1, recorder.DailyValues, "http://a/#") // again, partly known

	sums := map[rollup.Scope]map[string]uint64{}
	for k, n := range h.cells(t) {
		if k.Facet == rollup.Referrer {
			if sums[k.Scope] == nil {
				sums[k.Scope] = map[string]uint64{}
			}
			sums[k.Scope][k.Value] += n
		}
	}
	user, link := sums[rollup.Scope{User: 1}], sums[rollup.Scope{User: 1, Link: 1}]
	check := func(what string, got, want uint64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	// The user knows a/0..4989 and b/0..9; link 1 knows a/0..4989 and c/0..9.
	check("different referrers of the user", uint64(len(user)), recorder.DailyValues+2) // and direct, and other
	check("different referrers of the link", uint64(len(link)), recorder.DailyValues+2)
	check("others of the user", user["other"], extra+5+1+10)
	check("others of the link", link["other"], extra-10+10)
	check("direct", user[""], 20)
	check("a known one", user["http://a/5"], 3)
	check("one that only the link knows", link["http://c/5"], 1)
	check("the last new one", user["http://b/9"], 1)
	var total uint64
	for _, n := range user {
		total += n
	}
	check("all referrers", total, uint64(len(all)))

	// The ledger of the journal does not depend on the cap.
	var want rollup.Ledger
	for k, n := range expected(all) {
		want.Add(rollup.Cell{Key: k, Clicks: n})
	}
	epochs, err := h.counts.Epochs(t.Context(), store.JournalID(h.journal.ID()))
	if err != nil {
		t.Fatal(err)
	}
	var got rollup.Ledger
	for _, l := range epochs {
		got.AddLedger(&l)
	}
	if got != want {
		t.Errorf("the epochs' ledgers are %v, want %v", got, want)
	}
	h.close(t)
}

// TestWrongClock: a click whose time no store can keep is counted all the same.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	h := open(t, vfs.NewMem(), 1<<20)
	defer h.close(t)
	for _, at := range []int64{-1 << 62, -1, 0, 1 << 62} {
		if err := h.Record(t.Context(), click.Click{Time: at, User: 1, Link: 1}); err != nil {
			t.Fatal(err)
		}
	}
	got := h.cells(t)
	for slot, want := range map[int64]uint64{click.Earliest.Unix(): 3, click.Latest.Unix() - 900: 1} {
		if n := got[rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.All, Slot: slot}]; n != want {
			t.Errorf("%d clicks in slot %d, want %d", n, slot, want)
		}
	}
}
