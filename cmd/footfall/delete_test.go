package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDelete deletes a link and a user of a running server, as an operator
// does, and counts the journal again.
func TestDelete(t *testing.T) {
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
	has(clicks(ann, "user/clicks?"), `"user_clicks":1`)
	has(clicks(ann, "user/popular_links?"), `"popular_links":[{"link":"`+second+`","clicks":1}]`)
	minutes := fetch(t, base+"/v3/user/clicks?unit=minute&access_token="+ann)
	has(minutes, `"user_clicks":1`)
	has(clicks(bob, "link/clicks?link="+his), `"link_clicks":2`)

	out, _ = run(t, "user", "delete", "ann", "--data", data, "--yes")
	has(out, "tokens 1, links 1, aggregate links 1, keywords 0, clicks 1")
	has(clicks(ann, "user/clicks?"), "INVALID_ACCESS_TOKEN")
	if r := visit(t, "GET", second); r.StatusCode != http.StatusNotFound {
		t.Errorf("a link of a user who was deleted leads on: %s", r.Status)
	}
	has(clicks(bob, "user/clicks?"), `"user_clicks":2`)
	stop(syscall.SIGKILL)
	out, _ = run(t, "check", "--data", data)
	has(out, "everything agrees")
	again, _ := run(t, "user", "add", "ann", "--data", data) // another one
	base, _ = serve(t, "--data", data)
	has(clicks(strings.TrimSpace(again), "user/clicks?"), `"user_clicks":0`)
	has(clicks(bob, "user/clicks?"), `"user_clicks":2`)
	for _, args := range [][]string{{"user", "delete", "bob"}, {"user", "delete", "nobody", "--yes"}, {"link", "delete", his}, {"link", "delete", "nope42", "--yes"}} {
		if err := program(t.Context(), append(args, "--data", data)...).Run(); err == nil {
			t.Errorf("footfall %v did it", args)
		}
	}
}
