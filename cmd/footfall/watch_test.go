package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestMetricsListener reads the metrics of a server as Prometheus does.
func TestMetricsListener(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token := addUser(t, data, "ann")
	server := serve(t, "--data", data, "--metrics-listen", "127.0.0.1:0")
	metrics := server.Attributes["metrics"]
	short := shorten(t, server, token, "http://example.org/")
	for range 3 {
		visit(t, short)
	}
	await.Until(t, "3 clicks are counted", func() (string, bool) {
		body := fetch(t, metrics)
		return body, strings.Contains(body, "\nfootfall_clicks_counted_total 3")
	})
	for _, path := range []string{"/v3/expand/", "/v3/v3/expand", "/v3/nothing/", "/v3/v3expand"} {
		fetch(t, server.URL+path)
	}
	body := fetch(t, metrics)
	for _, want := range []string{
		"footfall_record_seconds_count 3", `footfall_question_seconds_count{method="shorten"} 1`,
		`footfall_question_seconds_count{method="expand"} 2`, `footfall_question_seconds_count{method="unknown"} 2`, "footfall_clicks_not_durable_total 0",
		"footfall_journal_lag_bytes 0", "footfall_journal_segments 1", "footfall_counting_failed 0", "footfall_journal_sync_seconds_count",
		`footfall_store_bytes{part="journal"}`, `footfall_store_bytes{part="links"}`, "process_open_fds",
	} {
		if !strings.Contains(body, "\n"+want) {
			t.Errorf("the metrics lack %s:\n%s", want, body)
		}
	}
	if res, _ := ask(t, plain, "GET", server.URL+"/metrics"); res.StatusCode != http.StatusNotFound {
		t.Errorf("the public listener answers /metrics with %s, want 404", res.Status)
	}
}

// TestLogs: the log is JSON if an option says so. It never has a secret from any part of
// a request.
func TestLogs(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token := addUser(t, data, "ann")
	if p := setPassword(t, data, "ann", "secretpassword\n"); p.status != 0 {
		t.Fatal(p)
	}
	key := run(t, "user", "key", "ann", "--data", data)
	server := serve(t, "--data", data, "--log-format", "json", "--log-level", "debug")
	for _, path := range []string{
		"/v3/user/clicks?access_token=" + token, "/v3/user/clicks?unit=x&access_token=" + token, "/v3/user/clicks?access_token=" + token + "%zz",
		"/v3/expand?login=ann&apiKey=" + strings.TrimSpace(key), "/v3/nope?access_token=" + token, "/oauth/access_token?password=secretpassword",
		"/v3/validate?x_login=ann&x_apiKey=" + strings.TrimSpace(key) + "&access_token=" + token,
		"/v3/user/clicks?access_token=secretpassword", "/v3/expand?login=secretpassword&apiKey=secretpassword",
		"/" + token, "/v3/shorten?longUrl=http://user:secretpassword@example.org/&access_token=" + token,
	} {
		for _, method := range []string{"GET", "POST"} {
			r, err := http.NewRequest(method, server.URL+path, strings.NewReader("code=secretpassword"))
			if err != nil {
				continue // a path that net/http refuses to send
			}
			r.Header.Set("Authorization", "Bearer "+token)
			if strings.HasPrefix(path, "/oauth") {
				r.SetBasicAuth("ann", "secretpassword")
			}
			if _, _, err := harness.Do(plain, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	stop(t, server)
	log := server.Log.String()
	for line := range strings.Lines(log) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["level"] == nil {
			t.Errorf("a line of the log is not JSON: %s", line)
		}
	}
	for _, secret := range []string{token, strings.TrimSpace(key), "secretpassword"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has a secret:\n%s", log)
		}
	}
}

// TestModes: no other user of the machine may read a file of the data directory, with any
// umask.
func TestModes(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	token := addUser(t, data, "ann")
	visit(t, shorten(t, serve(t, "--data", data), token, "http://example.org/"))
	run(t, "backup", "--data", data, "--to", data+"-backups")
	for _, dir := range []string{data, data + "-backups"} {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has the mode %v, so other users may read it", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
