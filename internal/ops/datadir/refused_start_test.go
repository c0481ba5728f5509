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

// TestRefusedStartsChangeNothing: older links and users are refused at every start,
// because no start changes them.
func TestRefusedStartsChangeNothing(t *testing.T) {
	t.Parallel()
	d, _ := openIn(t, filepath.Join(t.TempDir(), "live"))
	d.clickOn(t, 2, 3)
	backups := filepath.Join(t.TempDir(), "backups")
	if _, err := d.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // no new ids: only the version differs
		if _, err := d.AddToken(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
	}
	dir := d.path
	d.mustClose(t)
	w := &scenario{t: t, dir: dir, backup: path}
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
		d, err := Open(t.Context(), w.options(new(logtest.Log)))
		if err == nil {
			d.mustClose(t)
			t.Fatalf("start %d accepts the older links and users, which lack tokens", i+1)
		}
	}
	if after := version(); after != before {
		t.Errorf("refused starts raised the version from %d to %d", before, after)
	}
}

// TestRefusedStartKeepsWAL: if footfall.db is missing, a start does not remove the
// -wal that a killed process left.
func TestRefusedStartKeepsWAL(t *testing.T) {
	t.Parallel()
	w := newScenario(t, false)
	wal := w.path("footfall.db-wal")
	before, err := os.ReadFile(wal)
	w.must(err)
	w.must(os.Rename(filepath.Join(w.dir, "footfall.db"), w.dir+".moved"))
	if d, err := Open(t.Context(), w.options(new(logtest.Log))); err == nil {
		d.mustClose(t)
		t.Fatal("the directory was opened without footfall.db")
	}
	if after, err := os.ReadFile(wal); err != nil || len(after) != len(before) {
		t.Errorf("the refused start left %d of %d bytes of the -wal: %v", len(after), len(before), err)
	}
	w.must(os.Rename(w.dir+".moved", filepath.Join(w.dir, "footfall.db")))
	w.opens(w.clicks)
}

// TestOpenAfterPowerCut: with NoSync a power cut may take the last clicks. The
// directory opens all the same, and again after more clicks.
func TestOpenAfterPowerCut(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live")
	w := &scenario{t: t, dir: filepath.Join(t.TempDir(), "data")}
	d, _ := openIn(t, live)
	d.mustClose(t)
	w.must(os.RemoveAll(filepath.Join(live, "journal")))
	o := (&scenario{t: t, dir: live}).options(new(logtest.Log))
	o.NoSync = true
	d2, err := Open(t.Context(), o)
	w.must(err)
	d2.clickOn(t, 2, 40)
	copyStill(t, live, w.dir)
	d2.mustClose(t)
	w.edit("journal/*.open", func(b []byte) []byte { return b[:48+(len(b)-48)/2] })
	d2, err = Open(t.Context(), w.options(new(logtest.Log))) // with fsync from now on
	w.must(err)
	d2.clickOn(t, 2, 1)
	d2.mustClose(t)
	d2, err = Open(t.Context(), w.options(new(logtest.Log)))
	w.must(err)
	d2.mustClose(t)
}
