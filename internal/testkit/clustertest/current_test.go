//go:build cluster

package clustertest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/testkit/clustertest"
)

func TestCurrent(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Current: true, Password: password})
	n := c.Nodes[0]
	version, err := n.Query("", "SELECT version()")
	if err != nil || !strings.HasPrefix(version, "26.") {
		t.Errorf("the current engine has the version %q (%v), want 26", version, err)
	}
	db := name(t, c.Database(t))
	exec(t, n, db, "CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")

	// Every byte comes back, also those that end data within a statement.
	const bytes = "SELECT number AS n, concat(char(number), '\\n\\0;') AS s FROM numbers(256) FORMAT "
	for _, format := range []string{"Native", "RowBinary", "TabSeparated"} {
		data, err := n.Query(db, bytes+format)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, n, db, "INSERT INTO t (n, s) SETTINGS async_insert = 0 FORMAT "+format+"\n"+data)
		got, err := n.Query(db, "SELECT * FROM t ORDER BY n FORMAT "+format)
		if err != nil || got != data {
			t.Errorf("%s: %d bytes came back as %d bytes (%v), or as others", format, len(data), len(got), err)
		}
		exec(t, n, db, "TRUNCATE TABLE t")
	}

	for statement, want := range map[string]string{
		"SELEC 1":                             "status 400: Code: 62. DB::Exception: ",
		"SELECT * FROM missing":               "status 404: Code: 60. DB::Exception: ",
		"SELECT missing()":                    "status 404: Code: 46. DB::Exception: ",
		"SELECT 1 SETTINGS missing = 1":       "status 404: Code: 115. DB::Exception: ",
		"INSERT INTO t FORMAT RowBinary\nabc": "status 500: Code: 33. DB::Exception: ",
		"SELECT throwIf(1)":                   "status 500: Code: 395. DB::Exception: ",
	} {
		if _, err := n.Query(db, statement); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", statement, err, want)
		}
	}

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				if err := n.Exec(db, "INSERT INTO t SELECT number, '' FROM numbers(100)"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := n.Restart(); err != nil { // kill -9
		t.Fatal(err)
	}
	if got, err := n.Query(db, "SELECT count(), sum(n) FROM t"); got != "16000\t792000\n" {
		t.Errorf("after a kill the table has %q (%v), want 16000 rows", got, err)
	}
}
