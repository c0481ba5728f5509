package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// redirects are the servers that are compared, each a process of its own.
type redirects struct {
	*session
	ours, bare, commits *harness.Process
	token               string
	all                 uint64 // clicks that were counted
	lags                []float64
}

// measureRedirects compares footfall's redirects with those of a bare net/http handler, which writes
// the same headers and records nothing, and with the same handler after a group commit. Zipf is over
// 100,000 links, 1,000 referrers, 200 countries and 100 user agents.
func measureRedirects(s *session) (err error) {
	m := clicks.Usual(0)
	m.Users = 1
	data, err := s.newData("redirect", m)
	if err != nil {
		return err
	}
	r := &redirects{session: s}
	defer func() { err = errors.Join(err, r.stop()) }()
	if err := r.start(data); err != nil {
		return err
	}
	one := m
	one.Links = 1
	same, e1 := writeVisits(s.dir, one)
	zipf, e2 := writeVisits(s.dir, m)
	if err := errors.Join(e1, e2); err != nil {
		return err
	}
	if err := r.coldNames(zipf); err != nil {
		return err
	}
	for _, p := range []*harness.Process{r.ours, r.bare, r.commits} { // fills caches
		for _, v := range []visitFiles{same, zipf} {
			if _, err := r.load(p, v, 256, 3*s.each); err != nil {
				return err
			}
		}
	}
	var perSecond float64
	for _, w := range []struct {
		work, against string
		theirs        *harness.Process
		visits        visitFiles
		connections   int
		goal          float64
		lag           bool
	}{
		{"redirects, 256 connections, one path", "bare net/http handler", r.bare, same, 256, 0.80, true},
		{"redirects, 256 connections, one path", "the same with a group commit", r.commits, same, 256, 0.95, false},
		{"redirects, 256 connections, Zipf", "bare net/http handler", r.bare, zipf, 256, 0.65, true},
		{"redirects, 64 connections, one path", "bare net/http handler", r.bare, same, 64, 0.6, false},
	} {
		row := table.Row{Work: w.work, Against: w.against, Unit: "requests/s", Goal: table.AtLeast(w.goal)}
		row.Ours.Promise, row.Theirs.Promise = r.promise(), table.Nothing
		if w.theirs == r.commits {
			row.Theirs.Promise = table.PowerCut
		}
		r.lags = nil
		side := func(p *harness.Process) func() (float64, error) {
			return func() (float64, error) {
				l, err := r.load(p, w.visits, w.connections, s.each)
				return l.perSecond(), err
			}
		}
		if row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs, side(r.ours), side(w.theirs)); err != nil {
			return err
		}
		row.Ours.Peak, row.Theirs.Peak = memory(r.ours.Cmd.Process.Pid).peak, memory(w.theirs.Cmd.Process.Pid).peak
		s.add(row)
		if w.lag {
			s.add(table.Row{Work: w.work + ": until all is counted", Unit: "s", By: table.Value, Goal: table.AtMost(2),
				Ours: table.Side{Values: r.lags, Promise: r.promise()}})
		}
		if perSecond == 0 {
			perSecond = table.Median(row.Ours.Values)
		}
	}
	return r.halfLoad(perSecond / 2)
}

// coldNames measures the first seconds after a start: no name of a link is in memory.
func (r *redirects) coldNames(zipf visitFiles) error {
	ours, err := r.load(r.ours, zipf, 256, r.each)
	if err != nil {
		return err
	}
	theirs, err := r.load(r.bare, zipf, 256, r.each)
	r.add(table.Row{Work: "redirects, 256 connections, Zipf, right after the start", Against: "bare net/http handler", Unit: "requests/s",
		Ours:   table.Side{Values: []float64{ours.perSecond()}, Promise: r.promise()},
		Theirs: table.Side{Values: []float64{theirs.perSecond()}, Promise: table.Nothing}})
	return err
}

// promise returns what footfall promises about a click before its visitor is redirected.
func (r *redirects) promise() string {
	if r.durability == "write" {
		return table.Killed
	}
	return table.PowerCut
}

func (r *redirects) start(data string) (err error) {
	if r.ours, err = r.serve(data, "--durability", r.durability); err != nil {
		return err
	}
	if r.token, err = r.session.token(data, clicks.Login(0)); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if r.bare, err = harness.Start(exec.CommandContext(r.ctx, self, "bare")); err != nil {
		return err
	}
	r.commits, err = harness.Start(exec.CommandContext(r.ctx, self, "bare", "-commit", filepath.Join(r.dir, "commits")))
	return err
}

func (r *redirects) stop() (err error) {
	if r.ours != nil {
		err = r.ours.Stop()
	}
	for _, p := range []*harness.Process{r.bare, r.commits} {
		if p != nil {
			p.Kill()
		}
	}
	return err
}

// load sends visits, and waits until footfall has counted all that were answered.
func (r *redirects) load(p *harness.Process, v visitFiles, connections int, d time.Duration) (loaded, error) {
	l, err := wrk(r.ctx, p.Addr, v, connections, d)
	if err == nil && p == r.ours {
		err = r.counted(l.Answered)
	}
	return l, err
}

// counted waits until more clicks are counted, and notes how long that took. More than were answered may
// be counted: those whose answers the load generator did not wait for.
func (r *redirects) counted(answered uint64) error {
	began := time.Now()
	for {
		n, err := r.ours.Clicks("user/clicks?", r.token)
		if err != nil {
			return err
		}
		if n >= r.all+answered {
			r.lags = append(r.lags, time.Since(began).Seconds())
			return r.settle(n)
		}
		if time.Since(began) > harness.Timeout {
			return fmt.Errorf("%d clicks were answered, and only %d are counted", r.all+answered, n)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// settle waits until the count stays the same.
func (r *redirects) settle(n uint64) error {
	for same := 0; same < 5; {
		time.Sleep(20 * time.Millisecond)
		now, err := r.ours.Clicks("user/clicks?", r.token)
		if err != nil {
			return err
		}
		if same++; now != n {
			n, same = now, 0
		}
	}
	r.all = n
	return nil
}

// halfLoad measures how long answers take at a rate that is half of the most.
func (r *redirects) halfLoad(perSecond float64) (err error) {
	visit := harness.Visit(shortDomain, clicks.Hash(0))
	side := func(p *harness.Process) func() (float64, error) {
		return func() (float64, error) {
			times, err := paced(p.Addr, schedule{256, perSecond}, r.each, func(int, int) []byte { return visit })
			return table.Quantile(times, 0.99), err
		}
	}
	for _, w := range []struct {
		against, promise string
		theirs           *harness.Process
		goal             table.Goal
	}{
		{"bare net/http handler", table.Nothing, r.bare, table.AtMost(3)},
		{"the same with a group commit", table.PowerCut, r.commits, table.Goal{}},
	} {
		row := table.Row{Work: fmt.Sprintf("p99 of redirects, 256 connections, %.0f/s", perSecond),
			Against: w.against, Unit: "ms", By: table.Difference, Goal: w.goal,
			Ours: table.Side{Promise: r.promise()}, Theirs: table.Side{Promise: w.promise}}
		if row.Ours.Values, row.Theirs.Values, err = alternate(r.pairs, side(r.ours), side(w.theirs)); err != nil {
			return err
		}
		r.add(row)
	}
	return nil
}
