package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// logLines returns n lines of an access log, one each second from the second from on.
// They visit the names in turn.
func logLines(from, n int, names ...string) string {
	var b strings.Builder
	for i := range n {
		at := time.Unix(int64(1_360_000_000+from+i), 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
		fmt.Fprintf(&b, "1.2.3.4 - - [%s] \"GET /%s HTTP/1.1\" 301 5 \"-\" \"Firefox %s\"\n", at, names[i%len(names)], strings.Repeat("x", 150))
	}
	return b.String()
}

// linkLines returns the links of the user ann with these names, as NDJSON.
func linkLines(names ...string) string {
	s := `{"type":"user","login":"ann","created":1}` + "\n"
	for _, name := range names {
		s += fmt.Sprintf(`{"type":"link","user":"ann","hash":%q,"long_url":"http://example.org/%s","created":1}`+"\n", name, name)
	}
	return s
}

// TestImportMessages makes the mistakes of a new user one after the other, and checks
// what the program prints.
func TestImportMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, log := filepath.Join(dir, "data"), writeFile(t, filepath.Join(dir, "log"), logLines(0, 3, "one", "two", "one"))
	links := writeFile(t, filepath.Join(dir, "links"), linkLines("one"))
	empty := writeFile(t, filepath.Join(dir, "empty"), "")
	more := writeFile(t, filepath.Join(dir, "more"), logLines(100, 1, "one"))
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(logLines(200, 500, "one")))
	_ = z.Close()
	cut := writeFile(t, filepath.Join(dir, "cut.gz"), packed.String()[:packed.Len()-5])
	bz2 := writeFile(t, filepath.Join(dir, "log.bz2"), "BZh91AY&SY")
	common := writeFile(t, filepath.Join(dir, "common"), `1.2.3.4 - - [04/Feb/2013:17:46:40 +0000] "GET /one HTTP/1.1" 301 5`+"\n")
	rejected := func(lines ...int) (s string) {
		names := []string{"one", "two", "one"}
		for _, i := range lines {
			s += fmt.Sprintf("%s:%d: rejected: there is no link %q\n", log, i, names[i-1])
		}
		return s
	}
	notJSON := ""
	for i := range 3 {
		notJSON += fmt.Sprintf("%s:%d: rejected: not JSON; is the line cut off?\n", log, i+1)
	}
	for _, c := range []struct {
		format     string
		files      []string
		out, errs  string
		exitStatus int
	}{
		{"bitly-feed", []string{log}, "3 lines: 0 clicks recorded, 0 known already, 0 skipped, 3 rejected\n",
			"made a new data directory " + data + "\n" + notJSON + "footfall: import " + log + ": every line was rejected: is its format really bitly-feed?\n", 1},
		{"combined", []string{log}, "3 lines: 0 clicks recorded, 0 known already, 0 skipped, 3 rejected\n",
			rejected(1, 2, 3) + log + ": 3 lines name links that do not exist: add the links and import the same file again, then the lines count\n" +
				"footfall: import " + log + ": every line was rejected\n", 1},
		{"ndjson", []string{links}, "2 lines: 0 clicks recorded, 0 known already, 1 user and 1 link described, 0 skipped, 0 rejected\n", "", 0},
		{"combined", []string{log}, "3 lines: 2 clicks recorded, 0 known already, 0 skipped, 1 rejected\n",
			log + ": 1 line names a link that does not exist: add the link and import the same file again, then the line counts\n", 0},
		{"ndjson", []string{links}, "2 lines: 0 clicks recorded, 0 known already, 1 user and 1 link described, 0 skipped, 0 rejected\n", "", 0},
		// A file that cannot be read does not stop the import of the others.
		{"combined", []string{log, dir + "/missing", dir, cut, empty, more}, "4 lines: 1 click recorded, 2 known already, 0 skipped, 1 rejected\n",
			log + ": 1 line names a link that does not exist: add the link and import the same file again, then the line counts\n" +
				"footfall: import " + dir + "/missing: open " + dir + "/missing: no such file or directory\n" +
				"import " + dir + ": read " + dir + ": is a directory\n" +
				"import " + cut + ": the gzip file is cut off after 500 whole lines: get the whole file and import it\n", 1},
		{"combined", []string{bz2, common}, "1 line: 0 clicks recorded, 0 known already, 0 skipped, 1 rejected\n",
			common + ":1: rejected: not a line of the combined log format: no referrer and no user agent. It seems to be the common log format; configure the server to write the combined one\n" +
				"footfall: import " + bz2 + ": it is a file of bzip2, and only plain and gzip files can be imported: unpack or convert it, as with `bzip2 -dc FILE | footfall import … -`\n" +
				"import " + common + ": every line was rejected: is its format really combined?\n", 1},
		{"combined", []string{empty}, "0 lines: 0 clicks recorded, 0 known already, 0 skipped, 0 rejected\n", "", 0},
		{"combined", []string{more}, "1 line: 0 clicks recorded, 1 known already, 0 skipped, 0 rejected\n", "", 0},
	} {
		args := append([]string{"import", "--format", c.format, "--data", data}, c.files...)
		if got := try(t, args...); got != (printed{c.out, c.errs, c.exitStatus}) {
			t.Errorf("footfall %v: status %d\n%s\nwant status %d\n%s%s", args, got.status, got.all(), c.exitStatus, c.out, c.errs)
		}
	}
	if out := run(t, "import", "--json", "--format", "ndjson", "--data", data, links); out != `{"lines":2,"clicks":0,"known":0,"skipped":2,"rejected":0}`+"\n" {
		t.Errorf("as JSON: %s", out)
	}
	checkAgrees(t, data)
}

