package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	stdsql "database/sql"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestSlowOpeningIsLogged: a step of opening that takes long is logged while it runs
// and when it is done, and no other.
func TestSlowOpeningIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := new(logtest.Log)
		done := LogIfSlow("counts", log.Logger())
		time.Sleep(slowOpening - time.Second)
		if done(); log.String() != "" {
			t.Errorf("a quick step is logged: %s", log)
		}
		done = LogIfSlow("journal", log.Logger())
		time.Sleep(slowOpening + time.Second)
		synctest.Wait()
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "takes a while; visitors are answered after that\" at=journal") {
			t.Errorf("a slow step is logged as %q", text)
		}
		if done(); log.Count("part=journal took=3s") != 1 {
			t.Errorf("the end of a slow step is logged as %s", log)
		}
	})
}

// TestUpgradeIsLogged: an upgrade of links and users is logged before it begins and
// when it is done.
func TestUpgradeIsLogged(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	migration, err := os.ReadFile("../../storage/sql/migrations/0001_users.sql")
	if err == nil {
		err = os.Mkdir(dir, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := stdsql.Open("sqlite", filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`CREATE TABLE schema_versions (version INTEGER PRIMARY KEY)`, string(migration), `INSERT INTO schema_versions VALUES (1)`} {
		if err == nil {
			_, err = db.Exec(statement)
		}
	}
	if err := errors.Join(err, db.Close(), os.Chmod(filepath.Join(dir, databaseFile), 0o600)); err != nil {
		t.Fatal(err)
	}
	schemas, err := filepath.Glob("../../storage/sql/migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	log := new(logtest.Log)
	for range 2 { // the second time there is nothing to upgrade
		d, err := Open(t.Context(), Options{Path: dir, Create: true, Now: time.Now, Log: log.Logger()})
		if err != nil {
			t.Fatal(err)
		}
		d.mustClose(t)
	}
	text := log.String()
	if begins, ends := strings.Index(text, "is upgraded now; an older footfall cannot open it afterwards\" schema=1 to="+fmt.Sprint(len(schemas))), strings.Index(text, "footfall.db is upgraded\""); begins < 0 || ends < begins || log.Count("upgraded") != 2 {
		t.Errorf("an upgrade is logged as %s", text)
	}
}

// TestCatchUp: it is logged that earlier clicks are being counted, and when all are
// counted.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	d, _ := openIn(t, t.TempDir())
	if err := d.Recorder.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.Recorder.Record(t.Context(), click.Click{User: 1, Link: 2, Time: time.Now().UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(t.Context()); err == nil { // it can no longer count the rest
		t.Error("a click was counted after counting had ended")
	}
	again, log := openIn(t, d.path)
	if again.catchUp(t.Context()); log.Count("clicks that were recorded before are counted now; answers lack them until then") != 1 || log.Count("all clicks that were recorded before are counted\" took=") != 1 {
		t.Errorf("the next start logs %s", log)
	}
	again.mustClose(t)
	again, log = openIn(t, d.path)
	if again.catchUp(t.Context()); log.Count("recorded before") != 0 {
		t.Errorf("if everything was counted, the next start logs %s", log)
	}
	again.mustClose(t)
}
