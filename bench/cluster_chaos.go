package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

const (
	defaultChaos  = 10 * time.Minute
	chaosLinks    = 20
	chaosVisitors = 2                      // of each server
	chaosPause    = 10 * time.Millisecond  // of a visitor between two clicks
	chaosSettle   = 3 * time.Minute        // for counts to be complete after the last fault
	chaosPoll     = 500 * time.Millisecond // between two questions
)

// fault makes a server fail, and ends that.
type fault struct {
	name       string
	begin, end func() error
}

// faults returns all faults. Each leaves one replica of each shard, unless its name says
// otherwise.
func (all *installation) faults() (list []fault) {
	nothing := func() error { return nil }
	killed := func(kill func()) func() error { return func() error { kill(); return nil } }
	for _, n := range all.clickhouse.Nodes {
		list = append(list,
			fault{n.Name + " is killed", killed(n.Kill), n.Start},
			fault{n.Name + " is frozen", n.Freeze, n.Thaw},
			fault{n.Name + " loses its disk", n.Wipe, nothing})
	}
	for i := 0; i < len(all.clickhouse.Nodes); i += 2 {
		a, b := all.clickhouse.Nodes[i], all.clickhouse.Nodes[i+1]
		list = append(list, fault{fmt.Sprintf("shard %d is away", a.Shard),
			func() error { a.Kill(); return b.Freeze() }, func() error { return errors.Join(b.Thaw(), a.Start()) }})
	}
	zookeeper, postgres := all.clickhouse.ZooKeeper, all.postgres
	list = append(list,
		fault{"ZooKeeper is killed", killed(zookeeper.Kill), zookeeper.Start},
		fault{"ZooKeeper is frozen", zookeeper.Freeze, zookeeper.Thaw},
		fault{"PostgreSQL is killed", killed(postgres.Kill), postgres.Start})
	for _, s := range all.servers {
		list = append(list, fault{s.Name + " is killed", killed(s.Kill), s.Start}, fault{s.Name + " is frozen", s.Freeze, s.Thaw})
	}
	return list
}

// visits are clicks that visitors made.
type visits struct{ sent, answered atomic.Uint64 }

// chaos makes servers fail, one after another, while visitors click on links at all servers
// of footfall. Then it compares the clicks that were answered with the counts of each
// server.
func chaos(ctx context.Context, all *installation, lasts time.Duration, seed uint64) error {
	token, _, err := all.program.Run(ctx, "", "user", "add", "ann", "--data", all.servers[0].data)
	if err != nil {
		return err
	}
	token = strings.TrimSpace(token)
	var hashes []string
	for i := range chaosLinks {
		p := harness.Process{URL: all.servers[i%len(all.servers)].url}
		short, err := p.Shorten(token, fmt.Sprintf("https://example.org/%d", i))
		if err != nil {
			return err
		}
		hashes = append(hashes, short[strings.LastIndexByte(short, '/')+1:])
	}
	visiting, stop := context.WithCancel(ctx)
	defer stop()
	var v visits
	var visitors sync.WaitGroup
	for _, s := range all.servers {
		for range chaosVisitors {
			visitors.Go(func() { v.visit(visiting, s.url, hashes) })
		}
	}
	random, list := rand.New(rand.NewPCG(seed, 0)), all.faults()
	upTo := func(longest time.Duration) time.Duration {
		return time.Second + time.Duration(random.Int64N(int64(longest)))
	}
	fmt.Printf("\nseed %d, for %v\n", seed, lasts)
	for start := time.Now(); time.Since(start) < lasts && ctx.Err() == nil; {
		f := list[random.IntN(len(list))]
		if err := f.begin(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		wait(ctx, upTo(15*time.Second))
		if err := f.end(); err != nil {
			return fmt.Errorf("after: %s: %w", f.name, err)
		}
		wait(ctx, upTo(10*time.Second))
		fmt.Printf("%8s  %-32s %d clicks sent, %d answered\n", time.Since(start).Round(time.Second), f.name, v.sent.Load(), v.answered.Load())
	}
	stop()
	visitors.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := all.clickhouse.Heal(); err != nil {
		return err
	}
	return all.compare(ctx, token, &v)
}

// visit clicks on links until ctx is done. It waits for the answer to the last click, and
// counts it.
func (v *visits) visit(ctx context.Context, url string, hashes []string) {
	client := harness.NewClient(nil)
	for i := 0; ctx.Err() == nil; i++ {
		r, err := http.NewRequest(http.MethodGet, url+"/"+hashes[i%len(hashes)], nil)
		if err != nil {
			panic(err) // hashes are parts of URLs
		}
		r.Host = shortDomain
		r.Header.Set("User-Agent", harness.Browser)
		v.sent.Add(1)
		if res, _, err := harness.Do(client, r); err == nil && res.StatusCode/100 == 3 {
			v.answered.Add(1)
		}
		wait(ctx, chaosPause)
	}
}

// compare waits until all servers answer with the same counts, and these are right.
func (all *installation) compare(ctx context.Context, token string, v *visits) error {
	var reported uint64
	for _, s := range all.servers {
		log, err := os.ReadFile(s.Output)
		if err != nil {
			return err
		}
		reported += harness.NotDurable(string(log))
	}
	start := time.Now()
	for {
		right, counts := true, []string{}
		var first uint64
		for i, s := range all.servers {
			p := harness.Process{URL: s.url}
			n, err := p.Clicks("user/clicks?", token)
			if err != nil {
				right, counts = false, append(counts, err.Error())
				continue
			}
			if i == 0 {
				first = n
			}
			right = right && n == first && n+reported >= v.answered.Load() && n <= v.sent.Load()
			counts = append(counts, strconv.FormatUint(n, 10))
		}
		if right || time.Since(start) > chaosSettle || ctx.Err() != nil {
			fmt.Printf("\n%d clicks sent, %d answered, %d of them reported as not durable; counts after %v: %s\n",
				v.sent.Load(), v.answered.Load(), reported, time.Since(start).Round(time.Second), strings.Join(counts, ", "))
			if !right {
				return errors.New("counts differ, or are not between the clicks that were answered and sent")
			}
			break
		}
		wait(ctx, chaosPoll)
	}
	for _, s := range all.servers {
		out, _, err := all.program.Run(ctx, "", "check", "--data", s.data)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s", s.Name, out)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
