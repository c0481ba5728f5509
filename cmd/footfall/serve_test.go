package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/faces/feed"
)

// serve starts the real server on a free port, and returns its URL and what it
// printed until it was ready. It is stopped, and must stop well, with the test.
func serve(t *testing.T, args ...string) (url, stdout string) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "stdout")
	if err != nil {
		t.Fatal(err)
	}
	url, stop := start(t, out, args...)
	t.Cleanup(func() {
		if err := stop(syscall.SIGTERM); err != nil {
			t.Errorf("footfall serve %v: %v", args, err)
		}
	})
	printed, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	return url, string(printed)
}

// serveUntil starts the server until stop, which sends it a signal and waits.
func serveUntil(t *testing.T, args ...string) (url string, stop func(os.Signal)) {
	t.Helper()
	url, end := start(t, nil, args...)
	return url, func(s os.Signal) { _ = end(s) }
}

func start(t *testing.T, stdout *os.File, args ...string) (url string, stop func(os.Signal) error) {
	t.Helper()
	cmd := serving(args...)
	if stdout != nil {
		cmd.Stdout = stdout
	}
	return begin(t, cmd)
}

// serving prepares the server, on a free port unless it is told where.
func serving(args ...string) *exec.Cmd {
	if !slices.Contains(args, "--listen") {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	return program(context.Background(), append([]string{"serve"}, args...)...)
}

// notDurable is how many clicks all servers reported that they could not keep.
var notDurable atomic.Int64

var notDurableLine = regexp.MustCompile(`visitors were sent on although their clicks are not durable.* clicks=(\d+) `)

// jsonWords makes the line of a log in JSON read as one of text, where that matters
// here.
var jsonWords = strings.NewReplacer(`","`, " ", `":"`, "=", `"}`, "")

// begin starts a server and returns once it is ready.
func begin(t *testing.T, cmd *exec.Cmd) (url string, stop func(os.Signal) error) {
	t.Helper()
	said, stop := ready(t, cmd)
	return said["url"], stop
}

// ready starts a server and returns once it is ready, with what its log said
// then.
func ready(t *testing.T, cmd *exec.Cmd) (said map[string]string, stop func(os.Signal) error) {
	t.Helper()
	return readyWith(t, cmd, func(string) {})
}

// readyWith is ready, and has each line of the log, up to the last.
func readyWith(t *testing.T, cmd *exec.Cmd, each func(line string)) (said map[string]string, stop func(os.Signal) error) {
	t.Helper()
	said, stop, err := launchWith(cmd, each)
	if err != nil {
		t.Fatal(err)
	}
	return said, stop
}

// launch is ready, with its error.
func launch(cmd *exec.Cmd) (said map[string]string, stop func(os.Signal) error, err error) {
	return launchWith(cmd, func(string) {})
}

func launchWith(cmd *exec.Cmd, each func(line string)) (said map[string]string, stop func(os.Signal) error, err error) {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	lines := bufio.NewScanner(stderr)
	for said == nil {
		if !lines.Scan() {
			return nil, nil, fmt.Errorf("footfall %v ended: %w", cmd.Args[1:], cmd.Wait())
		}
		each(lines.Text())
		line := jsonWords.Replace(lines.Text())
		if _, attributes, ok := strings.Cut(line, "msg=ready "); ok {
			said = map[string]string{}
			for _, a := range strings.Fields(attributes) {
				name, value, _ := strings.Cut(a, "=")
				said[name] = value
			}
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines.Scan() {
			each(lines.Text())
			if m := notDurableLine.FindStringSubmatch(lines.Text()); m != nil {
				n, _ := strconv.ParseInt(m[1], 10, 64)
				notDurable.Add(n)
			}
		}
		_, _ = io.Copy(io.Discard, stderr) // after a line that is too long
	}()
	return said, func(s os.Signal) error {
		if err := cmd.Process.Signal(s); err != nil {
			return err
		}
		<-done
		return cmd.Wait()
	}, nil
}

// fetch gets a URL's body.
func fetch(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d (%v)", url, r.StatusCode, err)
	}
	return string(body)
}

// TestCommandsBesideServe runs every command while the server runs, and again
// when it does not: they agree.
func TestCommandsBesideServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const login = "nasatwitter"
	files := feedFiles(t)
	var token string
	t.Run("beside", func(t *testing.T) {
		url, _ := serve(t, "--data", dir)
		if got := fetch(t, url+"/healthz"); got != "ok\n" {
			t.Errorf("/healthz says %q", got)
		}
		out, errs := run(t, append([]string{"import", "--format", "bitly-feed", "--json", "--data", dir}, files...)...)
		if !strings.HasPrefix(out, `{"lines":7201,"clicks":6724,"known":0,"skipped":476,"rejected":1}`) {
			t.Errorf("import printed %q", out)
		}
		if !strings.Contains(errs, "2013-01-01-1356999061.gz:1264: rejected: ") {
			t.Errorf("import says %q of the line that is cut off", errs)
		}
		out, _ = run(t, "user", "token", login, "--data", dir)
		token = strings.TrimSuffix(out, "\n")
		if got := fetch(t, url+"/v3/user/clicks?unit=month&format=txt&access_token="+token); got != "1022\n" {
			t.Errorf("%s has %q clicks", login, got)
		}
		if out, _ := run(t, "check", "--data", dir); !strings.Contains(out, "everything agrees") {
			t.Errorf("check says %q", out)
		}
		added, _ := run(t, "user", "add", "ann", "--data", dir)
		if got := fetch(t, url+"/v3/user/clicks?unit=day&format=txt&access_token="+strings.TrimSpace(added)); got != "0\n" {
			t.Errorf("a new user has %q clicks", got)
		}
		if list, _ := run(t, "user", "list", "--data", dir); !strings.Contains(list, "\nann\t") || !strings.Contains(list, "\n"+login+"\t") {
			t.Errorf("user list lacks users: %q", list)
		}
	})
	if out, _ := run(t, "check", "--data", dir); !strings.Contains(out, "everything agrees") {
		t.Errorf("check says %q", out)
	}
	// Counts outlive the journal.
	if err := os.RemoveAll(dir + "/journal"); err != nil {
		t.Fatal(err)
	}
	out, _ := run(t, append([]string{"import", "--format", "bitly-feed", "--json", "--data", dir}, files...)...)
	if !strings.HasPrefix(out, `{"lines":7201,"clicks":0,"known":6724,"skipped":476,"rejected":1}`) {
		t.Errorf("imported again: %q", out)
	}
	url, _ := serve(t, "--data", dir)
	if got := fetch(t, url+"/v3/user/clicks?unit=month&format=txt&access_token="+token); got != "1022\n" {
		t.Errorf("after a restart %s has %q clicks", login, got)
	}
}

