package main

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// freeAddr is an address that nobody listens at.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestMetricsListener scrapes a server as Prometheus does.
func TestMetricsListener(t *testing.T) {
	t.Parallel()
	data, watch := filepath.Join(t.TempDir(), "data"), freeAddr(t)
	token, _ := run(t, "user", "add", "ann", "--data", data)
	base, _ := serve(t, "--data", data, "--metrics-listen", watch)
	short := shorten(t, base, strings.TrimSpace(token), "http://example.org/")
	for range 3 {
		visit(t, "GET", short)
	}
	for body := ""; !strings.Contains(body, "\nfootfall_clicks_counted_total 3"); {
		body = fetch(t, "http://"+watch+"/metrics")
	}
	for _, path := range []string{"/v3/expand/", "/v3/v3/expand", "/v3/nothing/", "/v3/v3expand"} {
		fetch(t, base+path)
	}
	body := fetch(t, "http://"+watch+"/metrics")
	for _, want := range []string{
		"footfall_record_seconds_count 3", `footfall_question_seconds_count{method="shorten"} 1`,
		`footfall_question_seconds_count{method="expand"} 2`, `footfall_question_seconds_count{method="unknown"} 2`, "footfall_clicks_not_durable_total 0",
		"footfall_journal_lag_bytes 0", "footfall_journal_segments 1", "footfall_counting_failed 0", "footfall_journal_sync_seconds_count",
		`footfall_store_bytes{part="journal"}`, `footfall_store_bytes{part="links"}`, "process_open_fds",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
	if r, err := http.Get(base + "/metrics"); err != nil || r.StatusCode != http.StatusNotFound {
		t.Errorf("the public listener answers /metrics: %v, %v", r, err)
	}
}

// TestLogs: the log is JSON where asked for, and holds no secret, whatever
// they are sent in.
func TestLogs(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	token = strings.TrimSpace(token)
	if msg, err := setPassword(t, data, "ann", "secretpassword\n"); err != nil {
		t.Fatal(msg)
	}
	key, _ := run(t, "user", "key", "ann", "--data", data)
	addr := freeAddr(t)
	cmd := program(t.Context(), "serve", "--data", data, "--listen", addr, "--log-format", "json", "--log-level", "debug")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	lines := bufio.NewScanner(stderr)
	for !strings.Contains(log.String(), `"msg":"ready"`) && lines.Scan() {
		log.WriteString(lines.Text() + "\n")
	}
	for _, path := range []string{
		"/v3/user/clicks?access_token=" + token, "/v3/user/clicks?unit=x&access_token=" + token, "/v3/user/clicks?access_token=" + token + "%zz",
		"/v3/expand?login=ann&apiKey=" + strings.TrimSpace(key), "/v3/nope?access_token=" + token, "/oauth/access_token?password=secretpassword",
		"/v3/validate?x_login=ann&x_apiKey=" + strings.TrimSpace(key) + "&access_token=" + token,
		"/v3/user/clicks?access_token=secretpassword", "/v3/expand?login=secretpassword&apiKey=secretpassword",
		"/" + token, "/v3/shorten?longUrl=http://user:secretpassword@example.org/&access_token=" + token,
	} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader("code=secretpassword"))
			if err != nil {
				continue // a path that net/http refuses to send
			}
			r.Header.Set("Authorization", "Bearer "+token)
			if strings.HasPrefix(path, "/oauth") {
				r.SetBasicAuth("ann", "secretpassword")
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		log.WriteString(lines.Text() + "\n")
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(log.String()) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["level"] == nil {
			t.Errorf("no line of JSON: %s", line)
		}
	}
	for _, secret := range []string{token, strings.TrimSpace(key), "secretpassword"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds a secret:\n%s", log.String())
		}
	}
}

// TestModes: nobody else on the machine may read a byte, whatever the umask.
func TestModes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	token, _ := run(t, "user", "add", "ann", "--data", data)
	base, _ := serve(t, "--data", data)
	visit(t, "GET", shorten(t, base, strings.TrimSpace(token), "http://example.org/"))
	run(t, "backup", "--data", data, "--to", data+"-backups")
	for _, dir := range []string{data, data + "-backups"} {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has the mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
