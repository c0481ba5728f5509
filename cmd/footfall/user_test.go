package main

import (
	"bytes"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
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
	if code, body := tokenFor("before the server"); code != 200 || !strings.Contains(fetch(t, base+"/v3/user/clicks?access_token="+body), `"status_txt":"OK"`) {
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
	if body := fetch(t, older+strings.TrimSpace(key)); !strings.Contains(body, `"new_hash":1`) {
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
