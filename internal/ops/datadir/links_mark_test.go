package datadir

import (
	databasesql "database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// openRaw opens footfall.db, also while a server has it open.
func (w *scenario) openRaw() *databasesql.DB {
	w.t.Helper()
	db, err := databasesql.Open("sqlite", filepath.Join(w.dir, databaseFile))
	w.must(err)
	db.SetMaxOpenConns(1)
	w.t.Cleanup(func() { w.must(db.Close()) })
	return db
}

// TestKilledWhileMarked: a process may be killed while it gives footfall.db a new
// mark. The directory opens with the old and with the new mark. A file with any
// other mark is refused.
func TestKilledWhileMarked(t *testing.T) {
	t.Parallel()
	for _, announced := range []bool{true, false} {
		w := newScenario(t, false)
		db := w.openRaw()
		for _, statement := range []string{`PRAGMA application_id = 7`, `PRAGMA wal_checkpoint(PASSIVE)`} {
			_, err := db.ExecContext(t.Context(), statement)
			w.must(err)
		}
		killed := filepath.Join(t.TempDir(), "killed")
		copyStill(t, w.dir, killed)
		w.dir = killed
		f, err := progress.Open(filepath.Join(w.dir, progressFile))
		w.must(err)
		known := f.Record()
		if announced {
			known.Links.Next = 7
		}
		w.must(f.Start(known))
		w.must(f.Close())
		if announced {
			w.opens(w.clicks)
		} else {
			w.refused("was replaced by an older or another file")
		}
	}
}

// TestMarksAreSaved: the file progress has the new mark of links and users
// before they have it.
func TestMarksAreSaved(t *testing.T) {
	t.Parallel()
	w := newScenario(t, true)
	db := w.openRaw()
	run := func(statement string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), statement)
		w.must(err)
	}
	run(`CREATE TRIGGER begun BEFORE INSERT ON lives BEGIN SELECT RAISE(ABORT, 'as far as this'); END`)
	_, err := Open(t.Context(), w.options(new(logtest.Log)))
	if err == nil || !strings.Contains(err.Error(), "as far as this") {
		t.Fatal(err)
	}
	known, err := progress.Read(filepath.Join(w.dir, progressFile))
	w.must(err)
	if known.Links.Mark == 0 || known.Links.Next == 0 {
		t.Errorf("the mark is %d, and the next one %d", known.Links.Mark, known.Links.Next)
	}
	run(`DROP TRIGGER begun`)
	w.opens(w.clicks)
	last, err := progress.Read(filepath.Join(w.dir, progressFile))
	w.must(err)
	if last.Links.Next != 0 || last.Links.Mark == known.Links.Mark {
		t.Errorf("after two more starts the mark is %d, and next %d; it was %d", last.Links.Mark, last.Links.Next, known.Links.Mark)
	}
}
