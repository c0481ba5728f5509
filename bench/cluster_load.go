package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// clusterLoad compares two servers of footfall that share ClickHouse and PostgreSQL with one
// that keeps its counts and links itself. All of them run on this machine, and so does the load.
func clusterLoad(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster load", flag.ContinueOnError)
	var o loadOptions
	dir := flags.String("dir", "", dirUsage)
	flags.IntVar(&o.pairs, "pairs", 3, "pairs of runs")
	flags.DurationVar(&o.each, "each", 20*time.Second, "duration of a run")
	flags.IntVar(&o.connections, "connections", 128, "connections kept alive")
	flags.IntVar(&o.rate, "rate", 500, "visits per second while visits are timed")
	flags.IntVar(&o.links, "links", 10_000, "links that are visited, by Zipf's law")
	flags.StringVar(&o.feed, "feed", "internal/faces/feed/testdata/*.gz", "files of Bitly's click feed, to import first")
	flags.IntVar(&o.trials, "trials", 40, "how often a click is awaited in the answers")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return withInstallation(ctx, *dir, 2, func(all *installation) error {
		both, err := all.sides(ctx, &o)
		if err != nil {
			return err
		}
		defer func() { _ = both[0].own.Stop() }()
		if err := all.importFeed(ctx, &o, both); err != nil {
			return err
		}
		before, err := all.rows()
		if err != nil {
			return err
		}
		before.clicks = both[1].clicks
		for _, step := range []func(context.Context, *loadOptions, []*side) error{runPairs, timeVisits, awaitClicks, printMemory} {
			if err := step(ctx, &o, both); err != nil {
				return err
			}
		}
		return all.printRows("the load", before, both[1].clicks)
	})
}

type loadOptions struct {
	pairs, connections, rate, links, trials int
	each                                    time.Duration
	feed                                    string
}

// side is one of the two installations that are compared.
type side struct {
	name   string
	own    *harness.Process // of the embedded one
	data   string           // of the first server
	addrs  []string
	token  string
	parts  []part
	clicks uint64 // that were counted
}

// part is the processes of one kind.
type part struct {
	name string
	pids []int
}

// sides starts the embedded server, and makes the links on both sides.
func (all *installation) sides(ctx context.Context, o *loadOptions) ([]*side, error) {
	data := filepath.Join(all.dir, "embedded")
	server, err := harness.Start(all.program.Command(ctx, "serve", "--data", data, "--listen", "127.0.0.1:0",
		"--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8"))
	if err != nil {
		return nil, err
	}
	embedded := &side{name: "embedded", own: server, data: data, addrs: []string{server.Addr}, parts: []part{{"footfall", []int{server.Cmd.Process.Pid}}}}
	shared := &side{name: "cluster", data: all.servers[0].data, parts: make([]part, 4)}
	for i, name := range []string{"footfall", "ClickHouse", "ZooKeeper", "PostgreSQL"} {
		shared.parts[i].name = name
	}
	for _, s := range all.servers {
		shared.addrs = append(shared.addrs, strings.TrimPrefix(s.url, "http://"))
		shared.parts[0].pids = append(shared.parts[0].pids, s.Pid())
	}
	for _, n := range all.clickhouse.Nodes {
		shared.parts[1].pids = append(shared.parts[1].pids, n.Pid())
	}
	shared.parts[2].pids = []int{all.clickhouse.ZooKeeper.Pid()}
	shared.parts[3].pids = []int{all.postgres.Pid()}
	both := []*side{embedded, shared}
	for _, s := range both {
		feed := all.program.Command(ctx, "import", "--format", "bitly-feed", "--data", s.data, "-")
		feed.Stdin, feed.Stderr = linkFeed(o.links), os.Stderr
		if err := feed.Run(); err != nil {
			return nil, fmt.Errorf("make links: %w", err)
		}
		token, _, err := all.program.Run(ctx, "", "user", "token", "bench", "--data", s.data)
		if err != nil {
			return nil, err
		}
		s.token = strings.TrimSpace(token)
		if err := s.await(uint64(o.links), 0); err != nil {
			return nil, err
		}
	}
	return both, nil
}

