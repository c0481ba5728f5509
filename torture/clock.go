package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// clock runs footfall in this process with a clock that jumps back and forth.
func clock(t *trial) error {
	c := &jumpingClock{trial: t, data: filepath.Join(t.dir, "data"), workload: &workload{users: []user{{login: "ann"}}}}
	c.set(time.Now())
	return t.each(c.runRound)
}

type jumpingClock struct {
	*trial
	*workload
	data string
	at   atomic.Int64 // Unix milliseconds
	log  logtest.Log
}

func (c *jumpingClock) set(at time.Time) { c.at.Store(at.UnixMilli()) }

// jump moves the clock by up to a second, an hour, a day or a year, or to the limits
// of the times that footfall accepts and past them.
func (c *jumpingClock) jump(rng *rand.Rand) {
	steps := [...]time.Duration{time.Second, time.Hour, 24 * time.Hour, 365 * 24 * time.Hour, 365 * 24 * time.Hour}
	switch n := rng.IntN(len(steps) + 3); n {
	case len(steps):
		c.set(time.Now())
	case len(steps) + 1:
		c.set([...]time.Time{
			time.Unix(0, 0), time.Date(1979, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
		}[rng.IntN(6)])
	case len(steps) + 2: // the clock does not move
	default:
		c.at.Add((rng.Int64N(2*int64(steps[n])) - int64(steps[n])) / 1e6)
	}
}

// runRound opens everything, records clicks at many times, compares the counts, and
// closes it.
func (c *jumpingClock) runRound(rng *rand.Rand) (did string, err error) {
	ctx := context.Background()
	app, err := server.Open(ctx, server.Options{
		Data: datadir.Options{
			Path: c.data, Create: true, Now: func() time.Time { return time.UnixMilli(c.at.Load()) },
			Log: c.log.Logger(),
		},
		Domains: []string{shortDomain},
	})
	if err != nil {
		return "", err
	}
	defer func() {
		if closed := app.Close(ctx); err == nil {
			err = closed
		}
	}()
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		return "", err
	}
	if c.round == 0 {
		if c.users[0].token, err = app.AddUser(ctx, "ann"); err != nil {
			return "", err
		}
	}
	token := c.users[0].token
	if len(c.links) < 10 {
		hash := c.get(site, fmt.Sprintf("/v3/shorten?format=txt&longUrl=http://example.org/%d&access_token=%s", len(c.links), token))
		if _, hash, _ = strings.Cut(strings.TrimSpace(hash), shortDomain+"/"); hash == "" {
			return "", fmt.Errorf("the server made no link when its clock was at %v", time.UnixMilli(c.at.Load()))
		}
		c.links = append(c.links, &link{hash: hash})
	}
	var wg sync.WaitGroup
	for range 4 {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() {
			for range 300 {
				if rng.IntN(3) == 0 {
					c.jump(rng)
				}
				if rng.IntN(50) == 0 {
					unit := [...]string{"minute", "hour", "day", "week", "month"}[rng.IntN(5)]
					c.get(site, "/v3/user/clicks?units=20&rollup=false&unit="+unit+"&access_token="+token)
				}
				c.click(site, c.links[rng.IntN(len(c.links))])
			}
		})
	}
	wg.Wait()
	if _, err := app.Check(ctx, func(finding string) { c.wrong("check: %s", finding) }); err != nil {
		c.wrong("check: %v", err)
	}
	// The last year comes after all clicks.
	was := c.at.Swap(time.Date(2099, 12, 31, 12, 0, 0, 0, time.UTC).UnixMilli())
	c.compare(site, token)
	c.at.Store(was)
	return "a run with a jumping clock, " + c.total.String(), nil
}

// click visits a link.
func (c *jumpingClock) click(site http.Handler, l *link) {
	l.sent.Add(1)
	r := httptest.NewRequest(http.MethodGet, "/"+l.hash, nil)
	r.Host = shortDomain
	r.Header.Set("User-Agent", harness.Browser)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code == http.StatusMovedPermanently {
		l.answered.Add(1)
	}
}

// get returns the body of an answer.
func (c *jumpingClock) get(site http.Handler, target string) string {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = shortDomain
	site.ServeHTTP(w, r)
	return w.Body.String()
}

// compare compares the counts of the links and of their user with what was sent and
// answered.
func (c *jumpingClock) compare(site http.Handler, token string) {
	count := func(question string) uint64 {
		body := c.get(site, "/v3/"+question+"&unit=day&units=-1&timezone=UTC&format=txt&access_token="+token)
		n, err := strconv.ParseUint(strings.TrimSpace(body), 10, 64)
		if err != nil {
			c.wrong("%s: %.200q", question, body)
		}
		return n
	}
	b := balance{reported: harness.NotDurable(c.log.String())}
	for _, l := range c.links {
		n, sent, answered := count("link/clicks?link=http://"+shortDomain+"/"+l.hash), l.sent.Load(), l.answered.Load()
		if n > sent || answered > n+b.reported {
			c.wrong("link %s: %d clicks are counted; %d were answered and %d sent", l.hash, n, answered, sent)
		}
		b.sent, b.answered, b.counted = b.sent+sent, b.answered+answered, b.counted+n
	}
	if n := count("user/clicks?"); n != b.counted {
		c.wrong("the user has %d clicks, but their links have %d", n, b.counted)
	}
	c.total = b
}
