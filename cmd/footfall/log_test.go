package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// wholeLog starts a server, stops it once it is ready, and returns its log.
func wholeLog(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := program(context.Background(), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	var log strings.Builder
	_, stop := readyWith(t, cmd, func(line string) { log.WriteString(line + "\n") })
	if err := stop(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	return log.String()
}

// TestFirstAndLastLines: a log says first which program writes it and which options
// it was given, wherever, and never a secret; and last that it stopped.
func TestFirstAndLastLines(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	log := wholeLog(t, []string{"FOOTFALL_DOMAIN=sho.rt,b.example", "FOOTFALL_REDIRECT_MAX_AGE=300", "FOOTFALL_JOURNAL_MAX=", "FOOTFALL_KEEP=4"},
		"--data", data, "--redirect-max-age", "5m", "--journal-retention", "60d", "--log-level", "debug", "--home-url", "https://example.org/", "--disk-reserve", "2MiB")
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for _, c := range []struct{ line, want string }{
		{lines[0], `level=INFO msg="footfall starts" version=devel go=go1\.\S+ platform=\S+ cpus=\d+ memory=\S+ connections=\d+$`},
		{lines[1], `level=INFO msg="options that were given; all others have their defaults" data=\S+/data listen=127\.0\.0\.1:0 domain=sho\.rt,b\.example redirect-max-age=5m0s ` +
			`home-url=https://example\.org/ journal-retention=60d disk-reserve=2097152 log-level=DEBUG$`},
		{lines[len(lines)-1], `level=INFO msg="stopped: everything is on disk, and all clicks are counted" took=\d\S*s$`},
	} {
		if !regexp.MustCompile(c.want).MatchString(c.line) {
			t.Errorf("the log has the line\n%s\nwant %s\n%s", c.line, c.want, log)
		}
	}

	log = wholeLog(t, nil, "--data", data, "--log-format", "json", "--acme-domain", "sho.rt", "--acme-directory", "https://me:secretpassword@ca.example/dir")
	if strings.Contains(log, "secretpassword") || !strings.Contains(log, "https://me:xxxxx@ca.example/dir") {
		t.Errorf("the log tells a secret, or not where certificates come from: %s", log)
	}
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Errorf("no line of JSON: %s", line)
		}
	}
	if log := wholeLog(t, []string{"FOOTFALL_LOG_LEVEL=info"}, "--data", data); strings.Count(log, "footfall starts") != 1 {
		t.Errorf("the log says more than once that footfall starts: %s", log)
	}
	if log := says(t, true, "serve", "--data", data, "--listen", "127.0.0.1:0", "--home-url", "x"); strings.Contains(log, "footfall starts") {
		t.Errorf("a start that fails at once says more than why: %s", log)
	}
}

// TestVersionIsTold: the version is in the metrics and in a header of /healthz,
// whose body scripts compare.
func TestVersionIsTold(t *testing.T) {
	t.Parallel()
	said, stop := ready(t, serving("--data", filepath.Join(t.TempDir(), "data"), "--metrics-listen", "127.0.0.1:0"))
	defer func() {
		if err := stop(os.Interrupt); err != nil {
			t.Error(err)
		}
	}()
	if body := fetch(t, said["metrics"]); !regexp.MustCompile(`(?m)^footfall_build_info\{goversion="go1\.[^"]*",revision="[^"]*",version="devel"\} 1$`).MatchString(body) {
		t.Errorf("no version in %s", body)
	}
	res, err := http.Get(said["url"] + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Get("Footfall-Version"); got != "devel" {
		t.Errorf("/healthz says version %q", got)
	}
	if got := fetch(t, said["url"]+"/healthz"); got != "ok\n" {
		t.Errorf("/healthz says %q", got)
	}
}

// TestURLsCanBeOpened: whatever address is listened on, the log and --demo print
// one that a browser on this machine opens.
func TestURLsCanBeOpened(t *testing.T) {
	t.Parallel()
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "127.0.0.1:0"} {
		out, err := os.CreateTemp(t.TempDir(), "stdout")
		if err != nil {
			t.Fatal(err)
		}
		cmd := serving("--demo", "--listen", listen)
		cmd.Stdout = out
		said, stop := ready(t, cmd)
		printed, err := os.ReadFile(out.Name())
		if err != nil {
			t.Fatal(err)
		}
		url := regexp.MustCompile(`(?m)^  (http://\S+)$`).FindSubmatch(printed)
		if url == nil || !strings.HasPrefix(string(url[1]), said["url"]+"/v3/") || regexp.MustCompile(`0\.0\.0\.0|::`).Match(url[1]) {
			t.Errorf("with --listen %s it says %v and prints %s", listen, said, printed)
		} else if body := fetch(t, string(url[1])); !strings.Contains(body, `"user_clicks"`) || !strings.Contains(body, `"status_code": 200`) {
			t.Errorf("the URL that --demo prints answers %s", body)
		}
		if err := stop(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
}