// TestNewDirectories: a command that makes a data directory prints that, because its
// name may be mistyped.
func TestNewDirectories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, restored := filepath.Join(dir, "data"), filepath.Join(dir, "restored")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"user", "add", "ann", "--data", data}, "made a new data directory " + data + "\n"},
		{[]string{"user", "add", "bob", "--data", data}, ""},
		{[]string{"backup", "--to", dir + "/backups", "--data", data}, ""},
		{[]string{"restore", "--from", dir + "/backups", "--data", restored}, ""},
	} {
		if _, err := os.Stat(data); err != nil { // an import of missing files must not make it
			missing := filepath.Join(dir, "missing")
			want := printed{"", "footfall: import " + missing + ": open " + missing + ": no such file or directory\n", 1}
			if got := try(t, "import", "--format", "combined", "--data", data, missing); got != want {
				t.Errorf("an import of a missing file: got %+v, want %+v", got, want)
			}
		}
		invitation := regexp.MustCompile(`\w+ sets a password for the page here, once, within 24 hours:\n  http://127\.0\.0\.1:8080/-/welcome\?invitation=k[0-9a-f]{64}\n`)
		p := try(t, c.args...)
		if invitation.MatchString(p.stderr) != (c.args[0] == "user") {
			t.Errorf("footfall %v prints %q about an invitation", c.args, p.stderr)
		}
		if p.stderr = invitation.ReplaceAllString(p.stderr, ""); p.stderr != c.want || p.status != 0 {
			t.Errorf("footfall %v: status %d, prints %q, want %q", c.args, p.status, p.stderr, c.want)
		}
	}
}

