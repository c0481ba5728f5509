package datadir

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestRefusedStartsChangeNothing: links and users that are older than the rest
// stay so, however often the program is started.
func TestRefusedStartsChangeNothing(t *testing.T) {
	t.Parallel()
	app, _ := openIn(t, filepath.Join(t.TempDir(), "live"))
	app.clickOn(t, 2, 3)
	backups := filepath.Join(t.TempDir(), "backups")
	if _, err := app.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // no new ids: only the version tells
		if _, err := app.AddToken(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
	}
	dir := app.path
	app.mustClose(t)
	w := &town{t: t, dir: dir, backup: path}
	w.take("footfall.db")
	version := func() uint64 {
		db, err := sql.Open(context.Background(), filepath.Join(dir, "footfall.db"))
		w.must(err)
		defer db.Close()
		l, err := db.Links(context.Background())
		w.must(err)
		return l.Version
	}
	before := version()
	for i := range 6 {
		app, err := Open(t.Context(), w.options(new(logtest.Log)))
		if err == nil {
			app.mustClose(t)
			t.Fatalf("start %d takes the older links and users, without the tokens", i+1)
		}
	}
	if after := version(); after != before {
		t.Errorf("refused starts counted the version from %d up to %d", before, after)
	}
}

// TestRefusedStartKeepsWAL: what a killed process left beside footfall.db is not
// removed where footfall.db is missing.
func TestRefusedStartKeepsWAL(t *testing.T) {
	t.Parallel()
	w := newTown(t, false)
	wal := w.path("footfall.db-wal")
	before, err := os.ReadFile(wal)
	w.must(err)
	w.must(os.Rename(filepath.Join(w.dir, "footfall.db"), w.dir+".moved"))
	if app, err := Open(t.Context(), w.options(new(logtest.Log))); err == nil {
		app.mustClose(t)
		t.Fatal("it was opened without footfall.db")
	}
	if after, err := os.ReadFile(wal); err != nil || len(after) != len(before) {
		t.Errorf("the refused start left %d of %d bytes of the -wal: %v", len(after), len(before), err)
	}
	w.must(os.Rename(w.dir+".moved", filepath.Join(w.dir, "footfall.db")))
	w.opens(w.clicks)
}

// TestGoesOnAfterPowerCut: with NoSync a power cut may take the last clicks; what
// is recorded after that is no reason to refuse.
func TestGoesOnAfterPowerCut(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live")
	w := &town{t: t, dir: filepath.Join(t.TempDir(), "data")}
	app, _ := openIn(t, live)
	app.mustClose(t)
	w.must(os.RemoveAll(filepath.Join(live, "journal")))
	o := (&town{t: t, dir: live}).options(new(logtest.Log))
	o.NoSync = true
	app2, err := Open(t.Context(), o)
	w.must(err)
	app2.clickOn(t, 2, 40)
	copyStill(t, live, w.dir)
	app2.mustClose(t)
	w.edit("journal/*.open", func(b []byte) []byte { return b[:48+(len(b)-48)/2] })
	app2, err = Open(t.Context(), w.options(new(logtest.Log))) // with fsync from now on
	w.must(err)
	app2.clickOn(t, 2, 1)
	app2.mustClose(t)
	app2, err = Open(t.Context(), w.options(new(logtest.Log)))
	w.must(err)
	app2.mustClose(t)
}
