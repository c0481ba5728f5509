package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// searches is how many searches run at once.
const searches = 8

// measureSearch measures redirects at a fixed rate while a user searches their many links again and again,
// against the same redirects without.
func measureSearch(s *session) (err error) {
	m := clicks.Usual(0)
	m.Users, m.Links = 1, s.size(200_000, 20_000)
	data, err := s.newData("search", m)
	if err != nil {
		return err
	}
	defer s.remove(data)
	ours, err := s.open(data, []int{0})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.p.Stop()) }()
	visited := m.Visited(10_007)
	p99 := func() (float64, error) {
		times, err := paced(ours.p.Addr, schedule{64, 2000}, s.each, func(connection, n int) []byte {
			return harness.Visit(shortDomain, clicks.Hash(visited[(connection*7919+n)%len(visited)]))
		})
		return table.Quantile(times, 0.99), err
	}
	var answered int
	row := table.Row{Work: fmt.Sprintf("p99 of redirects, 2,000/s, while %d searches of %d links run", searches, m.Links), Against: "the same without searches", Unit: "ms", Goal: table.AtMost(2),
		Ours: table.Side{Promise: table.PowerCut}, Theirs: table.Side{Promise: table.PowerCut}}
	row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs, func() (float64, error) {
		ctx, stop := context.WithCancel(s.ctx)
		all := searching(ctx, ours.p.URL, ours.tokens[0])
		v, err := p99()
		stop()
		n, failed := all()
		answered += n
		return v, errors.Join(err, failed)
	}, p99)
	if err != nil {
		return err
	}
	note("%d searches were answered", answered)
	row.Ours.Peak = memory(ours.p.Cmd.Process.Pid).peak
	s.add(row)
	return nil
}

// searching searches until ctx ends. wait then returns how many searches were answered.
func searching(ctx context.Context, url, token string) (wait func() (int, error)) {
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		n   int
		err error
	)
	for i := range searches {
		wg.Go(func() {
			for k := 0; ctx.Err() == nil; k++ {
				_, one := get(http.MethodGet, fmt.Sprintf("%s/v3/user/link_history?limit=100&archived=both&query=page%%2F%d&access_token=%s", url, 1000*i+k%1000, token))
				mu.Lock()
				if n++; one != nil && err == nil {
					err = one
				}
				mu.Unlock()
			}
		})
	}
	return func() (int, error) { wg.Wait(); return n, err }
}
