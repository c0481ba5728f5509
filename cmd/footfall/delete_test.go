package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"github.com/footfall/footfall/internal/testkit/tracetest"
)

// TestDelete deletes a link and a user of a running server, as an operator does, and
// kills the server, so that the journal is counted again.
func TestDelete(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	ann := addUser(t, data, "ann")
	bob := addUser(t, data, "bob")
	server := serve(t, "--data", data)
	base := server.URL
	first, second := shorten(t, server, ann, "http://a.example/"), shorten(t, server, ann, "http://b.example/")
	bobs := shorten(t, server, bob, "http://a.example/")
	for _, short := range []string{first, first, first, second, bobs, bobs} {
		visit(t, short)
	}
	clicks := func(token, question string) string {
		t.Helper()
		return fetch(t, base+"/v3/"+question+"&unit=day&format=json&access_token="+token)
	}
	out := run(t, "link", "delete", first, "--data", data, "--yes")
	contains(t, out, "clicks 3")
	if r := visit(t, first); r.StatusCode != http.StatusNotFound {
		t.Errorf("a deleted link still redirects: %s", r.Status)
	}
	contains(t, clicks(ann, "link/clicks?link="+first), "NOT_FOUND")
	contains(t, clicks(ann, "user/clicks?"), `"user_clicks": 1`)
	contains(t, clicks(ann, "user/popular_links?"), `"popular_links": [{"link": "`+second+`", "clicks": 1}]`)
	minutes := fetch(t, base+"/v3/user/clicks?unit=minute&access_token="+ann)
	contains(t, minutes, `"user_clicks": 1`)
	contains(t, clicks(bob, "link/clicks?link="+bobs), `"link_clicks": 2`)

	out = run(t, "user", "delete", "ann", "--data", data, "--yes")
	contains(t, out, "tokens 1, links 1, aggregate links 1, keywords 0, clicks 1")
	contains(t, clicks(ann, "user/clicks?"), "INVALID_ACCESS_TOKEN")
	if r := visit(t, second); r.StatusCode != http.StatusNotFound {
		t.Errorf("a link of a deleted user still redirects: %s", r.Status)
	}
	contains(t, clicks(bob, "user/clicks?"), `"user_clicks": 2`)
	server.Kill()
	out = run(t, "check", "--data", data)
	contains(t, out, "everything agrees")
	again := addUser(t, data, "ann") // a new user
	base = serve(t, "--data", data).URL
	contains(t, clicks(again, "user/clicks?"), `"user_clicks": 0`)
	contains(t, clicks(bob, "user/clicks?"), `"user_clicks": 2`)
	for _, args := range [][]string{{"user", "delete", "bob"}, {"user", "delete", "nobody", "--yes"}, {"link", "delete", bobs}, {"link", "delete", "nope42", "--yes"}} {
		if err := program(t.Context(), append(args, "--data", data)...).Run(); err == nil {
			t.Errorf("footfall %v succeeded", args)
		}
	}
}

// traces lists what files of a data directory, except the journal, still have of the
// users cat and catherine.
func traces(t *testing.T, data string) []string {
	t.Helper()
	return tracetest.In(t, data, "cat-title", "cat-note", "cat-url", "cat-referrer", "catherine", "$argon2id$")
}

// addTraces makes the users cat and catherine with private links and a password.
func addTraces(t *testing.T, data string) {
	t.Helper()
	token := addUser(t, data, "cat")
	in := `{"type":"user","login":"catherine","created":1331255282}
{"type":"link","user":"catherine","hash":"cath","long_url":"http://example.org/cat-url","created":1331255282,"title":"cat-title","note":"cat-note"}
{"hash":"cath","ts":1331255300,"referrer":"http://example.org/cat-referrer"}
`
	contains(t, tryWith(t, in, "import", "--format", "ndjson", "--data", data, "-").stdout, "1 click recorded")
	if p := setPassword(t, data, "cat", "a-secret-password\n"); p.status != 0 {
		t.Fatal(p)
	}
	server := serve(t, "--data", data)
	base := server.URL
	for _, n := range []string{"1", "2", "3"} {
		saved := fetch(t, base+"/v3/user/link_save?private=true&title=cat-title&note=cat-note&access_token="+token+
			"&longUrl="+url.QueryEscape("http://example.org/cat-url"+n))
		if !strings.Contains(saved, "new_link") && !strings.Contains(saved, `"link"`) {
			t.Fatal(saved)
		}
	}
	stop(t, server)
	if len(traces(t, data)) < 6 {
		t.Fatal("the test made too few traces of cat: ", traces(t, data))
	}
}

// TestNothingIsLeft: after user delete, no file except the journal has a trace of the
// user, with a server and without one.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		data := filepath.Join(t.TempDir(), "data")
		run(t, "user", "add", "ann", "--data", data)
		addTraces(t, data)
		if running {
			serve(t, "--data", data)
		}
		later := false
		for _, login := range []string{"cat", "catherine"} {
			out := run(t, "user", "delete", login, "--yes", "--data", data)
			if !strings.Contains(out, "stay in journal/") {
				t.Errorf("user delete (with a server: %v) printed %s", running, out)
			}
			if strings.Contains(out, "Nothing of it is left in footfall.db, clicks/ and checkpoint/.") {
				continue
			}
			if !running {
				t.Error(out)
			}
			later = true
		}
		if later { // a slow server continues after the command has ended
			await.Until(t, "the traces are gone", func() (string, bool) {
				left := traces(t, data)
				return fmt.Sprint(left), left == nil
			})
		}
		if left := traces(t, data); left != nil {
			t.Errorf("user delete (with a server: %v) left %v", running, left)
		}
		checkAgrees(t, data)
	}
}

// TestKilledDeletion kills the server with -9 while it deletes. The next process that
// opens the directory must finish the deletion.
func TestKilledDeletion(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	data := filepath.Join(t.TempDir(), "data")
	addTraces(t, data)
	for _, login := range []string{"cat", "catherine"} {
		server := serve(t, "--data", data)
		ctx, cancel := context.WithCancel(t.Context())
		deleted := make(chan error, 1)
		go func() { deleted <- program(ctx, "user", "delete", login, "--yes", "--data", data).Run() }()
		select { // a random moment
		case err := <-deleted:
			deleted <- err
		case <-time.After(time.Duration(rng.IntN(60)) * time.Millisecond):
		}
		server.Kill()
		cancel()
		<-deleted
	}
	for _, login := range []string{"cat", "catherine"} { // the deletion may not have begun
		_ = program(t.Context(), "user", "delete", login, "--yes", "--data", data).Run()
	}
	run(t, "user", "list", "--data", data)
	if left := traces(t, data); left != nil {
		t.Errorf("the deletions left %v", left)
	}
	checkAgrees(t, data)
}
