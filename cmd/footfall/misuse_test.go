package main

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
)

// TestMisuse: for every wrong command line the program prints one sentence.
func TestMisuse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	addUser(t, data, "ann")
	run(t, "link", "add", "ann", "https://example.org/", "--data", data)
	serve := func(args ...string) []string {
		return append([]string{"serve", "--data", filepath.Join(dir, "other"), "--listen", "127.0.0.1:0"}, args...)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"footfall: give a command (footfall --help shows how)", nil},
		{"give a command after user (footfall user --help", []string{"user"}},
		{"give a FILE (footfall import --help", []string{"import"}},
		{"give a LOGIN and a URL", []string{"link", "add"}},
		{"give a URL", []string{"link", "add", "ann"}},
		{"--to lacks its value", []string{"backup", "--to"}},
		{"--data lacks its value, because --demo looks like an option", []string{"serve", "--data", "--demo"}},
		{`--keep: "-1" is not a whole number from 1 to 1000000`, []string{"backup", "--to", "x", "--keep", "-1"}},
		{`--keep: "0" is not a whole number from 1 to 1000000`, []string{"backup", "--to", "x", "--keep=0"}},
		{`--keep: "0" is not a whole number`, []string{"FOOTFALL_KEEP=0", "backup", "--to", "x"}},
		{`--rate-limit: "-1" is not a whole number from 0`, serve("--rate-limit", "-1")},
		{`--max-connections: "0" is not a whole number from 1`, serve("--max-connections", "0")},
		{"--max-connections 1000000 needs more files than the process may open", serve("--max-connections", "1000000")},
		{`--journal-retention: "-5d" is not a span of time: use 30d`, serve("--journal-retention", "-5d")},
		{`--redirect-max-age: "-5" is neither`, serve("--redirect-max-age", "-5")},
		{`--journal-max: "-5" is not a number of bytes`, serve("--journal-max", "-5")},
		{`--log-level: "loud" is not a log level: use debug, info, warn or error`, serve("--log-level", "loud")},
		{`--short-url-scheme: "ftp" is not a scheme of short URLs: use http or https`, serve("--short-url-scheme", "ftp")},
		{`--durability must be one of "fsync","write"`, serve("--durability", "hope")},
		{"--durability write cannot be used with --clicks", serve("--durability", "write", "--clicks", "clickhouse://ch/clicks")},
		{"only apply together with --acme-domain", serve("--acme-email", "ann@example.org")},
		{"only apply together with --acme-domain", serve("--acme-directory", "https://ca.example/")},
		{`--acme-domain: "https://sho.rt" is not a domain: give a host such as sho.rt`, serve("--acme-domain", "https://sho.rt")},
		{`--domain: "http://sho.rt" is not a domain: give a host such as sho.rt, without scheme and path`, serve("--domain", "http://sho.rt")},
		{`--domain: "sho.rt/x" is not a domain: give a host such as sho.rt, without scheme and path`, serve("--domain", "sho.rt/x")},
		{`--domain: "sho.rt/x" is not a domain`, []string{"link", "add", "ann", "https://example.org/", "--data", data, "--domain", "sho.rt/x"}},
		{"--listen has an empty value: give it a value, or leave it out", serve("--listen", "")},
		{"--listen has an empty value", serve("--listen=")},
		{"--data has an empty value", []string{"check", "--data", ""}},
		{"--listen : is not an address to listen on", []string{"serve", "--data", filepath.Join(dir, "other"), "--listen", ":"}},
		{"--metrics-listen 127.0.0.1 is not an address to listen on", serve("--metrics-listen", "127.0.0.1")},
		{file + " is a file: name a directory with --data", []string{"check", "--data", file}},
		{"is a file: name a directory with --data", []string{"serve", "--listen", "127.0.0.1:0", "--data", file}},
		{"which is not footfall's: name an empty directory", []string{"user", "add", "bob", "--data", dir}},
		{"which is not a directory: name one with --from", []string{"restore", "--from", filepath.Join(dir, "none"), "--data", filepath.Join(dir, "other")}},
		{"which is not a directory: name one with --from", []string{"rebuild", "--from", filepath.Join(dir, "none"), "--data", data}},
		{`there is no user "bob": footfall user list lists all users; footfall user add bob adds this one`, []string{"user", "delete", "bob", "--data", data}},
		{`there is no user "bob": footfall user list lists all users; footfall user add bob adds this one`, []string{"user", "delete", "bob", "--data", data, "--yes"}},
		{"the 0 clicks counted on them, which cannot be undone: add --yes", []string{"user", "delete", "ann", "--data", data}},
		{"footfall: environment: FOOTFALL_YES: --yes can only be set on the command line", []string{"FOOTFALL_YES=1", "user", "delete", "ann", "--data", data}},
		{"footfall: environment: FOOTFALL_DOMIAN: did you mean FOOTFALL_DOMAIN?\n", []string{"FOOTFALL_DOMIAN=sho.rt", "user", "list", "--data", data}},
		{"FOOTFALL_DOMIAN: did you mean FOOTFALL_DOMAIN?", append([]string{"FOOTFALL_DOMIAN=sho.rt"}, serve()...)},
		{"--data is given twice: give it once", serve("--data", data)},
		{"--data is given twice: give it once", []string{"user", "list", "--data", data, "--data=" + data}},
		{"--demo is given twice", []string{"serve", "--demo", "--demo=false"}},
		{"--format is given twice", []string{"import", "--format", "ndjson", "--format", "combined", file}},
		{`unknown flag --domian, did you mean "--domain"?`, serve("--domian", "sho.rt")},
		{`unexpected argument imprt, did you mean "import"?`, []string{"imprt"}},
		{`but got "combinde": did you mean "combined"?`, []string{"import", "--format", "combinde", file}},
		{`but got "fsnyc": did you mean "fsync"?`, serve("--durability", "fsnyc")},
		{`but got "ndjsn": did you mean "ndjson"?`, []string{"FOOTFALL_FORMAT=ndjsn", "import", file}},
		{`there is no link "nope42": name it by its hash, or`, []string{"link", "delete", "nope42", "--data", data}},
	} {
		if out := sentence(t, c.args...); !strings.Contains(out, c.want) {
			t.Errorf("footfall %q prints %q, want %q", c.args, out, c.want)
		}
	}
	if list := run(t, "user", "list", "--data", data); !strings.HasPrefix(list, "ann\t") {
		t.Errorf("after the wrong command lines the users are %q, want ann", list)
	}
}

