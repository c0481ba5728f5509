package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/backup"
	"github.com/footfall/footfall/click"
)

// TestRebuildFromTwin: a backup was restored elsewhere and went its own way, and
// its newer backups lie among those of the directory that is rebuilt. They are
// passed over, for an older one that fits.
func TestRebuildFromTwin(t *testing.T) {
	dir, backups := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "backups")
	record := func(a *App, n int, referrer click.Referrer) {
		t.Helper()
		for range n {
			c := click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 2, Referrer: referrer}
			if err := a.recorder.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.recorder.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	backUp := func(a *App) string {
		t.Helper()
		if _, err := a.Backup(t.Context(), backups, 10); err != nil {
			t.Fatal(err)
		}
		path, _, err := backup.Newest(backups)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	app, _ := openIn(t, dir)
	record(app, 5, "")
	first := backUp(app)

	restored := filepath.Join(t.TempDir(), "twin")
	if err := backup.Restore(t.Context(), first, restored); err != nil {
		t.Fatal(err)
	}
	twin, _ := openIn(t, restored)
	record(twin, 3, "http://twin.example/")
	second := backUp(twin)
	twin.mustClose(t)

	record(app, 200, click.Referrer("http://live.example/"+strings.Repeat("x", 100)))
	app.mustClose(t)
	if err := os.RemoveAll(filepath.Join(dir, clicksDir)); err != nil {
		t.Fatal(err)
	}
	var said string
	o := Options{Dir: dir, Host: "sho.rt", Now: time.Now, Log: app.log}
	if err := Rebuild(t.Context(), o, backups, false, func(s string) { said += s + "\n" }); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{second + " ends at position", "another way", "counted again from the backup " + first} {
		if !strings.Contains(said, want) {
			t.Errorf("rebuild says %q, and nothing of %q", said, want)
		}
	}
	app, _ = openIn(t, dir)
	app.checks(t, 205, 0)
	app.mustClose(t)
}
