package sql_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// killedEnv is the environment variable with the database that this binary, as a child
// process, writes to until it is killed.
const killedEnv = "FOOTFALL_TEST_KILLED_DB"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedEnv); path != "" {
		fmt.Fprintln(os.Stderr, workUntilKilled(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// killedBatch is batch n of the child's imports; it shares links with the one before.
func killedBatch(n int) []store.ForeignLink {
	links := make([]store.ForeignLink, 60)
	for i := range links {
		k := n*30 + i
		links[i] = store.ForeignLink{
			Login: fmt.Sprintf("user%d", k%97), Hash: click.Hash(fmt.Sprintf("h%d", k)),
			AggregateHash: click.Hash(fmt.Sprintf("g%d", k/2)), LongURL: fmt.Sprintf("http://example.com/%d", k/2),
			Created: int64(k), Domain: "j.mp", Keyword: click.Hash(fmt.Sprintf("k%d", k)),
		}
	}
	return links
}

// killedLink is the link that the child makes after batch n. In a later round it may
// exist already.
func killedLink(n int, user click.UserID) store.NewLink {
	return store.NewLink{
		User: user, LongURL: fmt.Sprintf("http://made.example/%d", n),
		Hash: click.Hash(fmt.Sprintf("m%d", n)), AggregateHash: click.Hash(fmt.Sprintf("a%d", n)),
	}
}

// workUntilKilled prints the number of each batch after the batch, and the link made
// after it, are durable.
func workUntilKilled(path string) error {
	db, err := sql.Open(context.Background(), path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		links, err := db.ImportLinks(context.Background(), killedBatch(n))
		if err != nil {
			return err
		}
		if _, _, err := db.MakeLink(context.Background(), killedLink(n, links[0].User)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestAcknowledgedRowsSurviveKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "links.db")
	rng := seedtest.Rand(t)
	for round := range 5 { // each continues with the database of the last one
		acknowledged := killAfter(t, path, round*40+1+rng.IntN(40))
		t.Logf("round %d: killed after %d batches", round, acknowledged)

		db := open(t, path)
		_, _, reader, _ := db.Pools()
		if got := text(t, reader, `PRAGMA integrity_check`); got != "ok" {
			t.Fatalf("the killed database is damaged: %s", got)
		}
		if n := text(t, reader, `SELECT COUNT(*) FROM pragma_foreign_key_check`); n != "0" {
			t.Errorf("%s rows refer to rows that do not exist", n)
		}
		for n := range acknowledged {
			for _, f := range killedBatch(n) {
				for _, name := range []click.Hash{f.Hash, f.Keyword} {
					l, err := db.LinkByName(context.Background(), "j.mp", name)
					if err != nil || l.Hash != f.Hash || l.LongURL != f.LongURL || l.AggregateHash != f.AggregateHash {
						t.Fatalf("batch %d was acknowledged, and %q is %+v, %v", n, name, l, err)
					}
				}
			}
			want := killedLink(n, 0)
			l, err := db.LinkByName(context.Background(), "", want.Hash)
			if err != nil || l.LongURL != want.LongURL || l.AggregateHash != want.AggregateHash {
				t.Fatalf("link %d was acknowledged, and %q is %+v, %v", n, want.Hash, l, err)
			}
		}
		// A batch that was not acknowledged is complete or absent.
		if n, err := strconv.Atoi(text(t, reader, `SELECT COUNT(*) FROM keywords`)); err != nil || n%30 != 0 {
			t.Errorf("part of a batch was imported: %d keywords, %v", n, err)
		}
		if n := text(t, reader, `SELECT COUNT(*) FROM last_ids WHERE link_id = (SELECT MAX(id) FROM links)`); n != "1" {
			t.Error("last_ids differs from the id of the newest link")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killAfter runs the child, kills it after it has acknowledged a number of batches, and
// returns how many it acknowledged.
func killAfter(t *testing.T, path string, batches int) (acknowledged int) {
	t.Helper()
	child := osexec.Command(os.Args[0])
	child.Env = append(os.Environ(), killedEnv+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() { // to the end, with everything that it printed before it was killed
		if lines.Text() != strconv.Itoa(acknowledged) {
			t.Errorf("the child printed %q after %d batches", lines.Text(), acknowledged)
		}
		if acknowledged++; acknowledged == batches {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || acknowledged < batches {
		t.Fatalf("the child ended by itself after %d batches: %v", acknowledged, err)
	}
	return acknowledged
}
