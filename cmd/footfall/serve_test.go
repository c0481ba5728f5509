package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestCommandsDuringServe runs commands while the server runs, and after it was stopped.
// They must agree.
func TestCommandsDuringServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const login = "nasatwitter"
	files := feedFiles(t)
	var token string
	t.Run("server", func(t *testing.T) {
		url := serve(t, "--data", dir).URL
		imported := try(t, append([]string{"import", "--format", "bitly-feed", "--json", "--data", dir}, files...)...)
		if !strings.HasPrefix(imported.stdout, `{"lines":7201,"clicks":6724,"known":0,"skipped":476,"rejected":1}`) {
			t.Errorf("import printed %q", imported.stdout)
		}
		contains(t, imported.stderr, "2013-01-01-1356999061.gz:1264: rejected: ") // this line is cut off
		token = newToken(t, dir, login)
		if got := fetch(t, url+"/v3/user/clicks?unit=month&format=txt&access_token="+token); got != "1022\n" {
			t.Errorf("%s has %q clicks", login, got)
		}
		checkAgrees(t, dir)
		added := addUser(t, dir, "ann")
		if got := fetch(t, url+"/v3/user/clicks?unit=day&format=txt&access_token="+added); got != "0\n" {
			t.Errorf("a new user has %q clicks, want 0", got)
		}
		if list := run(t, "user", "list", "--data", dir); !strings.Contains(list, "\nann\t") || !strings.Contains(list, "\n"+login+"\t") {
			t.Errorf("user list lacks users: %q", list)
		}
	})
	checkAgrees(t, dir)
	// The counts must stay without the journal.
	if err := os.RemoveAll(dir + "/journal"); err != nil {
		t.Fatal(err)
	}
	out := importFeed(t, dir, files...)
	if !strings.HasPrefix(out, `{"lines":7201,"clicks":0,"known":6724,"skipped":476,"rejected":1}`) {
		t.Errorf("the second import of the same files printed %q", out)
	}
	url := serve(t, "--data", dir).URL
	if got := fetch(t, url+"/v3/user/clicks?unit=month&format=txt&access_token="+token); got != "1022\n" {
		t.Errorf("after a restart %s has %q clicks", login, got)
	}
}

// TestRefusals: the errors of common mistakes.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	addUser(t, dir, "ann")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"user", "add", "ann", "--data", dir}, `the login "ann" already exists: footfall user token ann prints another token`},
		{[]string{"user", "token", "bob", "--data", dir}, `there is no user "bob": footfall user list lists all users; footfall user add bob adds this one`},
		{[]string{"user", "add", "two words", "--data", dir}, "login"},
		{[]string{"import", "--format", "bitly-feed", "--data", dir, "nowhere.gz"}, "import nowhere.gz: open nowhere.gz: no such file or directory"},
		{[]string{"import", "--format", "csv", "--data", dir, "x"}, "--format must be one of"},
		{[]string{"import", "--data", dir, "x"}, "give --format FORMAT (footfall import --help shows how)"},
		{[]string{"serve", "--data", dir, "--listen", "nonsense"}, "--listen nonsense is not an address to listen on"},
		{[]string{"paint"}, "unexpected argument paint"},
		{[]string{"check", "--data", dir + "/typo"}, "there is no footfall data in " + dir + "/typo: name the right directory with --data"},
		{[]string{"link", "add", "ann", "ftp://example.org/", "--data", dir}, "footfall: "},
		{[]string{"link", "add", "bob", "http://example.org/", "--data", dir}, `there is no user "bob"`},
		{[]string{"serve", "--demo", "--listen", "127.0.0.1:0", "--data", dir}, "--demo needs a new data directory, and "},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--home-url", "x"}, `--home-url "x" is not an http or https URL`},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--trusted-proxies", "x"}, "--trusted-proxies"},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--proxy-header", "a b"}, `--proxy-header: header of proxies "a b" is not the name of a header: give one header, such as X-Real-IP`},
		{[]string{"user", "revoke", "ann", "--data", dir}, "user revoke needs a token of ann, or --all for every token"},
		{[]string{"user", "revoke", "ann", "x", "--all", "--data", dir}, "or --all for every token"},
		{[]string{"user", "revoke", "ann", "x", "--data", dir}, `the token was not found among those of "ann"`},
		{[]string{"user", "revoke", "bob", "--all", "--data", dir}, `there is no user "bob"`},
		{[]string{"user", "key", "bob", "--new", "--data", dir}, `there is no user "bob"`},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--geo-db", "/dev/null"}, "--geo-db"},
	} {
		p := try(t, c.args...)
		if p.status == 0 || !strings.Contains(p.all(), c.want) || strings.Count(strings.TrimSpace(p.all()), "\n") > 3 {
			t.Errorf("footfall %v: %+v; want few lines with %q", c.args, p, c.want)
		}
	}
}

// TestLongRequests: requests of more than 32 KiB are refused.
func TestLongRequests(t *testing.T) {
	t.Parallel()
	base := serve(t, "--data", t.TempDir()).URL
	for n, want := range map[int]int{30 << 10: http.StatusOK, 40 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		res, err := plain.Get(base + "/v3/expand?hash=" + strings.Repeat("x", n))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close() // unread: the server may reset the connection after its answer
		if res.StatusCode != want {
			t.Errorf("a request of %d bytes: %s, want %d", n, res.Status, want)
		}
	}
}

// TestFailedImport: an import that fails in the middle of a file prints what it did. An
// import of the complete file continues there.
func TestFailedImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, err := os.ReadFile("../../internal/faces/feed/testdata/2013-03-09-1362798945.gz")
	if err != nil {
		t.Fatal(err)
	}
	part := writeFile(t, dir+"/part.gz", string(whole[:len(whole)*3/4]))
	p := try(t, "import", "--format", "bitly-feed", "--json", "--data", dir+"/data", part)
	var first, second feed.Result
	if json.Unmarshal([]byte(p.stdout), &first) != nil || p.status == 0 || first.Clicks < 1000 {
		t.Fatalf("the import of a gzip file that is cut off: %+v", p)
	}
	out := importFeed(t, dir+"/data", "../../internal/faces/feed/testdata/2013-03-09-1362798945.gz")
	if json.Unmarshal([]byte(out), &second) != nil || second.Known != first.Clicks || second.Lines != 3678 {
		t.Errorf("the import of the complete file printed %s, want %d known and 3678 lines", out, first.Clicks)
	}
}

// TestStopDuringQuietImport: a server stops while an import waits for input, and the
// import prints that it can be run again.
func TestStopDuringQuietImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, "--data", dir)
	quiet, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := program(t.Context(), "import", "--format", "bitly-feed", "--data", dir, "-")
	cmd.Stdin = quiet
	p, err := harness.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("{\n{\n"); err != nil { // the second line makes the import reject the first
		t.Fatal(err)
	}
	awaitLine(t, p, "^-:1: rejected: ")
	stop(t, server)
	if err := p.Wait(); err == nil || !strings.Contains(p.Log.String(), "run the command again") {
		t.Errorf("the import ended with %v, %q", err, p.Log)
	}
}
