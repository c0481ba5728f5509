package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestDelete deletes a link and a user of a running server, as an operator
// does, and counts the journal again.
func TestDelete(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	ann, _ := run(t, "user", "add", "ann", "--data", data)
	bob, _ := run(t, "user", "add", "bob", "--data", data)
	ann, bob = strings.TrimSpace(ann), strings.TrimSpace(bob)
	base, stop := serveUntil(t, "--data", data)
	first, second := shorten(t, base, ann, "http://a.example/"), shorten(t, base, ann, "http://b.example/")
	his := shorten(t, base, bob, "http://a.example/")
	for _, short := range []string{first, first, first, second, his, his} {
		visit(t, "GET", short)
	}
	clicks := func(token, question string) string {
		t.Helper()
		return fetch(t, base+"/v3/"+question+"&unit=day&format=json&access_token="+token)
	}
	has := func(body, want string) {
		t.Helper()
		if !strings.Contains(body, want) {
			t.Errorf("%s\nlacks %s", body, want)
		}
	}
	out, _ := run(t, "link", "delete", first, "--data", data, "--yes")
	has(out, "clicks 3")
	if r := visit(t, "GET", first); r.StatusCode != http.StatusNotFound {
		t.Errorf("a link that was deleted leads on: %s", r.Status)
	}
	has(clicks(ann, "link/clicks?link="+first), "NOT_FOUND")
	has(clicks(ann, "user/clicks?"), `"user_clicks": 1`)
	has(clicks(ann, "user/popular_links?"), `"popular_links": [{"link": "`+second+`", "clicks": 1}]`)
	minutes := fetch(t, base+"/v3/user/clicks?unit=minute&access_token="+ann)
	has(minutes, `"user_clicks": 1`)
	has(clicks(bob, "link/clicks?link="+his), `"link_clicks": 2`)

	out, _ = run(t, "user", "delete", "ann", "--data", data, "--yes")
	has(out, "tokens 1, links 1, aggregate links 1, keywords 0, clicks 1")
	has(clicks(ann, "user/clicks?"), "INVALID_ACCESS_TOKEN")
	if r := visit(t, "GET", second); r.StatusCode != http.StatusNotFound {
		t.Errorf("a link of a user who was deleted leads on: %s", r.Status)
	}
	has(clicks(bob, "user/clicks?"), `"user_clicks": 2`)
	stop(syscall.SIGKILL)
	out, _ = run(t, "check", "--data", data)
	has(out, "everything agrees")
	again, _ := run(t, "user", "add", "ann", "--data", data) // another one
	base, _ = serve(t, "--data", data)
	has(clicks(strings.TrimSpace(again), "user/clicks?"), `"user_clicks": 0`)
	has(clicks(bob, "user/clicks?"), `"user_clicks": 2`)
	for _, args := range [][]string{{"user", "delete", "bob"}, {"user", "delete", "nobody", "--yes"}, {"link", "delete", his}, {"link", "delete", "nope42", "--yes"}} {
		if err := program(t.Context(), append(args, "--data", data)...).Run(); err == nil {
			t.Errorf("footfall %v did it", args)
		}
	}
}

// traces lists the files of a data directory, but for the journal, in which
// something of a user is found who was called cat.
func traces(t *testing.T, data string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "journal":
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, word := range []string{"cat-title", "cat-note", "cat-url", "cat-referrer", "catherine", "$2a$"} {
			if bytes.Contains(b, []byte(word)) {
				files = append(files, filepath.Base(path)+" "+word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// private makes the user cat, about whom much is known: among it the password,
// which nobody else has.
func private(t *testing.T, data string) {
	t.Helper()
	token, _ := run(t, "user", "add", "cat", "--data", data)
	token = strings.TrimSpace(token)
	users := program(t.Context(), "import", "--format", "ndjson", "--data", data, "-")
	users.Stdin = strings.NewReader(`{"type":"user","login":"catherine","created":1331255282}
{"type":"link","user":"catherine","hash":"cath","long_url":"http://example.org/cat-url","created":1331255282,"title":"cat-title","note":"cat-note"}
{"hash":"cath","ts":1331255300,"referrer":"http://example.org/cat-referrer"}
`)
	if out, err := users.CombinedOutput(); err != nil || !strings.Contains(string(out), "1 click recorded") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := setPassword(t, data, "cat", "a-secret-password\n"); err != nil {
		t.Fatal(err, out)
	}
	base, stop := serveUntil(t, "--data", data)
	for _, n := range []string{"1", "2", "3"} {
		saved := fetch(t, base+"/v3/user/link_save?private=true&title=cat-title&note=cat-note&access_token="+token+
			"&longUrl="+url.QueryEscape("http://example.org/cat-url"+n))
		if !strings.Contains(saved, "new_link") && !strings.Contains(saved, `"link"`) {
			t.Fatal(saved)
		}
	}
	stop(syscall.SIGTERM)
	if len(traces(t, data)) < 6 {
		t.Fatal("too little is known of cat: ", traces(t, data))
	}
}

// TestNothingIsLeft: once user delete has ended, nothing of the user is in the
// files, beside a server as without one.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, beside := range []bool{false, true} {
		data := filepath.Join(t.TempDir(), "data")
		run(t, "user", "add", "ann", "--data", data)
		private(t, data)
		if beside {
			serve(t, "--data", data)
		}
		later := false
		for _, login := range []string{"cat", "catherine"} {
			out, _ := run(t, "user", "delete", login, "--yes", "--data", data)
			if !strings.Contains(out, "stay in journal/") {
				t.Errorf("beside a server: %v: %s", beside, out)
			}
			if strings.Contains(out, "Nothing of it is left in footfall.db, clicks/ and checkpoint/.") {
				continue
			}
			if !beside {
				t.Error(out)
			}
			later = true
		}
		for later && traces(t, data) != nil { // a server that is slow goes on with it
			<-time.After(10 * time.Millisecond)
		}
		if left := traces(t, data); left != nil {
			t.Errorf("beside a server: %v: left is %v", beside, left)
		}
		agrees(t, data)
	}
}

// TestKilledDeletion kills the server with -9 while it deletes: what was begun is
// finished by the next process that opens the directory.
func TestKilledDeletion(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	data := filepath.Join(t.TempDir(), "data")
	private(t, data)
	for _, login := range []string{"cat", "catherine"} {
		_, stop := serveUntil(t, "--data", data)
		ctx, cancel := context.WithCancel(t.Context())
		deleted := make(chan error, 1)
		go func() { deleted <- program(ctx, "user", "delete", login, "--yes", "--data", data).Run() }()
		select { // a random instant is the point
		case err := <-deleted:
			deleted <- err
		case <-time.After(time.Duration(rng.IntN(60)) * time.Millisecond):
		}
		stop(syscall.SIGKILL)
		cancel()
		<-deleted
	}
	for _, login := range []string{"cat", "catherine"} { // what was not begun
		_ = program(t.Context(), "user", "delete", login, "--yes", "--data", data).Run()
	}
	run(t, "user", "list", "--data", data)
	if left := traces(t, data); left != nil {
		t.Errorf("left is %v", left)
	}
	agrees(t, data)
}
