package main

import (
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestPasswordAndKey sets a password and an apiKey as an operator does, with a server and
// without one, and uses them as programs do.
func TestPasswordAndKey(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "ann")
	set := func(password string) {
		t.Helper()
		if p := setPassword(t, data, "ann", password); p.status != 0 {
			t.Fatal(p)
		}
	}
	set("before the server\r\n")
	alone := run(t, "user", "key", "ann", "--data", data)
	base := serve(t, "--data", data).URL
	key := run(t, "user", "key", "ann", "--data", data)
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
		res, body, err := harness.Do(plain, r)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body
	}
	if code, body := tokenFor("before the server"); code != 200 || !strings.Contains(fetch(t, base+"/v3/user/clicks?access_token="+body), `"status_txt": "OK"`) {
		t.Errorf("a token for the password: %d %s, want 200", code, body)
	}
	set("with the server")
	if code, body := tokenFor("before the server"); code != 401 || !strings.Contains(body, "INVALID_LOGIN") {
		t.Errorf("a token for the old password: %d %s, want a refusal", code, body)
	}
	if code, body := tokenFor("with the server"); code != 200 {
		t.Errorf("a token for the new password: %d %s, want 200", code, body)
	}
	older := base + "/v3/shorten?longUrl=http%3A%2F%2Fexample.com%2F&login=ann&apiKey="
	if body := fetch(t, older+strings.TrimSpace(key)); !strings.Contains(body, `"new_hash": 1`) {
		t.Errorf("a question with login and apiKey was answered with %s", body)
	}
	for typed, want := range map[string]string{"": "password", "\n": "password", "short": "password", strings.Repeat("x", 2000): "password"} {
		if p := setPassword(t, data, "ann", typed); p.status == 0 || !strings.Contains(p.stderr, want) {
			t.Errorf("user password with the invalid password %.20q: %+v", typed, p)
		}
	}
	if p := setPassword(t, data, "nobody", "a good password\n"); p.status == 0 || !strings.Contains(p.stderr, "nobody") {
		t.Errorf("user password for a login that does not exist: %+v", p)
	}
}

// TestRevoke revokes tokens and an apiKey with a running server, which has just accepted
// them, and without one.
func TestRevoke(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	read := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(run(t, append(args, "--data", data)...))
	}
	first, bob := read("user", "add", "ann"), read("user", "add", "bob")
	server := serve(t, "--data", data)
	base := server.URL
	second, third, key := read("user", "token", "ann"), read("user", "token", "ann"), read("user", "key", "ann")
	good := func(token string, want bool) {
		t.Helper()
		if body := fetch(t, base+"/v3/user/info?access_token="+token); strings.Contains(body, `"status_txt": "OK"`) != want || !want && !strings.Contains(body, "INVALID_ACCESS_TOKEN") {
			t.Errorf("a question with a token was answered with %s, want success: %v", body, want)
		}
	}
	keyGives := func(key, want string) {
		t.Helper()
		if body := fetch(t, base+"/v3/lookup?url=http://a.example/&login=ann&apiKey="+key); !strings.Contains(body, `"status_txt": "`+want+`"`) {
			t.Errorf("a question with an apiKey was answered with %s, want %s", body, want)
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
			t.Errorf("user list prints\n%swant\n%s", got, strings.Join(want, "\n"))
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
	if p := setPassword(t, data, "ann", "a good password\n"); p.status != 0 {
		t.Fatal(p)
	}
	good(first, true) // a new password revokes no token
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
		t.Errorf("the new apiKey is %q, the old one was %q", again, key)
	}
	keyGives(key, "INVALID_APIKEY")
	keyGives(again, "OK")
	last := read("user", "token", "ann")
	good(last, true)

	stop(t, server)
	read("user", "revoke", "ann", last)
	base = serve(t, "--data", data).URL
	good(last, false)
	keyGives(again, "OK")
}

