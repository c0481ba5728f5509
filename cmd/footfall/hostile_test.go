package main

import (
	stdsql "database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// hostile is a text that would change the title of a terminal's window, ring the bell,
// clear the screen, reverse the direction of text, and end in a line of its own. It also
// has C1 controls and bytes that are not UTF-8.
const hostile = "x\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\x7f\r\nFORGED"

// harmless fails the test if output controls a terminal, or has a line that comes from
// a hostile text.
func harmless(t *testing.T, what, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		bad := strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) })
		if bad || !utf8.ValidString(line) || strings.HasPrefix(line, "FORGED") {
			t.Errorf("%q prints text that controls a terminal, or a line of a hostile text: %q", what, output)
			return
		}
	}
}

// quote returns a text as a JSON string.
func quote(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHostileTexts passes hostile texts in every way that there is, and checks
// everything that the program prints and logs.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, hostile)
	do := func(args ...string) string {
		p := try(t, args...)
		harmless(t, strings.Join(args, " "), p.all())
		return p.all()
	}
	prints := func(want string, args ...string) {
		t.Helper()
		if got := do(args...); !strings.Contains(got, want) {
			t.Errorf("%q prints %q, which lacks %q", args, got, want)
		}
	}
	prints("made a new data directory", "user", "add", "ann", "--data", data)

	// Files in each format, and names of files.
	x := quote(t, hostile)
	lines := []string{
		`{"type":"link","user":"ann","hash":"old","aggregate_hash":"oldagg","long_url":` + quote(t, "http://a/"+hostile) + `,"created":1,"title":` + x + `,"note":` + x +
			`,"keywords":[{"domain":` + x + `,"keyword":"word"}]}`,
		`{"type":"link","user":"ann","hash":"old","long_url":"http://b/","created":1}`,
		`{"type":"link","user":"bob","hash":"new","long_url":"http://b/","created":1,"keywords":[{"domain":` + x + `,"keyword":"word"}]}`,
		`{"type":"link","user":"ann","hash":"odd","long_url":` + quote(t, "http://"+hostile) + `,"created":1}`,
		`{"type":"link","user":"ann","hash":` + x + `,"long_url":"http://a/","created":1}`,
		`{"type":"link","user":` + x + `,"hash":"odd","long_url":"http://a/","created":1}`,
		`{"type":` + x + `}`, `{"ts":1,"hash":` + x + `}`, `{"ts":1360000000,"hash":` + x + `}`, `{"ts":1360000000,"link":` + quote(t, hostile+"%zz") + `}`,
		`{"ts":1360000000,"hash":"old","country":` + x + `}`, `{"type":"counts","ts":1359999900,"hash":"old","clicks":1,"countries":{` + x + `:1}}`,
		`{"type":"counts","ts":1359999900,"hash":"old","clicks":1,"referrers":{` + x + `:1}}`,
		`{"type":"user","login":"full","created":1,"full_name":` + x + `}`,
		"{\"type\":\"\xff\"}", hostile,
	}
	in := filepath.Join(dir, hostile+".ndjson")
	writeFile(t, in, strings.Join(lines, "\n")+"\n")
	prints("rejected", "import", "--format", "ndjson", in, "--data", data)
	writeFile(t, in, `{"t":1360000000,"h":"f","l":`+x+`,"u":"http://a/"}`+"\n"+`{"t":1360000000,"h":"f","l":"ann","u":`+x+`}`+"\n"+`{"t":1360000000,"h":`+x+`,"l":"ann","u":"http://a/"}`+"\n")
	prints("rejected", "import", "--format", "bitly-feed", in, "--data", data)
	one := strings.ReplaceAll(hostile, "\n", "")
	writeFile(t, in, `1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /`+one+` HTTP/1.1" 301 5 "`+one+`" "`+one+`"`+"\n"+
		`1.2.3.4 - - [`+one+`] "GET /x HTTP/1.1" 301 5 "-" "-"`+"\n"+`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /x HTTP/1.1" `+one+` 5 "-" "-"`+"\n"+
		`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /%zz`+one+` HTTP/1.1" 301 5 "-" "-"`+"\n")
	prints("rejected", "import", "--format", "combined", in, "--data", data)
	prints("no such file", "import", "--format", "ndjson", filepath.Join(dir, "none"+hostile), "--data", data)
	prints("must be one of", "import", "--format", hostile, in, "--data", data)

	// Arguments.
	prints("aggregate link", "link", "delete", "oldagg", "--yes", "--data", data)
	prints("there is no link", "link", "delete", "none"+hostile, "--yes", "--data", data)
	prints("FORGED", "link", "delete", "old?"+hostile, "--data", data)
	for _, args := range [][]string{
		{"link", "add", "ann", hostile}, {"link", "add", hostile, "http://c.example/"}, {"link", "add", "ann", "http://c.example/", "--domain", hostile},
		{"user", "add", hostile}, {"user", "token", hostile}, {"user", "revoke", hostile}, {"user", "revoke", "ann", hostile}, {"user", "key", hostile}, {"user", "delete", hostile},
		{hostile}, {"user", hostile}, {"--" + hostile}, {"check", "--" + hostile + "=" + hostile}, {"check", hostile}, {"backup", "--to", data, "--keep", hostile},
	} {
		do(append(args, "--data", data)...)
	}
	do("check", "--data", filepath.Join(dir, "none"+hostile))
	do("serve", "--data", data, "--listen", hostile)
	do("serve", "--data", data, "--listen", "127.0.0.1:0", "--tls-cert", hostile, "--tls-key", hostile)
	do("serve", "--data", data, "--listen", "127.0.0.1:0", "--geo-db", filepath.Join(dir, hostile))
	do("serve", "--data", data, "--listen", "127.0.0.1:0", "--home-url", hostile)
	do("serve", "--data", data, "--listen", "127.0.0.1:0", "--trusted-proxies", hostile)

	// Texts in the database, from imports by older versions or by other programs.
	db, err := sql.Open(t.Context(), filepath.Join(data, "footfall.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddUser(t.Context(), hostile, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ImportLinks(t.Context(), []store.ForeignLink{{Login: hostile, Hash: "odd", LongURL: "http://odd/", Created: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, in, `{"type":"link","user":"ann","hash":"odd","long_url":"http://odd/","created":1}`+"\n")
	prints("belongs to another link here", "import", "--format", "ndjson", in, "--data", data)
	prints("owned", "user", "list", "--data", data)
	prints("owned", "user", "list", "--json", "--data", data)
	prints("owned", "link", "list", "--data", data)
	prints("owned", "link", "list", "--json", "--data", data)
	prints("owned", "stats", hostile, "--data", data)
	prints("owned", "stats", hostile, "--json", "--data", data)
	do("stats", "--timezone", hostile, "--domain", hostile, "--data", data)
	prints("login has the character", "user", "add", hostile, "--data", data)
	prints("add --yes", "user", "delete", hostile, "--data", data)
	prints("removed the user", "user", "delete", hostile, "--yes", "--data", data)

	// Directories with files of other programs.
	backups := filepath.Join(dir, "backups"+hostile)
	prints("backup of", "backup", "--to", backups, "--data", data)
	made, err := filepath.Glob(filepath.Join(dir, "backups*", "*Z"))
	if err != nil || len(made) != 1 {
		t.Fatalf("the backups are %q, %v", made, err)
	}
	writeFile(t, filepath.Join(made[0], hostile), "")
	prints("does not belong to the backup", "restore", "--from", backups, "--data", filepath.Join(dir, "restored"))
	writeFile(t, filepath.Join(backups, hostile), "")
	prints("which is not a backup", "backup", "--to", backups, "--data", data)
	strange := filepath.Join(dir, "strange")
	if err := os.Mkdir(strange, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(strange, hostile), "")
	prints("not footfall's", "user", "add", "ann", "--data", strange)

	raw, err := stdsql.Open("sqlite", filepath.Join(data, "footfall.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Exec(`ALTER TABLE deletions RENAME TO "` + hostile + `"`); err != nil {
		t.Fatal(err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	do("check", "--data", data)
}

// TestHostileRequests: in both formats, the log has no hostile text of a request as it
// was sent.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		server := serve(t, "--data", filepath.Join(t.TempDir(), hostile), "--log-format", format, "--log-level", "debug")
		for _, path := range []string{"/%1b]0;owned%07%0aFORGED", "/v3/user/clicks?access_token=%1b%0aFORGED", "/v3/%1b%0aFORGED", "/oauth/%1b"} {
			r, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("User-Agent", "\u202e\u009b31m")
			r.Header.Set("Referer", "http://\u202e\u009b31m/")
			r.SetBasicAuth(hostile, hostile)
			if _, _, err := harness.Do(plain, r); err != nil {
				t.Fatal(err)
			}
		}
		if err := server.End(os.Interrupt); err != nil {
			t.Error(err)
		}
		harmless(t, "the log as "+format, server.Log.String())
		contains(t, server.Log.String(), "stopping")
	}
}
