package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// asProgram makes the test binary the program itself.
const asProgram = "FOOTFALL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
	}
	testscript.Main(m, map[string]func(){"footfall": main})
}

// program prepares a run of the real program.
func program(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// run runs the program to its end and returns what it printed.
func run(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := program(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("footfall %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String()
}

func feedFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../internal/faces/feed/testdata/*.gz")
	if err != nil || len(files) < 4 {
		t.Fatal("no feed files", err)
	}
	return files
}

// TestKilledImport kills imports with -9 at random instants and repeats them:
// in the end each click counts once, and check is content.
func TestKilledImport(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	importArgs := func(dir string) []string {
		return append([]string{"import", "--format", "bitly-feed", "--json", "--data", dir}, files...)
	}
	result := func(dir string) (r feed.Result) {
		out, _ := run(t, importArgs(dir)...)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return r
	}
	began := time.Now()
	want := result(t.TempDir())
	whole := time.Since(began) // what an import takes here

	rng := seedtest.Rand(t)
	for range 4 {
		dir := t.TempDir()
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Float64()*float64(whole)))
			_ = program(ctx, importArgs(dir)...).Run() // killed, most of the time
			cancel()
		}
		got := result(dir)
		if got.Lines != want.Lines || got.Clicks+got.Known != want.Clicks {
			t.Fatalf("after five kills %+v, want %+v", got, want)
		}
		if again := result(dir); again.Known != want.Clicks {
			t.Fatalf("repeated %+v, want %d known", again, want.Clicks)
		}
		if out, _ := run(t, "check", "--data", dir); !strings.Contains(out, "everything agrees") {
			t.Fatal(out)
		}
	}
}

// TestKilledStart kills a command with -9 at random instants while it opens the
// directory, changes it and closes it: what is left opens every time.
func TestKilledStart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	run(t, "user", "add", "ann", "--data", data)
	began := time.Now()
	run(t, "user", "token", "ann", "--data", data)
	whole := time.Since(began)

	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 100) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.Float64()*float64(whole)))
		said, err := program(ctx, "user", "token", "ann", "--data", data).CombinedOutput()
		cancel()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Exited() {
			t.Fatalf("after a kill: %s", said)
		}
	}
	if out, _ := run(t, "check", "--data", data); !strings.Contains(out, "everything agrees") {
		t.Error(out)
	}
}