// TestKilledWhileLinksCome kills imports of a log with -9 at random moments, while links
// of the log are missing. In the end each line must count once.
func TestKilledWhileLinksCome(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const n = 20_000
	names := []string{"one", "two", "three"}
	log := writeFile(t, filepath.Join(dir, "log"), logLines(0, n, names...))
	data := filepath.Join(dir, "data")
	rng := seedtest.Rand(t)
	imported := func() (lines, clicks, known, skipped, rejected int) {
		t.Helper()
		out := run(t, "import", "--format", "combined", "--data", data, log)
		if _, err := fmt.Sscanf(out, "%d lines: %d clicks recorded, %d known already, %d skipped, %d rejected", &lines, &clicks, &known, &skipped, &rejected); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		return lines, clicks, known, skipped, rejected
	}
	fails(t, "there is no footfall data in", "import", "--format", "combined", "--data", filepath.Join(dir, "nowhere"), log)
	other := filepath.Join(dir, "other")
	for _, d := range []string{data, other} {
		run(t, "user", "add", "bob", "--data", d)
	}
	began := time.Now()
	fails(t, "every line was rejected", "import", "--format", "combined", "--data", other, log)
	whole := time.Since(began) // the duration of an import
	for i := range names {
		for range seedtest.Rounds(t, 2) {
			_, _ = runFor(t, time.Duration(rng.Float64()*float64(whole)), "import", "--format", "combined", "--data", data, log)
		}
		run(t, "import", "--format", "ndjson", "--data", data, writeFile(t, filepath.Join(dir, "links"), linkLines(names[:i+1]...)))
	}
	if lines, clicks, known, skipped, rejected := imported(); lines != n || clicks+known != n || skipped+rejected != 0 {
		t.Errorf("after all kills the import reports %d lines, %d clicks, %d known, %d skipped, %d rejected", lines, clicks, known, skipped, rejected)
	}
	if _, clicks, known, _, _ := imported(); clicks != 0 || known != n {
		t.Errorf("the last import reports %d new clicks and %d known, want none new", clicks, known)
	}
	checkAgrees(t, data)
	if got := clicks(t, serve(t, "--data", data), newToken(t, data, "ann")); got != n {
		t.Errorf("the user has %d clicks, want %d", got, n)
	}
}

// TestStopDuringImport: an import whose server stops prints that, and that it can be run
// again.
func TestStopDuringImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := serve(t, "--data", dir)
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := program(t.Context(), "import", "--format", "bitly-feed", "--data", dir, "-")
	cmd.Stdin = in
	command, err := harness.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	feeding := make(chan struct{})
	go func() { // until the import has ended
		for i := 0; ; i++ {
			if i == 50_000 {
				close(feeding)
			}
			if _, err := fmt.Fprintf(w, `{"t":1360000000,"h":"h%d","l":"ann","u":"http://example.org/%d"}`+"\n", i, i); err != nil {
				return
			}
		}
	}()
	<-feeding
	stop(t, server)
	const want = "footfall: import -: the footfall process that owns the data directory is stopping; " +
		"what was recorded so far stays, and the next import of the same files continues there: run the command again\n"
	if err := command.Wait(); err == nil || command.Log.String() != want {
		t.Errorf("the import ended with %v, %q; want %q", err, command.Log, want)
	}
	checkAgrees(t, dir)
}

// TestFullExport: an export that cannot be written prints one error.
func TestFullExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	addUser(t, dir, "ann")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var errs bytes.Buffer
	cmd := program(t.Context(), "export", "--data", dir)
	cmd.Stdout, cmd.Stderr = full, &errs
	if err := cmd.Run(); err == nil || strings.Count(errs.String(), "no space left") != 1 || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("an export to a full disk ended with %v and printed %q", err, errs.String())
	}
}

// TestOrderOfLinks: an export and an import keep the order of links with the same
// user_ts.
func TestOrderOfLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	base := serve(t, "--data", from, "--domain", "sho.rt").URL
	token := addUser(t, from, "ann")
	for i := range 8 { // with random hashes
		fetch(t, base+"/v3/user/link_save?user_ts=1360000000&access_token="+token+"&longUrl="+url.QueryEscape(fmt.Sprintf("http://example.org/%d", i)))
	}
	out := run(t, "export", "--data", from)
	run(t, "import", "--format", "ndjson", "--data", to, writeFile(t, filepath.Join(dir, "export"), out))
	other := serve(t, "--data", to, "--domain", "sho.rt").URL
	otherToken := newToken(t, to, "ann")
	want := fetch(t, base+"/v3/user/link_history?access_token="+token)
	if got := fetch(t, other+"/v3/user/link_history?access_token="+otherToken); got != want || strings.Count(want, `"long_url"`) != 8 {
		t.Errorf("after the import the links are\n%s\nwant\n%s", got, want)
	}
}