// importFeed imports files on both sides, and prints how long it takes until their clicks are
// counted.
func (all *installation) importFeed(ctx context.Context, o *loadOptions, both []*side) error {
	files, err := filepath.Glob(o.feed)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("-feed %s matches no file: start bench in the root of the repository", o.feed)
	}
	before, err := all.rows()
	if err != nil {
		return err
	}
	var took [2]float64
	var clicks uint64
	for i, s := range both {
		began := time.Now()
		out, _, err := all.program.Run(ctx, "", append([]string{"import", "--format", "bitly-feed", "--json", "--data", s.data}, files...)...)
		if err != nil {
			return err
		}
		if _, err := s.visitAndAwait(0); err != nil { // a journal is counted in its order
			return err
		}
		took[i], clicks = time.Since(began).Seconds(), 0
		for line := range strings.Lines(out) {
			var file struct{ Clicks uint64 }
			if err := json.Unmarshal([]byte(line), &file); err != nil {
				return fmt.Errorf("import printed %q: %w", line, err)
			}
			clicks += file.Clicks
		}
	}
	fmt.Printf("\n%d clicks of a feed: %.1f s embedded, %.1f s in the cluster through one server, ratio %.1f\n", clicks, took[0], took[1], took[1]/took[0])
	return all.printRows("the feed", before, clicks)
}

// count returns the clicks in the answers of one server.
func (s *side) count(server int) (uint64, error) {
	p := harness.Process{URL: "http://" + s.addrs[server]}
	return p.Clicks("user/clicks?", s.token)
}

// await waits until a server has that many more clicks in its answers.
func (s *side) await(more uint64, server int) error {
	s.clicks += more
	for began := time.Now(); ; {
		n, err := s.count(server)
		if err != nil || n >= s.clicks {
			return err
		}
		if time.Since(began) > harness.Timeout {
			return fmt.Errorf("%s: %d clicks were answered, %d are counted", s.name, s.clicks, n)
		}
		time.Sleep(time.Millisecond)
	}
}

// runPairs sends as many visits as each side answers, in turn, and prints medians.
func runPairs(_ context.Context, o *loadOptions, both []*side) error {
	request := zipfRequests(o.links)
	var recorded, counted, ratios, countRatios []float64 // of both sides in turn
	cost := map[string][]float64{}                       // µs a click
	for range o.pairs {
		for _, s := range both {
			var before []time.Duration
			for _, p := range s.parts {
				before = append(before, p.processorTime())
			}
			began := time.Now()
			l, err := generate(s.addrs, o.connections, o.each, http.StatusMovedPermanently, request)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if err := s.await(l.answered, 0); err != nil {
				return err
			}
			recorded = append(recorded, l.perSecond())
			counted = append(counted, float64(l.answered)/time.Since(began).Seconds())
			for i, p := range s.parts {
				name := s.name + " " + p.name
				cost[name] = append(cost[name], (p.processorTime()-before[i]).Seconds()*1e6/float64(l.answered))
			}
		}
		n := len(recorded)
		ratios = append(ratios, recorded[n-1]/recorded[n-2])
		countRatios = append(countRatios, counted[n-1]/counted[n-2])
	}
	fmt.Printf("\n%d connections, Zipf over %d links, runs of %v, medians of %d pairs\n\n%-10s %14s %14s\n",
		o.connections, o.links, o.each, o.pairs, "clicks/s", "recorded", "counted")
	for i, s := range both {
		fmt.Printf("%-10s %14.0f %14.0f\n", s.name, table.Quantile(everySecond(recorded, i), 0.5), table.Quantile(everySecond(counted, i), 0.5))
	}
	fmt.Printf("%-10s %14.2f %14.2f\n\nprocessor time, µs a click\n", "ratio", table.Quantile(ratios, 0.5), table.Quantile(countRatios, 0.5))
	for _, s := range both {
		for _, p := range s.parts {
			fmt.Printf("  %-24s %8.1f\n", s.name+", "+p.name, table.Quantile(cost[s.name+" "+p.name], 0.5))
		}
	}
	return nil
}

