package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
)

// setPassword runs user password with what is typed.
func setPassword(t *testing.T, data, login, typed string) (stderr string, err error) {
	t.Helper()
	var errs bytes.Buffer
	cmd := program(t.Context(), "user", "password", login, "--data", data)
	cmd.Stdin, cmd.Stderr = strings.NewReader(typed), &errs
	err = cmd.Run()
	return errs.String(), err
}

// TestPasswordAndKey sets them as an operator does, beside the server and
// without it, and uses them as programs do.
func TestPasswordAndKey(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "ann", "--data", data)
	if msg, err := setPassword(t, data, "ann", "before the server\r\n"); err != nil {
		t.Fatal(err, msg)
	}
	alone, _ := run(t, "user", "key", "ann", "--data", data)
	base, _ := serve(t, "--data", data)
	key, _ := run(t, "user", "key", "ann", "--data", data)
	if key != alone || !strings.HasPrefix(key, "R_") {
		t.Errorf("the apiKey is %q with a server and %q without", key, alone)
	}
	tokenFor := func(password string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("POST", base+"/oauth/access_token", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("ann", password)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var body bytes.Buffer
		if _, err := body.ReadFrom(res.Body); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body.String()
	}
	if code, body := tokenFor("before the server"); code != 200 || !strings.Contains(fetch(t, base+"/v3/user/clicks?access_token="+body), `"status_txt": "OK"`) {
		t.Errorf("the password gave %d %s", code, body)
	}
	if msg, err := setPassword(t, data, "ann", "beside the server"); err != nil {
		t.Fatal(err, msg)
	}
	if code, body := tokenFor("before the server"); code != 401 || !strings.Contains(body, "INVALID_LOGIN") {
		t.Errorf("the old password gave %d %s", code, body)
	}
	if code, body := tokenFor("beside the server"); code != 200 {
		t.Errorf("the new password gave %d %s", code, body)
	}
	older := base + "/v3/shorten?longUrl=http%3A%2F%2Fexample.com%2F&login=ann&apiKey="
	if body := fetch(t, older+strings.TrimSpace(key)); !strings.Contains(body, `"new_hash": 1`) {
		t.Errorf("login and apiKey gave %s", body)
	}
	for typed, want := range map[string]string{"": "password", "\n": "password", "short": "password", strings.Repeat("x", 2000): "password"} {
		if msg, err := setPassword(t, data, "ann", typed); err == nil || !strings.Contains(msg, want) {
			t.Errorf("the password %.20q gave %v %q", typed, err, msg)
		}
	}
	if msg, err := setPassword(t, data, "nobody", "a good password\n"); err == nil || !strings.Contains(msg, "nobody") {
		t.Errorf("a password for nobody gave %v, %q", err, msg)
	}
}

// TestRevoke takes tokens and an apiKey away from a running server, which has
// just found them good, and from a directory without one.
func TestRevoke(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	read := func(args ...string) string {
		t.Helper()
		out, _ := run(t, append(args, "--data", data)...)
		return strings.TrimSpace(out)
	}
	first, bob := read("user", "add", "ann"), read("user", "add", "bob")
	base, stop := serveUntil(t, "--data", data)
	second, third, key := read("user", "token", "ann"), read("user", "token", "ann"), read("user", "key", "ann")
	good := func(token string, want bool) {
		t.Helper()
		if body := fetch(t, base+"/v3/user/info?access_token="+token); strings.Contains(body, `"status_txt": "OK"`) != want || !want && !strings.Contains(body, "INVALID_ACCESS_TOKEN") {
			t.Errorf("a token gave %s, want good=%v", body, want)
		}
	}
	keyGives := func(key, want string) {
		t.Helper()
		if body := fetch(t, base+"/v3/lookup?url=http://a.example/&login=ann&apiKey="+key); !strings.Contains(body, `"status_txt": "`+want+`"`) {
			t.Errorf("an apiKey gave %s, want %s", body, want)
		}
	}
	list := func(want ...string) {
		t.Helper()
		got := ""
		for line := range strings.Lines(read("user", "list") + "\n") {
			columns := strings.Split(strings.TrimSpace(line), "\t")
			got += columns[0] + " " + columns[len(columns)-1] + "\n"
		}
		if got != strings.Join(want, "\n")+"\n" {
			t.Errorf("user list has\n%swant\n%s", got, strings.Join(want, "\n"))
		}
	}
	for _, token := range []string{first, second, third, bob} {
		good(token, true)
	}
	list("ann 3", "bob 1")
	if out := read("user", "revoke", "ann", second); out != "revoked tokens of ann: 1" {
		t.Errorf("user revoke prints %q", out)
	}
	good(second, false)
	good(first, true)
	list("ann 2", "bob 1")
	if msg, err := setPassword(t, data, "ann", "a good password\n"); err != nil {
		t.Fatal(msg)
	}
	good(first, true) // which a new password leaves
	keyGives(key, "OK")
	if out := read("user", "revoke", "ann", "--all"); out != "revoked tokens of ann: 2" {
		t.Errorf("user revoke --all prints %q", out)
	}
	good(first, false)
	good(third, false)
	good(bob, true)
	list("ann 0", "bob 1")
	keyGives(key, "OK")
	again := read("user", "key", "ann", "--new")
	if again == key || !strings.HasPrefix(again, "R_") || read("user", "key", "ann") != again {
		t.Errorf("the new apiKey is %q, and was %q", again, key)
	}
	keyGives(key, "INVALID_APIKEY")
	keyGives(again, "OK")
	last := read("user", "token", "ann")
	good(last, true)

	stop(syscall.SIGTERM)
	read("user", "revoke", "ann", last)
	base, _ = serve(t, "--data", data)
	good(last, false)
	keyGives(again, "OK")
}

// TestOddLogins: what an import of old let in does not reach the terminal.
func TestOddLogins(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "jürgen", "--data", data)
	db, err := sql.Open(t.Context(), filepath.Join(data, "footfall.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"a b", "eve\x1b]0;owned\x07", "two\nlines\t9", "back\u202eward", `"quoted"`} {
		if _, err := db.AddUser(t.Context(), login, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ := run(t, "user", "list", "--data", data)
	var got []string
	for line := range strings.Lines(out) {
		login, _, _ := strings.Cut(line, "\t")
		got = append(got, login)
	}
	if want := []string{`"\"quoted\""`, "a b", `"back\u202eward"`, `"eve\x1b]0;owned\a"`, "jürgen", `"two\nlines\t9"`}; !slices.Equal(got, want) {
		t.Errorf("user list has %q, want %q", got, want)
	}
	out, _ = run(t, "user", "delete", "eve\x1b]0;owned\x07", "--yes", "--data", data)
	if strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("user delete prints %q", out)
	}
}
