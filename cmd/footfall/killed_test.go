package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// runFor runs a command, and kills it with -9 after a while unless it has ended before.
// It returns what the command printed, and how it ended.
func runFor(t *testing.T, d time.Duration, args ...string) (out []byte, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return program(ctx, args...).CombinedOutput()
}

// TestKilledImport kills imports with -9 at random moments and repeats them. In the end
// each click must count once.
func TestKilledImport(t *testing.T) {
	t.Parallel()
	files := feedFiles(t)
	result := func(dir string) (r feed.Result) {
		t.Helper()
		out := importFeed(t, dir, files...)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return r
	}
	began := time.Now()
	want := result(t.TempDir())
	whole := time.Since(began) // the duration of an import

	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 2) {
		dir := t.TempDir()
		for range 4 {
			_, _ = runFor(t, time.Duration(rng.Float64()*float64(whole)), append([]string{"import", "--format", "bitly-feed", "--data", dir}, files...)...)
		}
		if got := result(dir); got.Lines != want.Lines || got.Clicks+got.Known != want.Clicks {
			t.Fatalf("after four kills the import reports %+v, want %+v", got, want)
		}
		if again := result(dir); again.Known != want.Clicks {
			t.Fatalf("the repeated import reports %+v, want %d known clicks", again, want.Clicks)
		}
		checkAgrees(t, dir)
	}
}

// TestKilledLinks kills imports of links and their counts with -9 at random moments and
// repeats them. In the end each click must count once.
func TestKilledLinks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "links.csv")
	var text strings.Builder
	text.WriteString("keyword,url,clicks\n")
	want := uint64(0)
	for i := range 60 {
		clicks := i * 37
		want += uint64(clicks)
		fmt.Fprintf(&text, "k%d,http://example.com/%d,%d\n", i, i, clicks)
	}
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 2) {
		dir := filepath.Join(t.TempDir(), "data")
		addUser(t, dir, "ann")
		imports := []string{"import", "--format", feed.LinksCSV, "--as", "ann", "--with-counts", "--data", dir, file}
		for range 4 {
			_, _ = runFor(t, time.Duration(rng.Float64()*float64(time.Second)), imports...)
		}
		if out, err := program(t.Context(), imports...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		out, err := program(t.Context(), "stats", "ann", "--json", "--data", dir).Output()
		var stats control.StatsOf
		if err == nil {
			err = json.Unmarshal(out, &stats)
		}
		if err != nil || stats.Links != 60 || stats.Clicks.All != want {
			t.Fatalf("after four kills there are %d links with %d clicks (%v), want 60 with %d", stats.Links, stats.Clicks.All, err, want)
		}
		checkAgrees(t, dir)
	}
}

// TestKilledStart kills a command with -9 at random moments while it opens the data
// directory, changes it and closes it. The next command must open it.
func TestKilledStart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	addUser(t, data, "ann")
	began := time.Now()
	newToken(t, data, "ann")
	whole := time.Since(began)

	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 30) {
		out, err := runFor(t, time.Duration(rng.Float64()*float64(whole)), "user", "token", "ann", "--data", data)
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Exited() {
			t.Fatalf("after a kill the next command fails: %s", out)
		}
	}
	checkAgrees(t, data)
}
