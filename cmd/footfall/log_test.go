package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wholeLog returns the log of a server that was stopped as soon as it was ready.
func wholeLog(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := serving(args...)
	cmd.Env = append(cmd.Env, env...)
	server := startServer(t, cmd)
	stop(t, server)
	return server.Log.String()
}

// TestFirstAndLastLines: a log begins with the version and the options that were given,
// in the environment too, and ends with the stop. It never has a secret.
func TestFirstAndLastLines(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	log := wholeLog(t, []string{"FOOTFALL_DOMAIN=sho.rt,b.example", "FOOTFALL_REDIRECT_MAX_AGE=300", "FOOTFALL_JOURNAL_MAX=", "FOOTFALL_KEEP=4"},
		"--data", data, "--redirect-max-age", "5m", "--journal-retention", "60d", "--log-level", "debug", "--home-url", "https://example.org/", "--disk-reserve", "2MiB")
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for _, c := range []struct{ line, want string }{
		{lines[0], `level=INFO msg="footfall starts" version=devel go=go1\.\S+ platform=\S+ cpus=\d+ memory=\S+ connections=\d+$`},
		{lines[1], `level=INFO msg="options that were given; all others have their default values" data=\S+/data listen=127\.0\.0\.1:0 domain=sho\.rt,b\.example redirect-max-age=5m0s ` +
			`home-url=https://example\.org/ journal-retention=60d disk-reserve=2097152 log-level=DEBUG$`},
		{lines[len(lines)-1], `level=INFO msg="stopped: everything is on disk, and all clicks are counted" took=\d\S*s$`},
	} {
		if !regexp.MustCompile(c.want).MatchString(c.line) {
			t.Errorf("the log has the line\n%s\nwant %s\n%s", c.line, c.want, log)
		}
	}

	log = wholeLog(t, nil, "--data", data, "--log-format", "json", "--acme-domain", "sho.rt", "--acme-directory", "https://me:secretpassword@ca.example/dir")
	if strings.Contains(log, "secretpassword") || !strings.Contains(log, "https://me:xxxxx@ca.example/dir") {
		t.Errorf("the log has a secret, or lacks the directory of certificates: %s", log)
	}
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is not JSON: %s", line)
		}
	}
	if log := wholeLog(t, []string{"FOOTFALL_LOG_LEVEL=info"}, "--data", data); strings.Count(log, "footfall starts") != 1 {
		t.Errorf("the log reports the start more than once: %s", log)
	}
	if log := sentence(t, "serve", "--data", data, "--listen", "127.0.0.1:0", "--home-url", "x"); strings.Contains(log, "footfall starts") {
		t.Errorf("a start that fails at once prints more than the reason: %s", log)
	}
}

// TestVersionIsShown: the version is in the metrics and in a header of /healthz, whose
// body scripts compare.
func TestVersionIsShown(t *testing.T) {
	t.Parallel()
	server := serve(t, "--data", filepath.Join(t.TempDir(), "data"), "--metrics-listen", "127.0.0.1:0")
	if body := fetch(t, server.Attributes["metrics"]); !regexp.MustCompile(`(?m)^footfall_build_info\{goversion="go1\.[^"]*",revision="[^"]*",version="devel"\} 1$`).MatchString(body) {
		t.Errorf("the metrics lack the version: %s", body)
	}
	if res, body := ask(t, plain, "GET", server.URL+"/healthz"); res.Header.Get("Footfall-Version") != "devel" || body != "ok\n" {
		t.Errorf("/healthz answers %q with %v", body, res.Header)
	}
}

// TestURLsCanBeOpened: for every address that the server can listen on, its log and
// --demo have a URL that a browser on this machine can open.
func TestURLsCanBeOpened(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		server := serve(t, "--demo", "--listen", listen)
		url := awaitLine(t, server, `^  (http://\S+)$`)
		if !strings.HasPrefix(url, server.URL+"/-/enter?key=") || regexp.MustCompile(`0\.0\.0\.0|::`).MatchString(url) {
			t.Errorf("with --listen %s the server is ready at %v and prints %s", listen, server.Attributes, server.Log)
		} else {
			contains(t, browse(t, url), `id="view"`, `"login":"nasatwitter"`)
		}
		stop(t, server)
	}
}

// browse is the page to which an address leads a browser, which takes cookies.
func browse(t *testing.T, url string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Jar: jar}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
