package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// workload holds users with their links, and counts what visitors of the links got.
type workload struct {
	users []user
	links []*link

	slowest atomic.Int64  // nanoseconds that the slowest answer took
	failed  atomic.Uint64 // answers without a redirect
	broken  atomic.Uint64 // connections that failed
}

type user struct{ login, token string }

type link struct {
	user           int // index in users
	hash, longURL  string
	sent, answered atomic.Uint64
}

// newWorkload makes users and links in a new data directory.
func (t *trial) newWorkload(data string, users, links int) (*workload, error) {
	w := &workload{}
	for i := range users {
		login := fmt.Sprint("user", i)
		token, err := t.command("user", "add", login, "--data", data)
		if err != nil {
			return nil, err
		}
		w.users = append(w.users, user{login, strings.TrimSpace(token)})
	}
	s, err := t.start(data)
	if err != nil {
		return nil, err
	}
	for i := range links {
		// Every second long URL is shared by two users.
		l := &link{user: i % users, longURL: fmt.Sprintf("http://example.org/some/page/%d", i/2)}
		if l.hash, err = shorten(s, w.users[l.user].token, l.longURL); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
		w.links = append(w.links, l)
	}
	return w, s.Stop()
}

// shorten makes a short link. If it returns an error, the link may have been made or not.
func shorten(s *harness.Process, token, longURL string) (hash string, err error) {
	short, err := s.Shorten(token, longURL)
	if err != nil {
		return "", err
	}
	hash, ok := strings.CutPrefix(short, "http://"+shortDomain+"/")
	if !ok {
		return "", fmt.Errorf("shorten answered %.200q, which is not a short URL", short)
	}
	return hash, nil
}

// checkLink checks that a link leads to the long URL.
func (t *trial) checkLink(s *harness.Process, hash, longURL string) {
	if to, err := s.LeadsTo(shortDomain, hash); err != nil || to != longURL {
		t.wrong("the link %s was acknowledged for %s, but leads to %q: %v", hash, longURL, to, err)
	}
}

// visit runs a number of visitors at once until stop is called. Each sends its next
// request once the last was answered. A connection that fails is replaced.
func (w *workload) visit(addr string, visitors int, rng *rand.Rand) (stop func()) {
	var wg sync.WaitGroup
	stopped := make(chan struct{})
	for range visitors {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() {
			for {
				if w.visitOver(addr, rng, stopped) != nil {
					w.broken.Add(1)
				}
				select {
				case <-stopped:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(stopped); wg.Wait() })
}

// visitOver visits links over one connection.
func (w *workload) visitOver(addr string, rng *rand.Rand, stopped chan struct{}) error {
	return harness.Talk(addr, func() ([]byte, func(int) error) {
		select {
		case <-stopped:
			return nil, nil
		default:
		}
		l := w.links[rng.IntN(1+rng.IntN(len(w.links)))]
		began := time.Now()
		l.sent.Add(1)
		request := harness.Visit(shortDomain, l.hash, "User-Agent: "+harness.Browsers[rng.IntN(len(harness.Browsers))],
			fmt.Sprintf("Referer: https://example.org/page/%d", rng.IntN(200)), fmt.Sprintf("X-Forwarded-For: %d.7.7.7", 1+rng.IntN(220)))
		return request, func(status int) error {
			if status == http.StatusMovedPermanently {
				l.answered.Add(1)
			} else {
				w.failed.Add(1)
			}
			if took := int64(time.Since(began)); took > w.slowest.Load() {
				w.slowest.Store(took)
			}
			return nil
		}
	})
}

// awaitAnswers waits until 20 more visitors of a link are answered.
func (w *workload) awaitAnswers() bool {
	answered := w.links[0].answered.Load()
	return wait(func() bool { return w.links[0].answered.Load() > answered+20 })
}

// wait waits until f returns true. It returns false if that takes too long.
func wait(f func() bool) bool {
	for began := time.Now(); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > harness.Timeout {
			return false
		}
	}
	return true
}

// linkClicks returns how many clicks on a link are counted.
func (w *workload) linkClicks(s *harness.Process, l *link) (uint64, error) {
	return s.Clicks("link/clicks?link=http://"+shortDomain+"/"+l.hash, w.users[l.user].token)
}

// settled waits until the clicks that were answered are counted, except those reported as
// not durable, and the counts did not change for a second. It returns false if that takes too
// long.
func (w *workload) settled(s *harness.Process, reported uint64) bool {
	var last, answered uint64
	for _, l := range w.links {
		answered += l.answered.Load()
	}
	since := time.Now()
	return wait(func() bool {
		var sum uint64
		for _, u := range w.users {
			n, err := s.Clicks("user/clicks?", u.token)
			if err != nil {
				return false
			}
			sum += n
		}
		if sum != last {
			last, since = sum, time.Now()
		}
		return sum+reported >= answered && time.Since(since) > time.Second
	})
}

// balance compares the counts with what was sent and answered, and with each other.
// No visitor may be running.
func (w *workload) balance(t *trial, s *harness.Process, reported uint64) {
	b := balance{reported: reported}
	sums := make([]uint64, len(w.users))
	var missing uint64
	for _, l := range w.links {
		n, err := w.linkClicks(s, l)
		if err != nil {
			t.wrong("%v", err)
			return
		}
		sent, answered := l.sent.Load(), l.answered.Load()
		if n > sent {
			t.wrong("link %s: %d clicks are counted, but only %d were sent", l.hash, n, sent)
		}
		if n < answered {
			missing += answered - n
		}
		sums[l.user] += n
		b.sent, b.answered, b.counted = b.sent+sent, b.answered+answered, b.counted+n
	}
	if missing > reported {
		t.wrong("%d clicks were answered but are not counted; the log reported only %d as not durable", missing, reported)
	}
	for i, u := range w.users {
		n, err := s.Clicks("user/clicks?", u.token)
		if err != nil {
			t.wrong("%v", err)
			return
		}
		if n != sums[i] {
			t.wrong("user %s has %d clicks, but %d on their links", u.login, n, sums[i])
		}
		for _, list := range []string{"countries", "browsers", "cities"} {
			in, err := clicksInList(s, list, u.token)
			if err != nil {
				t.wrong("%v", err)
				return
			}
			if in != n {
				t.wrong("user %s has %d clicks, but %d in the list of %s", u.login, n, in, list)
			}
		}
	}
	t.total = b
}

// clicksInList returns the sum of the clicks in a list by countries, browsers or cities.
func clicksInList(s *harness.Process, list, token string) (sum uint64, err error) {
	body, err := s.Ask("user/" + list + "?unit=day&units=-1&limit=1000&access_token=" + token)
	if err != nil {
		return 0, err
	}
	var answer struct{ Data map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return 0, err
	}
	var entries []struct{ Clicks uint64 }
	if err := json.Unmarshal(answer.Data[list], &entries); err != nil {
		return 0, fmt.Errorf("%s: %w", body, err)
	}
	for _, e := range entries {
		sum += e.Clicks
	}
	return sum, nil
}
