//go:build cluster

package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/pgtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// movedUsers are some users of the feed, and one of the test.
var movedUsers = []string{"nasatwitter", "twitterfeed", "bitly", "ann"}

// feedEnd is after the last click of the feed.
const feedEnd = 1_362_800_000

// answersOf asks many questions for several users, in several time zones, about the time before an
// instant.
func answersOf(t *testing.T, s *harness.Process, tokens []string, name string, at time.Time) map[string]string {
	t.Helper()
	answers := map[string]string{}
	for i, token := range tokens {
		for _, method := range []string{"user/clicks", "user/countries", "user/referrers", "user/popular_links", "link/clicks", "link/referrers"} {
			for _, window := range []string{"unit=minute&units=60", "unit=hour&units=30", "unit=day&units=30&rollup=false", "unit=week&units=8", "unit=month&units=-1"} {
				for _, zone := range []string{"America/New_York", "Asia/Kathmandu", "UTC"} {
					for _, reference := range []int64{feedEnd, at.Unix()} {
						q := fmt.Sprintf("%s?%s&timezone=%s&limit=1000", method, window, zone)
						if !strings.Contains(window, "minute") { // they are of the last hour
							q += fmt.Sprintf("&unit_reference_ts=%d", reference)
						}
						if strings.HasPrefix(method, "link/") {
							q += "&link=" + s.URL + "/" + name
						}
						answers[movedUsers[i]+" "+strings.ReplaceAll(q, s.URL, "")] = strings.ReplaceAll(fetch(t, s.URL+"/v3/"+q+"&access_token="+token), s.URL, "")
					}
				}
			}
		}
		answers[movedUsers[i]+" history"] = strings.ReplaceAll(fetch(t, s.URL+"/v3/user/link_history?limit=100&access_token="+token), s.URL, "")
	}
	return answers
}