// TestEmptyVariables: an empty variable is not set.
func TestEmptyVariables(t *testing.T) {
	dir := t.TempDir()
	empty := []string{
		"FOOTFALL_DOMAIN=", "FOOTFALL_KEEP=", "FOOTFALL_JSON=", "FOOTFALL_DATA=", "FOOTFALL_LISTEN=", "FOOTFALL_LOG_LEVEL=",
	}
	succeeds(t, append(empty, "user", "add", "ann", "--data", filepath.Join(dir, "data"))...)
	contains(t, succeeds(t, append(empty, "backup", "--data", filepath.Join(dir, "data"), "--to", filepath.Join(dir, "backups"))...), "backup of ")
	// The empty FOOTFALL_LISTEN must not add a listener.
	t.Setenv("FOOTFALL_SHORT_URL_SCHEME", "")
	t.Setenv("FOOTFALL_MAX_CONNECTIONS", "")
	t.Setenv("FOOTFALL_JOURNAL_MAX", "")
	t.Setenv("FOOTFALL_METRICS_LISTEN", "")
	t.Setenv("FOOTFALL_DEMO", "")
	if url := serve(t, "--data", filepath.Join(dir, "data")).URL; !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Errorf("with empty variables the server listens at %s", url)
	}
}

// TestOptionsComeBeforeVariables: an option overrides its variable, and each command
// accepts the variables of the others.
func TestOptionsComeBeforeVariables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	succeeds(t, "FOOTFALL_DATA="+filepath.Join(dir, "other"), "FOOTFALL_LISTEN=nonsense", "FOOTFALL_KEEP=3", "FOOTFALL_METRICS_SERVICE_HOST=10.0.0.1", "user", "add", "ann", "--data", data)
	if out := succeeds(t, "FOOTFALL_DATA="+data, "user", "list"); !strings.HasPrefix(out, "ann\t") {
		t.Errorf("the option did not override the variable: %s", out)
	}
	if _, err := os.Stat(filepath.Join(dir, "other")); err == nil {
		t.Error("the command made the directory of FOOTFALL_DATA, although --data names another one")
	}
	if out := succeeds(t, "FOOTFALL_DOMIAN=sho.rt", "serve", "--help"); !strings.HasPrefix(out, "Usage: footfall serve") {
		t.Errorf("help prints %s", out)
	}
}