// everySecond returns every second value, from the index first on.
func everySecond(values []float64, first int) (some []float64) {
	for i := first; i < len(values); i += 2 {
		some = append(some, values[i])
	}
	return some
}

func (p part) processorTime() (sum time.Duration) {
	for _, pid := range p.pids {
		sum += processorTime(pid)
	}
	return sum
}

// timeVisits sends visits at a rate that all servers can bear, and prints how long answers take.
func timeVisits(_ context.Context, o *loadOptions, both []*side) error {
	const connections = 8
	request := zipfRequests(o.links)
	pause := connections * time.Second / time.Duration(o.rate)
	fmt.Printf("\nvisits, %d a second, in ms\n%-10s %8s %8s\n", o.rate, "", "p50", "p99")
	var p50, p99 []float64
	for range o.pairs {
		for _, s := range both {
			began := time.Now()
			l, err := generate(s.addrs, connections, o.each, http.StatusMovedPermanently, func(connection, n int) []byte {
				time.Sleep(time.Until(began.Add(time.Duration(n)*pause + time.Duration(connection)*pause/connections)))
				return request(connection, n)
			})
			if err := errors.Join(err, s.await(l.answered, 0)); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			p50, p99 = append(p50, l.p50.Seconds()*1000), append(p99, l.p99.Seconds()*1000)
		}
	}
	var medians [2][2]float64
	for i, s := range both {
		medians[i] = [2]float64{table.Quantile(everySecond(p50, i), 0.5), table.Quantile(everySecond(p99, i), 0.5)}
		fmt.Printf("%-10s %8.2f %8.2f\n", s.name, medians[i][0], medians[i][1])
	}
	fmt.Printf("%-10s %8.2f %8.2f\n", "ratio", medians[1][0]/medians[0][0], medians[1][1]/medians[0][1])
	return nil
}

// awaitClicks sends single clicks, and prints how long it takes until they are in the answers: of
// the server that was visited, and of the last one.
func awaitClicks(_ context.Context, o *loadOptions, both []*side) error {
	fmt.Printf("\nfrom a visit to the answers, in ms\n%-28s %8s %8s\n", "", "p50", "most")
	for _, s := range both {
		for asked := range s.addrs {
			var times []float64
			for i := range o.trials {
				time.Sleep(time.Duration(i*37%100) * 10 * time.Millisecond) // to come at any time between two batches
				took, err := s.visitAndAwait(asked)
				if err != nil {
					return err
				}
				times = append(times, took.Seconds()*1000)
			}
			of := "the same server"
			if asked > 0 {
				of = "another server"
			}
			fmt.Printf("%-28s %8.0f %8.0f\n", s.name+", "+of, table.Quantile(times, 0.5), table.Quantile(times, 1))
		}
	}
	return nil
}

// visitAndAwait sends a click to the first server, and returns how long it takes after that until
// it is in the answers of a server.
func (s *side) visitAndAwait(server int) (time.Duration, error) {
	sent := false
	err := harness.Talk(s.addrs[0], func() ([]byte, func(int) error) {
		if sent {
			return nil, nil
		}
		sent = true
		return harness.Visit(shortDomain, hashOf(0)), func(int) error { return nil }
	})
	began := time.Now()
	err = errors.Join(err, s.await(1, server))
	return time.Since(began), err
}

func printMemory(_ context.Context, _ *loadOptions, both []*side) error {
	fmt.Printf("\n%-28s %8s %8s\n", "memory of each, MB", "now", "peak")
	for _, s := range both {
		for _, p := range s.parts {
			for _, pid := range p.pids {
				m := memory(pid)
				fmt.Printf("%-28s %8.0f %8.0f\n", s.name+", "+p.name, m.now, m.peak)
			}
		}
	}
	return nil
}