// TestRefusals shows the errors that a user meets.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run(t, "user", "add", "ann", "--data", dir)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"user", "add", "ann", "--data", dir}, `the login "ann" already exists: footfall user token ann prints another token`},
		{[]string{"user", "token", "bob", "--data", dir}, `there is no user "bob": footfall user list shows all; footfall user add bob makes it`},
		{[]string{"user", "add", "two words", "--data", dir}, "login"},
		{[]string{"import", "--format", "bitly-feed", "--data", dir, "nowhere.gz"}, "import nowhere.gz: open nowhere.gz: no such file or directory"},
		{[]string{"import", "--format", "csv", "--data", dir, "x"}, "--format must be one of"},
		{[]string{"import", "--data", dir, "x"}, "give --format FORMAT (footfall import --help shows how)"},
		{[]string{"serve", "--data", dir, "--listen", "nonsense"}, "--listen nonsense is no address to listen on"},
		{[]string{"paint"}, "unexpected argument paint"},
		{[]string{"check", "--data", dir + "/typo"}, "there is no footfall data in " + dir + "/typo: --data names another directory"},
		{[]string{"link", "add", "ann", "ftp://example.org/", "--data", dir}, "footfall: "},
		{[]string{"link", "add", "bob", "http://example.org/", "--data", dir}, `there is no user "bob"`},
		{[]string{"serve", "--demo", "--listen", "127.0.0.1:0", "--data", dir}, "--demo fills a data directory of its own, and "},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--home-url", "x"}, `--home-url "x" is no http or https URL`},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--trusted-proxies", "x"}, "--trusted-proxies"},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--proxy-header", "x"}, "--proxy-header must be one of"},
		{[]string{"user", "revoke", "ann", "--data", dir}, "user revoke takes one token of ann away, or with --all every one: say which"},
		{[]string{"user", "revoke", "ann", "x", "--all", "--data", dir}, "say which"},
		{[]string{"user", "revoke", "ann", "x", "--data", dir}, `the token: not found among those of "ann"`},
		{[]string{"user", "revoke", "bob", "--all", "--data", dir}, `there is no user "bob"`},
		{[]string{"user", "key", "bob", "--new", "--data", dir}, `there is no user "bob"`},
		{[]string{"serve", "--data", dir, "--listen", "127.0.0.1:0", "--geo-db", "/dev/null"}, "--geo-db"},
	} {
		cmd := program(t.Context(), c.args...)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) || strings.Count(strings.TrimSpace(string(out)), "\n") > 3 {
			t.Errorf("footfall %v: %v, %q; want one line with %q", c.args, err, out, c.want)
		}
	}
}

