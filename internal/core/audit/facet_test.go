package audit_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestNewFacet: counts and a journal that were written before a facet existed
// open after it was added, count on, and agree, also once a link is deleted.
// Not in parallel: it changes package rollup.
func TestNewFacet(t *testing.T) {
	fs := vfs.NewMem()
	const added = 1_360_100_000 // Unix second
	var hour rollup.Facet
	session := func(from int64, use func(r *recorder.Recorder)) {
		t.Helper()
		j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 512})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		r, err := recorder.Open(t.Context(), recorder.Options{Journal: j, Counts: counts, Now: time.Now, Log: slog.Default()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range int64(50) {
			c := click.Click{Time: (from + 600*i) * 1000, User: 1, Link: click.LinkID(1 + i%3), Country: click.Country{'U', 'S'}, Bot: i%9 == 0}
			if err := r.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		use(r)
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Check(t.Context(), counts, &j.Contents, func(finding string) { t.Error(finding) }); err != nil {
			t.Fatal(err)
		}
		q := store.Query{Scope: rollup.Scope{User: 1}, Facet: hour, Edges: []int64{0, added * 2 / 900 * 900}}
		if hour != 0 {
			if got, err := counts.Counts(t.Context(), q); err != nil || len(got) == 0 {
				t.Errorf("clicks by the new facet: %v, %v", got, err)
			}
		}
		if err := errors.Join(counts.Close(), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(link click.LinkID) func(*recorder.Recorder) {
		return func(r *recorder.Recorder) {
			if err := r.Delete(t.Context(), []rollup.Scope{{User: 1, Link: link}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	session(added-90_000, remove(3))
	hour, undo := rollup.Extend("hour", func(c click.Click) (string, bool) {
		return fmt.Sprint(c.Time / 3_600_000 % 24), !c.Bot && c.Time >= added*1000
	})
	defer undo()
	session(added, remove(2))
	session(added+90_000, func(*recorder.Recorder) {})
}