// TestFirstWords: the first commands that people try print something useful.
func TestFirstWords(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"Usage: footfall <command>":          {"help"},
		"Usage: footfall serve [flags]":      {"help", "serve"},
		"Usage: footfall link add <login>":   {"link", "add", "--help"},
		"footfall ":                          {"--version"},
		"footfall devel":                     {"version"},
		"Usage: footfall import --format=":   {"import", "--help"},
		"Usage: footfall user delete <login": {"help", "user", "delete"},
	} {
		if out := succeeds(t, args...); !strings.HasPrefix(out, want) {
			t.Errorf("footfall %q prints %q", args, out)
		}
	}
}

// TestCheckJSON: check and backup also print JSON, for programs.
func TestCheckJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	importFeed(t, data, feedFiles(t)[:3]...) // many blocks: what the program reads at its start is in the first and the last
	out := run(t, "check", "--json", "--data", data)
	if !strings.HasPrefix(out, `{"clicks":`) || !strings.HasSuffix(out, `"segments":1,"wrong":{"counts":0,"days":0,"journal":0,"damage":0},"findings":[]}`+"\n") {
		t.Errorf("check --json prints %s", out)
	}
	if out := run(t, "backup", "--json", "--data", data, "--to", filepath.Join(dir, "backups")); !strings.HasPrefix(out, `{"version":1,"made":"`) {
		t.Errorf("backup --json prints %s", out)
	}
	tables, err := filepath.Glob(filepath.Join(data, "clicks", "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	b, err := os.ReadFile(tables[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(tables[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"check", "--repair"}, {"check", "--json"}} {
		p := try(t, append(args, "--data", data)...)
		if p.status == 0 || strings.Count(p.stdout, "is damaged") != 1 || strings.Count(p.stdout, "\n") != 1 || !strings.Contains(p.stdout, tables[0]) {
			t.Errorf("footfall %v with a damaged table: %+v", args, p)
		}
		if last := p.stderr[strings.LastIndex(strings.TrimSpace(p.stderr), "\n")+1:]; !strings.HasPrefix(last, "footfall: ") ||
			!strings.Contains(last, "listed above: stop the server and run footfall rebuild") {
			t.Errorf("footfall %v with a damaged table prints %q last", args, last)
		}
	}
}

// TestSecondSignal: after the first signal the server waits for a request that it is
// reading, after the second it does not.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	server := serve(t, "--data", filepath.Join(t.TempDir(), "data"))
	c, err := net.Dial("tcp", server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /oauth/access_token HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil { // the server waits for the body
		t.Fatal(err)
	}
	if err := server.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, server, "msg=stopping")
	await.Until(t, "the server ends", func() (string, bool) {
		return server.Log.String(), server.Cmd.Process.Signal(syscall.SIGTERM) != nil
	})
	var exit *exec.ExitError
	if err := server.Wait(); !errors.As(err, &exit) || !exit.Sys().(syscall.WaitStatus).Signaled() {
		t.Errorf("after the second signal the server ended with %v", err)
	}
}

// TestRefusedServerMakesNothing: a server with an impossible option makes no data
// directory.
func TestRefusedServerMakesNothing(t *testing.T) {
	t.Parallel()
	for _, option := range [][]string{
		{"--domain", "http://x"}, {"--geo-db", "/nowhere"}, {"--trusted-proxies", "abc"}, {"--home-url", "x"}, {"--not-found-url", "x"}, {"--tls-cert", "/nowhere", "--tls-key", "/nowhere"},
	} {
		data := filepath.Join(t.TempDir(), "data")
		if p := try(t, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, option...)...); p.status != 1 {
			t.Errorf("a server with %v: %+v, want status 1", option, p)
		}
		if _, err := os.Stat(data); !os.IsNotExist(err) {
			t.Errorf("a server with %v made a data directory: %v", option, err)
		}
	}
}