// TestLongRequests: a request is taken up to 32 KiB, and refused beyond.
func TestLongRequests(t *testing.T) {
	t.Parallel()
	base, _ := serve(t, "--data", t.TempDir())
	for n, want := range map[int]int{30 << 10: http.StatusOK, 40 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		res, err := http.Get(base + "/v3/expand?hash=" + strings.Repeat("x", n))
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != want {
			t.Errorf("a request of %d bytes: %s, want %d", n, res.Status, want)
		}
	}
}

// TestFailedImport: an import that fails in the middle says what it did, and
// repeating it with the whole file goes on from there.
func TestFailedImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole, err := os.ReadFile("../../internal/faces/feed/testdata/2013-03-09-1362798945.gz")
	if err != nil {
		t.Fatal(err)
	}
	part := dir + "/part.gz"
	if err := os.WriteFile(part, whole[:len(whole)*3/4], 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), "import", "--format", "bitly-feed", "--json", "--data", dir+"/data", part)
	out, err := cmd.Output()
	var first, second feed.Result
	if json.Unmarshal(out, &first) != nil || err == nil || first.Clicks < 1000 {
		t.Fatalf("a gzip file that is cut off: %v, %s", err, out)
	}
	printed, _ := run(t, "import", "--format", "bitly-feed", "--json", "--data", dir+"/data", "../../internal/faces/feed/testdata/2013-03-09-1362798945.gz")
	if json.Unmarshal([]byte(printed), &second) != nil || second.Known != first.Clicks || second.Lines != 3678 {
		t.Errorf("then the whole of it: %s, want %d known and 3678 lines", printed, first.Clicks)
	}
}

// TestStopBesideQuietImport: a server stops well while an import waits for an
// input that says nothing, and the import tells so.
func TestStopBesideQuietImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, stop := start(t, nil, "--data", dir)
	quiet, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := program(t.Context(), "import", "--format", "bitly-feed", "--data", dir, "-")
	cmd.Stdin = quiet
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("{\n{\n"); err != nil { // the first is rejected once the second is there
		t.Fatal(err)
	}
	told := bufio.NewReader(stderr)
	if line, err := told.ReadString('\n'); err != nil || !strings.HasPrefix(line, "-:1: rejected: ") {
		t.Fatalf("%q, %v", line, err)
	}
	if err := stop(syscall.SIGTERM); err != nil {
		t.Errorf("the server stopped with %v", err)
	}
	rest, _ := io.ReadAll(told)
	if err := cmd.Wait(); err == nil || !strings.Contains(string(rest), "again") {
		t.Errorf("the import ended with %v, %q; want a word to run it again", err, rest)
	}
}