func sameAnswers(t *testing.T, when string, want, got map[string]string) {
	t.Helper()
	wrong := 0
	for q := range want {
		if got[q] != want[q] {
			if wrong++; wrong <= 3 {
				t.Errorf("%s, %s:\n%s\nwant\n%s", when, q, got[q], want[q])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%s: %d of %d answers differ", when, wrong, len(want))
	}
}

// killed runs a command some times, and kills it at a random moment after it wrote the file
// engines. It returns once a run has ended by itself, or after the last one.
func killed(t *testing.T, dir string, whole time.Duration, args ...string) {
	t.Helper()
	rng := seedtest.Rand(t)
	for range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		cmd := program(ctx, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		await.Until(t, "the move has begun, or has ended", func() (string, bool) {
			select {
			case <-ended:
				return "", true
			default:
			}
			_, err := os.Stat(filepath.Join(dir, "engines"))
			return fmt.Sprint(err), err == nil
		})
		select {
		case <-ended:
		case <-time.After(time.Duration(rng.Float64() * float64(whole))):
		}
		cancel()
		<-ended
	}
}

// TestMove moves a directory with the real feed into a cluster, and back into a new directory. The
// moves are killed with -9 and run again. All answers stay the same, byte for byte, imports are
// remembered, and both go on counting.
func TestMove(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret"})
	clicksAt, linksAt := c.Database(t), pgtest.Database(t)
	cluster := []string{"--clicks", clicksAt, "--links", linksAt}
	dir := filepath.Join(t.TempDir(), "one")

	importFeed(t, dir, feedFiles(t)...)
	ann := addUser(t, dir, "ann")
	run(t, "link", "add", "ann", "https://example.org/gone", "--name", "gone", "--data", dir)
	s := serve(t, "--data", dir)
	kept := path.Base(shorten(t, s, ann, "https://example.org/kept"))
	run(t, "link", "edit", kept, "--to", "https://example.org/moved", "--tag", "sale", "--title", "Ünïcode", "--data", dir)
	for range 3 {
		visit(t, s.URL+"/"+kept)
		visit(t, s.URL+"/gone")
	}
	awaitClicks(t, s, ann, 6)
	run(t, "link", "delete", "gone", "--yes", "--data", dir)
	awaitClicks(t, s, ann, 3)
	var tokens []string
	for _, u := range movedUsers[:3] {
		tokens = append(tokens, newToken(t, dir, u))
	}
	tokens = append(tokens, ann)
	at := time.Now()
	before := answersOf(t, s, tokens, kept, at)
	for i, window := range []string{"unit=hour&units=30", "unit=hour&units=30", "unit=hour&units=30", "unit=minute&units=60"} {
		q := movedUsers[i] + " user/clicks?" + window + "&timezone=UTC&limit=1000"
		if i < 3 {
			q += fmt.Sprintf("&unit_reference_ts=%d", feedEnd)
		}
		if !regexp.MustCompile(`clicks": [1-9]`).MatchString(before[q]) {
			t.Fatalf("the answer to %s has no clicks: %s", q, before[q])
		}
	}
	fails(t, "owns the data directory", append([]string{"move", "to-cluster", "--data", dir}, cluster...)...)
	stop(t, s)

	killed(t, dir, time.Second, append([]string{"move", "to-cluster", "--data", dir}, cluster...)...)
	if record, err := os.ReadFile(filepath.Join(dir, "engines")); err != nil {
		t.Fatal(err)
	} else if strings.Contains(string(record), "moving") {
		fails(t, "was interrupted", "serve", "--data", dir)
		fails(t, "was interrupted", "FOOTFALL_CLICKS="+clicksAt, "FOOTFALL_LINKS="+linksAt, "check", "--data", dir)
		out := run(t, append([]string{"move", "to-cluster", "--data", dir}, cluster...)...)
		for _, row := range []string{`users +\d+ +\d+ +the same`, `links +\d+ +\d+ +the same`, `clicks +(\d+) +\d+ +the same`} {
			if !regexp.MustCompile(`(?m)^` + row + `$`).MatchString(out) {
				t.Errorf("the move printed\n%s\nwhich lacks %s", out, row)
			}
		}
	}
	fails(t, "are in a cluster already", append([]string{"move", "to-cluster", "--data", dir}, cluster...)...)
	fails(t, "--clicks", "check", "--data", dir)
	if _, err := os.Stat(filepath.Join(dir, "moved", "footfall.db")); err != nil {
		t.Error(err)
	}
	t.Setenv("FOOTFALL_CLICKS", clicksAt)
	t.Setenv("FOOTFALL_LINKS", linksAt)
	other := filepath.Join(t.TempDir(), "other")
	fails(t, "name empty databases", "move", "to-cluster", "--data", embedded(t, other))

	s = serve(t, "--data", dir)
	sameAnswers(t, "in the cluster", before, answersOf(t, s, tokens, kept, at))
	second := filepath.Join(t.TempDir(), "two")
	s2 := serve(t, "--data", second)
	sameAnswers(t, "on another server", before, answersOf(t, s2, tokens, kept, at))
	contains(t, importFeed(t, dir, feedFiles(t)...), fmt.Sprintf(`"known":%d`, feedClicks))
	visit(t, s.URL+"/"+kept)
	visit(t, s2.URL+"/"+kept)
	if res := visit(t, s.URL+"/gone"); res.StatusCode != 404 {
		t.Errorf("a visit of a deleted link: %s", res.Status)
	}
	awaitClicks(t, s, ann, 5)
	awaitClicks(t, s2, ann, 5)
	checkAgrees(t, dir)
	checkAgrees(t, second)
	at = time.Now()
	before = answersOf(t, s, tokens, kept, at)
	stop(t, s)
	stop(t, s2)

	back := filepath.Join(t.TempDir(), "back")
	killed(t, back, time.Second, append([]string{"move", "from-cluster", "--data", back}, cluster...)...)
	t.Setenv("FOOTFALL_CLICKS", "")
	t.Setenv("FOOTFALL_LINKS", "")
	if _, err := os.Stat(filepath.Join(back, "engines")); err == nil {
		fails(t, "was interrupted", "serve", "--data", back)
		run(t, append([]string{"move", "from-cluster", "--data", back}, cluster...)...)
	}
	fails(t, "is not empty", append([]string{"move", "from-cluster", "--data", back}, cluster...)...)
	contains(t, run(t, "check", "--data", back), "everything agrees")
	s = serve(t, "--data", back)
	sameAnswers(t, "back in a directory", before, answersOf(t, s, tokens, kept, at))
	contains(t, importFeed(t, back, feedFiles(t)...), fmt.Sprintf(`"known":%d`, feedClicks))
	visit(t, s.URL+"/"+kept)
	awaitClicks(t, s, ann, 6)
	stop(t, s)
	checkAgrees(t, back)
	contains(t, run(t, "rebuild", "--data", back), "from the checkpoint")
}

// embedded makes a directory with a user.
func embedded(t *testing.T, dir string) string {
	t.Helper()
	clicks, links := os.Getenv("FOOTFALL_CLICKS"), os.Getenv("FOOTFALL_LINKS")
	os.Unsetenv("FOOTFALL_CLICKS")
	os.Unsetenv("FOOTFALL_LINKS")
	defer os.Setenv("FOOTFALL_CLICKS", clicks)
	defer os.Setenv("FOOTFALL_LINKS", links)
	addUser(t, dir, "eve")
	return dir
}