// TestRoles: a user is disabled and enabled, and becomes an admin, with a running server.
func TestRoles(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	ask := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(run(t, append(args, "--data", data)...))
	}
	ann, eve := ask("user", "add", "ann"), ask("user", "add", "eve", "--admin")
	if !regexp.MustCompile(`^[g-z][0-9a-f]{64}$`).MatchString(eve) {
		t.Errorf("user add --admin prints %q", eve)
	}
	ask("link", "add", "ann", "http://example.org/", "--name", "sale", "--domain", "sho.rt")
	base := serve(t, "--data", data).URL
	roles := func(want ...string) {
		t.Helper()
		var got []string
		for line := range strings.Lines(ask("user", "list") + "\n") {
			columns := strings.Split(strings.TrimSpace(line), "\t")
			got = append(got, strings.Join(append(columns[:1], columns[3:]...), " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("user list has the roles %q, want %q", got, want)
		}
	}
	answers := func(want bool) {
		t.Helper()
		if body := fetch(t, base+"/v3/user/clicks?unit=day&access_token="+ann); strings.Contains(body, `"status_txt": "OK"`) != want {
			t.Errorf("the token of ann is answered %s, want an answer: %v", body, want)
		}
	}
	roles("ann", "eve admin")
	answers(true)
	if out := ask("user", "disable", "ann"); !strings.HasPrefix(out, "ann is disabled: ") {
		t.Errorf("user disable prints %q", out)
	}
	answers(false)
	for range 3 {
		r, err := http.NewRequest("GET", base+"/sale", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		res, _, err := harness.Do(plain, r)
		if err != nil {
			t.Fatal(err)
		}
		if to := res.Header.Get("Location"); res.StatusCode != http.StatusMovedPermanently || to != "http://example.org/" {
			t.Errorf("the link of a user who is disabled leads to %d %q", res.StatusCode, to)
		}
	}
	ask("user", "admin", "ann")
	ask("user", "admin", "eve", "--remove")
	roles("ann admin disabled", "eve")
	if list := ask("user", "list", "--json"); !strings.Contains(list, `"admin":true,"disabled":true`) {
		t.Errorf("user list --json prints %s", list)
	}
	if out := ask("user", "enable", "ann"); out != "ann is enabled" {
		t.Errorf("user enable prints %q", out)
	}
	answers(true)
	if body := fetch(t, base+"/v3/user/clicks?unit=day&access_token="+ann+"&format=txt"); body != "3\n" {
		t.Errorf("ann has %q clicks, want those of the time when they were disabled", body)
	}
	for _, command := range []string{"disable", "enable", "admin"} {
		if p := try(t, "user", command, "nobody", "--data", data); p.status != 3 || !strings.Contains(p.stderr, `there is no user "nobody"`) {
			t.Errorf("user %s for a login that does not exist: %+v", command, p)
		}
	}
}

// TestOddLogins: logins that only older versions accepted are quoted on a terminal.
func TestOddLogins(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "jürgen")
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
	out := run(t, "user", "list", "--data", data)
	var got []string
	for line := range strings.Lines(out) {
		login, _, _ := strings.Cut(line, "\t")
		got = append(got, login)
	}
	if want := []string{`"\"quoted\""`, "a b", `"back\u202eward"`, `"eve\x1b]0;owned\a"`, "jürgen", `"two\nlines\t9"`}; !slices.Equal(got, want) {
		t.Errorf("user list prints %q, want %q", got, want)
	}
	out = run(t, "user", "delete", "eve\x1b]0;owned\x07", "--yes", "--data", data)
	if strings.ContainsAny(out, "\x1b\x07") {
		t.Errorf("user delete prints %q", out)
	}
}

// TestNamedToken: the name of a token is kept, and the token is alone on its line.
func TestNamedToken(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "ann")
	if out := run(t, "user", "token", "ann", "--name", "monthly reports", "--data", data); !regexp.MustCompile(`^[g-z][0-9a-f]{64}\n$`).MatchString(out) {
		t.Errorf("user token prints %q", out)
	}
	db, err := sql.Open(t.Context(), filepath.Join(data, "footfall.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	u, err := db.UserByLogin(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.ListTokens(t.Context(), u.ID, 9)
	if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(t store.Token) bool { return t.Name == "monthly reports" }) {
		t.Errorf("the tokens are %+v (%v)", list, err)
	}
	if p := try(t, "user", "token", "ann", "--name", "a\nb", "--data", data); p.status == 0 || !strings.Contains(p.stderr, "the name of a token") {
		t.Errorf("a name of two lines: %+v", p)
	}
}
