package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// large measures footfall with years of clicks: how long it takes to start, to start after
// kill -9 under load, to answer, to back up, to restore and to check; and whether its
// memory is bounded under every kind of load. It fails if clicks are lost.
func large(args []string) error {
	flags := flag.NewFlagSet("large", flag.ContinueOnError)
	size := largeSize{together: clicksPerLine}
	flags.IntVar(&size.clicks, "clicks", 100_000_000, "clicks to import")
	flags.IntVar(&size.links, "links", 10_000_000, "links")
	flags.IntVar(&size.users, "users", 1_000_000, "users")
	kills := flags.Int("kills", 5, "how often to kill the server under load")
	endure := flags.Duration("load", 10*time.Minute, "duration of the load of every kind")
	program := flags.String("program", "", "footfall to measure; built if empty")
	dir := flags.String("dir", ".", "where to make the temporary directory")
	if err := flags.Parse(args); err != nil {
		return err
	}
	work, err := os.MkdirTemp(*dir, "bench-large-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	l := &largeRun{dir: work, size: size, data: filepath.Join(work, "data"), rng: rand.New(rand.NewPCG(3, 4))}
	if l.program, err = harness.At(*program, work); err != nil {
		return err
	}
	for _, step := range []func() error{
		l.fill, l.start, l.questions,
		func() error { return l.killUnderLoad(*kills) },
		func() error { return l.loadOfEveryKind(*endure) },
		l.stop, l.maintain,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if l.wrong > 0 {
		return fmt.Errorf("%d comparisons found wrong counts: see the lines with WRONG", l.wrong)
	}
	return nil
}

type largeRun struct {
	program   harness.Program
	dir, data string
	size      largeSize
	rng       *rand.Rand
	p         *harness.Process
	token     string // of the user live

	sent, answered, reported uint64 // clicks on live links
	referrers                int    // how many different ones link live0 had
	wrong                    int    // comparisons that failed
}

// run runs a command of the program, and prints its time and memory.
func (l *largeRun) run(what string, stdin io.Reader, args ...string) error {
	cmd := l.program.Command(context.Background(), args...)
	cmd.Stdin, cmd.Stderr = stdin, os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("footfall %s: %w", args[0], err)
	}
	fmt.Printf("%-28s %8.1f s  peak %5.0f MB  %s\n", what, time.Since(began).Seconds(), peakOf(cmd.ProcessState), lastLine(out))
	return nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

func (l *largeRun) fill() error {
	r, w := io.Pipe()
	written := make(chan error, 1)
	go func() { written <- w.CloseWithError(l.size.write(w)) }()
	what := fmt.Sprintf("import of %d M clicks", l.size.clicks/1_000_000)
	if err := l.run(what, r, "import", "--format", "ndjson", "--json", "--data", l.data, "-"); err != nil {
		return err
	}
	if err := <-written; err != nil {
		return err
	}
	for _, part := range []string{"clicks", "journal", "footfall.db"} {
		n, err := bytesIn(filepath.Join(l.data, part))
		if err != nil {
			return err
		}
		fmt.Printf("%-28s %8.0f MB\n", "  "+part, float64(n)/1e6)
	}
	return nil
}

// serve prepares the server.
func (l *largeRun) serve() *exec.Cmd {
	return l.program.Command(context.Background(), "serve", "--data", l.data, "--listen", "127.0.0.1:0", "--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8")
}

// start starts the server.
func (l *largeRun) start() (err error) {
	began := time.Now()
	if l.p, err = harness.Start(l.serve()); err != nil {
		return err
	}
	fmt.Printf("%-28s %8.2f s  now  %5.0f MB\n", "start", time.Since(began).Seconds(), memory(l.p.Cmd.Process.Pid).now)
	l.token, err = l.newToken("live")
	return err
}

func (l *largeRun) newToken(login string) (string, error) {
	token, _, err := l.program.Run(context.Background(), "", "user", "token", login, "--data", l.data)
	return strings.TrimSpace(token), err
}

// questions asks questions as the busiest user and as an average one.
func (l *largeRun) questions() error {
	for _, login := range []string{"user0", fmt.Sprint("user", l.size.users/2)} {
		token, err := l.newToken(login)
		if err != nil {
			return err
		}
		for _, q := range []string{
			"user/clicks?unit=day&units=30&rollup=false",
			"user/countries?unit=day&units=30&limit=1000",
			"user/clicks?unit=hour&units=720&rollup=false&timezone=Asia/Kathmandu&limit=1000",
			"user/popular_links?units=-1",
		} {
			const times = 200
			url := l.p.URL + "/v3/" + q + "&access_token=" + token
			if _, _, err := ask(url, 5); err != nil {
				return err
			}
			took, _, err := ask(url, times)
			if err != nil {
				return err
			}
			fmt.Printf("%-28s %8.2f ms %s\n", "question of "+login, took.Seconds()*1000/times, q)
		}
	}
	return nil
}

// killUnderLoad kills the server with -9 under load and starts it again, a number of
// times.
func (l *largeRun) killUnderLoad(times int) error {
	var ready, counted []time.Duration
	for range times {
		stop := time.AfterFunc(time.Second+time.Duration(l.rng.Int64N(int64(3*time.Second))), l.p.Kill)
		live, _ := generate([]string{l.p.Addr}, 64, 20*time.Second, http.StatusMovedPermanently, l.clicks()) // until the server is killed
		stop.Stop()
		_ = l.p.Wait()
		l.sent, l.answered, l.reported = l.sent+live.sent, l.answered+live.answered, l.reported+harness.NotDurable(l.p.Log.String())
		began := time.Now()
		p, err := harness.Start(l.serve())
		if err != nil {
			return err
		}
		l.p = p
		ready = append(ready, time.Since(began))
		n, err := l.counted(0)
		if err != nil {
			return err
		}
		counted = append(counted, time.Since(began))
		l.compare(n)
	}
	slices.Sort(ready)
	slices.Sort(counted)
	if times > 0 {
		fmt.Printf("%d times killed under load:  ready after %.2f s (at most %.2f s), all counted after %.2f s (at most %.2f s)\n", times,
			ready[times/2].Seconds(), ready[times-1].Seconds(), counted[times/2].Seconds(), counted[times-1].Seconds())
	}
	return nil
}

// counted returns how many clicks on live links are counted. It asks until all that were
// answered are counted, or gives up after a while. reported is the number of clicks that
// the log has reported as not durable and that are not in l.reported yet.
func (l *largeRun) counted(reported uint64) (n uint64, err error) {
	for began := time.Now(); time.Since(began) < harness.Timeout; {
		if n, err = l.p.Clicks("user/clicks?", l.token); err != nil || n+l.reported+reported >= l.answered {
			break
		}
	}
	return n, err
}

// compare compares the counted clicks on live links with those sent and answered.
func (l *largeRun) compare(n uint64) {
	fmt.Printf("%d clicks on the live links sent, %d answered, %d reported as not durable, %d counted\n", l.sent, l.answered, l.reported, n)
	if n+l.reported < l.answered || n > l.sent {
		l.wrong++
		fmt.Println("WRONG: clicks were lost, or counted twice")
	}
}

// clicks makes the n-th request of a connection, for a live link. Visits of live0 come
// from 100,000 referrers in turn.
func (l *largeRun) clicks() func(connection, n int) []byte {
	var mu sync.Mutex
	return func(connection, n int) []byte {
		if n%8 == 0 {
			mu.Lock()
			defer mu.Unlock()
			l.referrers = (l.referrers + 1) % 100_000
			return visitTo(liveHash(0), fmt.Sprint("http://example.net/", l.referrers))
		}
		return visitTo(liveHash((connection*7919+n*31)%liveLinks), fmt.Sprint("http://example.com/", n%1000))
	}
}

// loadOfEveryKind sends visitors to live links, to random links and to unknown names
// at once, with clients that never read and clients that never finish their request.
func (l *largeRun) loadOfEveryKind(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	random := func(connection, n int) []byte {
		return visitTo(largeHash((connection*15_485_863+n*104_729)%l.size.links), "http://example.com/")
	}
	unknown := func(connection, n int) []byte {
		return visitTo(fmt.Sprintf("no%dx%d", connection, n), "http://example.com/")
	}
	var wg sync.WaitGroup
	loads := make([]load, 3)
	errs := make([]error, 3)
	began := time.Now()
	for i, of := range []struct {
		connections, status int
		request             func(connection, n int) []byte
	}{{32, http.StatusMovedPermanently, l.clicks()}, {16, http.StatusMovedPermanently, random}, {16, http.StatusNotFound, unknown}} {
		wg.Go(func() { loads[i], errs[i] = generate([]string{l.p.Addr}, of.connections, d, of.status, of.request) })
	}
	until := began.Add(d)
	for range 100 {
		wg.Go(func() { neverRead(l.p.Addr, l.token, until) })
		wg.Go(func() { neverFinish(l.p.Addr, until) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	fmt.Printf("under load for %v, memory in MB each half minute:", d)
	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case <-ticker.C:
			fmt.Printf(" %.0f", memory(l.p.Cmd.Process.Pid).now)
		case <-done:
			waiting = false
		}
	}
	fmt.Println()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, what := range []string{"of 1,000 links, 100,000 referrers", "of random links", "of unknown names"} {
		fmt.Printf("  %9d visits %-36s %7.0f/s, p50 %v, p99 %v, %d answered 503\n", loads[i].answered, what, loads[i].perSecond(),
			loads[i].p50.Round(10*time.Microsecond), loads[i].p99.Round(10*time.Microsecond), loads[i].refused)
	}
	l.sent, l.answered = l.sent+loads[0].sent, l.answered+loads[0].answered
	reported := harness.NotDurable(l.p.Log.String())
	n, err := l.counted(reported)
	if err != nil {
		return err
	}
	if reported > 0 {
		fmt.Println(harness.Tail(l.p.Log.String()))
	}
	l.reported += reported
	l.compare(n)
	return nil
}

// stop stops the server.
func (l *largeRun) stop() error {
	began := time.Now()
	if err := l.p.Stop(); err != nil {
		return err
	}
	fmt.Printf("%-28s %8.1f s  peak %5.0f MB\n", "stop", time.Since(began).Seconds(), peakOf(l.p.Cmd.ProcessState))
	return nil
}

// maintain backs up, restores, rebuilds and checks.
func (l *largeRun) maintain() error {
	backups := filepath.Join(l.dir, "backups")
	for _, c := range []struct {
		what string
		args []string
	}{
		{"check", []string{"check", "--data", l.data}},
		{"first backup", []string{"backup", "--data", l.data, "--to", backups}},
		{"second backup", []string{"backup", "--data", l.data, "--to", backups}},
		{"restore", []string{"restore", "--from", backups, "--data", filepath.Join(l.dir, "restored")}},
		{"rebuild", []string{"rebuild", "--data", l.data}},
	} {
		if err := l.run(c.what, nil, c.args...); err != nil {
			return err
		}
	}
	return nil
}
