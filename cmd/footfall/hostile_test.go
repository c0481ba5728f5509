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
)

// hostile is a text of others that would change the title of a terminal's
// window, ring, clear the screen, turn text around, and end in a line of its
// own; C1 controls and what is no UTF-8 are in it too.
const hostile = "x\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\x7f\r\nFORGED"

// harmless fails where output holds what steers a terminal, or a line that one
// of the texts made.
func harmless(t *testing.T, what, output string) {
	t.Helper()
	for line := range strings.Lines(output) {
		line = strings.TrimSuffix(line, "\n")
		bad := strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' || unicode.Is(unicode.Cf, r) })
		if bad || !utf8.ValidString(line) || strings.HasPrefix(line, "FORGED") {
			t.Errorf("%q prints %q", what, output)
			return
		}
	}
}

// quote is a text as JSON has it; what is no UTF-8 stays so.
func quote(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHostileTexts brings texts in by each door, and looks at everything that is
// said of them, on a terminal and in the log.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, hostile)
	say := func(args ...string) string {
		out, errs, _ := told(t, args...)
		harmless(t, strings.Join(args, " "), out+errs)
		return out + errs
	}
	said := func(want string, args ...string) {
		t.Helper()
		if got := say(args...); !strings.Contains(got, want) {
			t.Errorf("%q says %q, without %q", args, got, want)
		}
	}
	said("made a new data directory", "user", "add", "ann", "--data", data)

	// Files, in each format; the names of files as well.
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
	write(t, in, strings.Join(lines, "\n")+"\n")
	said("rejected", "import", "--format", "ndjson", in, "--data", data)
	write(t, in, `{"t":1360000000,"h":"f","l":`+x+`,"u":"http://a/"}`+"\n"+`{"t":1360000000,"h":"f","l":"ann","u":`+x+`}`+"\n"+`{"t":1360000000,"h":`+x+`,"l":"ann","u":"http://a/"}`+"\n")
	said("rejected", "import", "--format", "bitly-feed", in, "--data", data)
	one := strings.ReplaceAll(hostile, "\n", "")
	write(t, in, `1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /`+one+` HTTP/1.1" 301 5 "`+one+`" "`+one+`"`+"\n"+
		`1.2.3.4 - - [`+one+`] "GET /x HTTP/1.1" 301 5 "-" "-"`+"\n"+`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /x HTTP/1.1" `+one+` 5 "-" "-"`+"\n"+
		`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /%zz`+one+` HTTP/1.1" 301 5 "-" "-"`+"\n")
	said("rejected", "import", "--format", "combined", in, "--data", data)
	said("no such file", "import", "--format", "ndjson", filepath.Join(dir, "none"+hostile), "--data", data)
	said("must be one of", "import", "--format", hostile, in, "--data", data)

	// Arguments, and what they are answered with.
	said("aggregate link", "link", "delete", "oldagg", "--yes", "--data", data)
	said("there is no link", "link", "delete", "none"+hostile, "--yes", "--data", data)
	said("FORGED", "link", "delete", "old?"+hostile, "--data", data)
	for _, args := range [][]string{
		{"link", "add", "ann", hostile}, {"link", "add", hostile, "http://c.example/"}, {"link", "add", "ann", "http://c.example/", "--domain", hostile},
		{"user", "add", hostile}, {"user", "token", hostile}, {"user", "revoke", hostile}, {"user", "revoke", "ann", hostile}, {"user", "key", hostile}, {"user", "delete", hostile},
		{hostile}, {"user", hostile}, {"--" + hostile}, {"check", "--" + hostile + "=" + hostile}, {"check", hostile}, {"backup", "--to", data, "--keep", hostile},
	} {
		say(append(args, "--data", data)...)
	}
	say("check", "--data", filepath.Join(dir, "none"+hostile))
	say("serve", "--data", data, "--listen", hostile)
	say("serve", "--data", data, "--listen", "127.0.0.1:0", "--tls-cert", hostile, "--tls-key", hostile)
	say("serve", "--data", data, "--listen", "127.0.0.1:0", "--geo-db", filepath.Join(dir, hostile))
	say("serve", "--data", data, "--listen", "127.0.0.1:0", "--home-url", hostile)
	say("serve", "--data", data, "--listen", "127.0.0.1:0", "--trusted-proxies", hostile)

	// What an import of old let in, and what somebody put into the database.
	db, err := sql.Open(t.Context(), filepath.Join(data, "footfall.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.AddUser(t.Context(), hostile, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ImportLinks(t.Context(), []store.ForeignLink{{Login: hostile, Hash: "his", LongURL: "http://his/", Created: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, in, `{"type":"link","user":"ann","hash":"his","long_url":"http://his/","created":1}`+"\n")
	said("another link's here", "import", "--format", "ndjson", in, "--data", data)
	said("owned", "user", "list", "--data", data)
	said("owned", "user", "list", "--json", "--data", data)
	said("owned", "link", "list", "--data", data)
	said("owned", "link", "list", "--json", "--data", data)
	said("owned", "stats", hostile, "--data", data)
	said("owned", "stats", hostile, "--json", "--data", data)
	say("stats", "--timezone", hostile, "--domain", hostile, "--data", data)
	said("login has the character", "user", "add", hostile, "--data", data)
	said("add --yes", "user", "delete", hostile, "--data", data)
	said("removed the user", "user", "delete", hostile, "--yes", "--data", data)

	// Directories in which others left something.
	backups := filepath.Join(dir, "backups"+hostile)
	said("backup of", "backup", "--to", backups, "--data", data)
	made, err := filepath.Glob(filepath.Join(dir, "backups*", "*Z"))
	if err != nil || len(made) != 1 {
		t.Fatalf("the backups are %q, %v", made, err)
	}
	write(t, filepath.Join(made[0], hostile), "")
	said("does not belong to the backup", "restore", "--from", backups, "--data", filepath.Join(dir, "restored"))
	write(t, filepath.Join(backups, hostile), "")
	said("which is no backup", "backup", "--to", backups, "--data", data)
	strange := filepath.Join(dir, "strange")
	if err := os.Mkdir(strange, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(strange, hostile), "")
	said("not footfall's", "user", "add", "ann", "--data", strange)

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
	say("check", "--data", data)
}

// TestHostileRequests: nothing that a stranger sends reaches the log raw, in
// either form of it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		server := serveAiling(t, "--data", filepath.Join(t.TempDir(), hostile), "--log-format", format, "--log-level", "debug")
		for _, path := range []string{"/%1b]0;owned%07%0aFORGED", "/v3/user/clicks?access_token=%1b%0aFORGED", "/v3/%1b%0aFORGED", "/oauth/%1b"} {
			r, err := http.NewRequest(http.MethodGet, server.base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("User-Agent", "\u202e\u009b31m")
			r.Header.Set("Referer", "http://\u202e\u009b31m/")
			r.SetBasicAuth(hostile, hostile)
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		server.end(os.Interrupt)
		harmless(t, "the log as "+format, server.said.String())
		if !strings.Contains(server.said.String(), "stopping") {
			t.Errorf("the log as %s is %q", format, server.said)
		}
	}
}
