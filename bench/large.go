package main

import (
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
)

// large shows footfall with years of clicks in it: how long it takes to start,
// also after kill -9 under load, to answer, to be backed up, restored and
// checked, and whether its memory is bounded whatever comes.
func large(args []string) error {
	flags := flag.NewFlagSet("large", flag.ContinueOnError)
	var size largeSize
	flags.IntVar(&size.clicks, "clicks", 100_000_000, "clicks that are counted before")
	flags.IntVar(&size.links, "links", 10_000_000, "links")
	flags.IntVar(&size.users, "users", 1_000_000, "users")
	kills := flags.Int("kills", 5, "how often the server is killed under load")
	endure := flags.Duration("load", 10*time.Minute, "how long it is under load of every kind")
	program := flags.String("program", "", "the footfall to look at; built if empty")
	dir := flags.String("dir", ".", "where to work: a temporary directory in it")
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
	if *program == "" {
		*program = filepath.Join(work, "footfall")
		if out, err := exec.Command("go", "build", "-o", *program, "github.com/footfall/footfall/cmd/footfall").CombinedOutput(); err != nil {
			return fmt.Errorf("build footfall: %w\n%s", err, out)
		}
	}
	l := &largeHouse{trial: &trial{program: *program, dir: work}, size: size, data: filepath.Join(work, "data"), rng: rand.New(rand.NewPCG(3, 4))}
	for _, step := range []func() error{
		l.fill, l.begin, l.questions,
		func() error { return l.killed(*kills) },
		func() error { return l.endure(*endure) },
		l.end, l.keep,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if l.wrongs > 0 {
		return fmt.Errorf("%d things were wrong", l.wrongs)
	}
	return nil
}

type largeHouse struct {
	*trial
	size  largeSize
	data  string
	rng   *rand.Rand
	p     *process
	token string

	sent, answered, reported uint64 // of live links
	referrers                int    // different ones that link live0 had
}

// run runs a command of the program, and tells what it took.
func (l *largeHouse) run(what string, stdin io.Reader, args ...string) error {
	cmd := exec.Command(l.program, args...)
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

func (l *largeHouse) fill() error {
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

// begin starts the server.
func (l *largeHouse) begin() (err error) {
	began := time.Now()
	if l.p, err = l.start(l.data); err != nil {
		return err
	}
	fmt.Printf("%-28s %8.2f s  now  %5.0f MB\n", "start", time.Since(began).Seconds(), l.p.memory())
	token, err := l.command("user", "token", "live", "--data", l.data)
	l.token = strings.TrimSpace(token)
	return err
}

// questions asks as the busiest user, and as one of the many.
func (l *largeHouse) questions() error {
	for _, login := range []string{"user0", fmt.Sprint("user", l.size.users/2)} {
		token, err := l.command("user", "token", login, "--data", l.data)
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
			url := l.p.url + "/v3/" + q + "&access_token=" + strings.TrimSpace(token)
			if _, _, err := fetch(url, 5); err != nil {
				return err
			}
			took, _, err := fetch(url, times)
			if err != nil {
				return err
			}
			fmt.Printf("%-28s %8.2f ms %s\n", "question of "+login, took.Seconds()*1000/times, q)
		}
	}
	return nil
}

// killed kills the server with -9 under load and starts it again.
func (l *largeHouse) killed(times int) error {
	var ready, counted []time.Duration
	for range times {
		stop := time.AfterFunc(time.Second+somewhen(l.rng, 3*time.Second), l.p.kill)
		live, _ := generate(l.p.addr, 64, 20*time.Second, http.StatusMovedPermanently, l.clicks()) // it ends with the server
		stop.Stop()
		<-l.p.ended
		l.bury(l.p)
		l.sent, l.answered, l.reported = l.sent+live.sent, l.answered+live.answered, l.reported+l.p.notDurable()
		began := time.Now()
		p, err := l.launch(l.data)
		if err != nil {
			return err
		}
		l.p = p
		select {
		case <-p.ready:
		case <-p.ended:
			return fmt.Errorf("the server did not start again: %s", p.tail())
		}
		ready = append(ready, time.Since(began))
		n := uint64(0)
		for time.Since(began) < patience && n+l.reported < l.answered {
			if n, err = p.clicks("user/clicks?", l.token); err != nil {
				return err
			}
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

// compare compares what is counted of live links.
func (l *largeHouse) compare(n uint64) {
	if n+l.reported < l.answered || n > l.sent {
		l.wrong("%d clicks sent, %d answered, %d reported as not durable, %d counted", l.sent, l.answered, l.reported, n)
	}
}

// clicks makes requests for live links by connection and number; live0 has
// another referrer each time, until it had 100,000.
func (l *largeHouse) clicks() func(connection, n int) []byte {
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

// endure has visitors of live links, of random ones among all, and of names
// that are none, at once; clients that never read, and clients that never
// finish their request.
func (l *largeHouse) endure(d time.Duration) error {
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
		wg.Go(func() { loads[i], errs[i] = generate(l.p.addr, of.connections, d, of.status, of.request) })
	}
	until := began.Add(d)
	for range 100 {
		wg.Go(func() { neverRead(l.p.addr, l.token, until) })
		wg.Go(func() { neverFinish(l.p.addr, until) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	fmt.Printf("under load for %v, memory in MB each half minute:", d)
	ticker := time.NewTicker(30 * time.Second)
	defer ticker.Stop()
	for waiting := true; waiting; {
		select {
		case <-ticker.C:
			fmt.Printf(" %.0f", l.p.memory())
		case <-done:
			waiting = false
		}
	}
	fmt.Println()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, what := range []string{"of 1,000 links, a 100,000 referrers", "of links drawn from all", "of names that are none"} {
		fmt.Printf("  %9d visits %-36s %7.0f/s, p50 %v, p99 %v, %d answered 503\n", loads[i].answered, what, loads[i].perSecond(),
			loads[i].p50.Round(10*time.Microsecond), loads[i].p99.Round(10*time.Microsecond), loads[i].refused)
	}
	l.sent, l.answered = l.sent+loads[0].sent, l.answered+loads[0].answered
	n := uint64(0)
	for waited := time.Now(); time.Since(waited) < patience && n+l.reported+l.p.notDurable() < l.answered; {
		var err error
		if n, err = l.p.clicks("user/clicks?", l.token); err != nil {
			return err
		}
	}
	if l.p.notDurable() > 0 {
		fmt.Println(l.p.tail())
	}
	l.reported += l.p.notDurable()
	l.compare(n)
	fmt.Printf("%d clicks on the 1,000 links sent, %d answered, %d reported as not durable, %d counted\n", l.sent, l.answered, l.reported, n)
	return nil
}

// end stops the server in order.
func (l *largeHouse) end() error {
	began := time.Now()
	if err := l.p.stop(); err != nil {
		return err
	}
	fmt.Printf("%-28s %8.1f s  peak %5.0f MB\n", "stop", time.Since(began).Seconds(), peakOf(l.p.cmd.ProcessState))
	return nil
}

// keep backs up, restores and checks.
func (l *largeHouse) keep() error {
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
