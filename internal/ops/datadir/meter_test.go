package datadir

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestProgress: each stage of long work has the right total, and is complete
// at the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	dir, backups, restored := t.TempDir(), filepath.Join(t.TempDir(), "b"), filepath.Join(t.TempDir(), "restored")
	o := Options{Path: dir, Create: true, Now: time.Now, Log: new(logtest.Log).Logger()}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	names, err := d.names("")
	if err != nil {
		t.Fatal(err)
	}
	importer := &feed.Importer{Recorder: d.Recorder, Links: d.DB, Users: d.DB, Names: names, ReadAgent: useragent.New().ReadText, Now: time.Now, After: time.After}
	lines := strings.Repeat(`{"t":1360000000,"h":"abc","l":"ann","u":"http://example.org/","c":"FR"}`+"\n", 5000)
	if _, err := importer.Import(t.Context(), "bitly-feed", strings.NewReader(lines), func(r feed.Rejected) { t.Error(r) }); err != nil {
		t.Fatal(err)
	}
	journaled := int64(d.Journal.End())
	watched := func(what string, f func(context.Context) error, wants ...meter.State) {
		t.Helper()
		m := new(meter.Meter)
		if err := f(meter.With(t.Context(), m)); err != nil {
			t.Fatal(what, err)
		}
		all := m.All()
		for _, s := range all {
			if s.Total > 0 && s.Done != s.Total {
				t.Errorf("%s: the last state is %+v", what, s)
			}
		}
		for _, want := range wants {
			found := false
			for _, s := range all {
				found = found || s.Stage == want.Stage && s.Unit == want.Unit && (s.Total == want.Total || want.Total < 0 && s.Total > 0)
			}
			if !found {
				t.Errorf("%s has no stage %+v: %+v", what, want, all)
			}
		}
	}
	check := func(d *Dir) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := d.Check(ctx, func(f string) { t.Error(f) })
			return err
		}
	}
	// Each click is in the cells of all, country, referrer, link and agent of the user, and in
	// four of the link.
	watched("check", check(d), meter.State{Stage: "links and users", Unit: meter.Bytes},
		meter.State{Stage: "counts", Unit: meter.Clicks, Total: 9 * 5000}, meter.State{Stage: "journal", Unit: meter.Bytes, Total: journaled})
	var made backup.Manifest
	for range 2 { // the second one shares files with the first
		watched("backup", func(ctx context.Context) (err error) {
			made, err = d.Backup(ctx, backups, 1)
			return err
		}, meter.State{Stage: "journal", Unit: meter.Bytes, Total: -1}, meter.State{Stage: "counts", Unit: meter.Bytes, Total: -1})
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	watched("restore", func(ctx context.Context) error { return backup.Restore(ctx, path, restored) },
		meter.State{Stage: "files of the backup", Unit: meter.Bytes, Total: made.Bytes})
	watched("rebuild", func(ctx context.Context) error { return Rebuild(ctx, o, "", false, func(string) {}) },
		meter.State{Stage: "clicks of the journal", Unit: meter.Bytes, Total: journaled}, meter.State{Stage: "counts", Unit: meter.Clicks, Total: 9 * 5000})
}
