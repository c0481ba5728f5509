package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// asProgram is the variable that makes the test binary the program itself.
const asProgram = "FOOTFALL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
	testscript.Main(m, map[string]func(){"footfall": main})
}

var self = harness.Program{Path: os.Args[0], Env: []string{asProgram + "=1"}}

// program prepares a run of the real program.
func program(ctx context.Context, args ...string) *exec.Cmd { return self.Command(ctx, args...) }

// run runs a command, which must succeed, and returns its standard output.
func run(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := self.Run(t.Context(), "", args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// printed is what a command printed, and its exit status.
type printed struct {
	stdout, stderr string
	status         int
}

// try runs a command, which may fail. Arguments NAME=VALUE before its name are added
// to the environment.
func try(t *testing.T, args ...string) printed {
	t.Helper()
	return tryWith(t, "", args...)
}

// tryWith does what try does, with a standard input.
func tryWith(t *testing.T, stdin string, args ...string) printed {
	t.Helper()
	var env []string
	for len(args) > 0 && strings.Contains(args[0], "=") {
		env, args = append(env, args[0]), args[1:]
	}
	cmd := program(t.Context(), args...)
	cmd.Env = append(cmd.Env, env...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return printed{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// all returns everything that a command printed.
func (p printed) all() string { return p.stdout + p.stderr }

// fails runs a command, which must fail with words in what it prints, and without a
// stack trace.
func fails(t *testing.T, words string, args ...string) {
	t.Helper()
	if p := try(t, args...); p.status == 0 || !strings.Contains(p.all(), words) || harness.Crashed(p.all()) {
		t.Errorf("footfall %s: status %d\n%s\nwant an error with %q", strings.Join(args, " "), p.status, p.all(), words)
	}
}

// sentence runs a command, which must fail and print one line, and returns the line.
func sentence(t *testing.T, args ...string) string {
	t.Helper()
	p := try(t, args...)
	if text := strings.TrimSpace(p.all()); p.status == 0 || strings.Contains(text, "\n") || !strings.HasPrefix(text, "footfall: ") {
		t.Errorf("footfall %q: status %d, %s", args, p.status, p.all())
	}
	return p.all()
}

// succeeds runs a command with try, and it must succeed. It returns what it printed.
func succeeds(t *testing.T, args ...string) string {
	t.Helper()
	p := try(t, args...)
	if p.status != 0 {
		t.Errorf("footfall %q: %+v", args, p)
	}
	return p.all()
}

// contains fails the test if text lacks one of the words.
func contains(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s\nlacks %q", text, w)
		}
	}
}

// checkAgrees runs footfall check, which must find nothing.
func checkAgrees(t *testing.T, data string) {
	t.Helper()
	contains(t, run(t, "check", "--data", data), "everything agrees")
}

// addUser makes a user and returns an access token.
func addUser(t *testing.T, data, login string) (token string) {
	t.Helper()
	return strings.TrimSpace(run(t, "user", "add", login, "--data", data))
}

// newToken returns another access token of a user.
func newToken(t *testing.T, data, login string) string {
	t.Helper()
	return strings.TrimSpace(run(t, "user", "token", login, "--data", data))
}

// setPassword runs footfall user password with a standard input.
func setPassword(t *testing.T, data, login, typed string) printed {
	t.Helper()
	return tryWith(t, typed, "user", "password", login, "--data", data)
}

// writeFile writes a file and returns its path.
func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The feed's files hold feedClicks clicks.
const feedClicks = 6724

// feedFiles returns the files of Bitly's click feed, oldest first.
func feedFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../internal/faces/feed/testdata/*.gz")
	if err != nil || len(files) < 4 {
		t.Fatal("the files of the feed are missing", err)
	}
	return files
}

// importFeed imports files of Bitly's click feed and returns what the command prints
// as JSON.
func importFeed(t *testing.T, data string, files ...string) string {
	t.Helper()
	return run(t, append([]string{"import", "--format", "bitly-feed", "--json", "--data", data}, files...)...)
}
