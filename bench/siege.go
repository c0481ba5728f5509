package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/siege"
)

// attacks has what each connection of a siege does, by the name of the attack.
func attacks(path string) map[string]func(siege.Target) (*siege.Conn, error) {
	return map[string]func(siege.Target) (*siege.Conn, error){
		"silent":    siege.Silent,
		"lines":     func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 1<<20, 8<<10) },
		"headers":   func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 34<<10, 8<<10) },
		"tiny":      func(t siege.Target) (*siege.Conn, error) { return siege.Headers(t, 34<<10, 7) },
		"body":      siege.Body,
		"idle":      func(t siege.Target) (*siege.Conn, error) { return siege.Idle(t, path) },
		"h2idle":    func(t siege.Target) (*siege.Conn, error) { return siege.Idle2(t, path) },
		"h2hold":    func(t siege.Target) (*siege.Conn, error) { return siege.Hold(t, path, 500) },
		"h2open":    func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 1) },
		"h2streams": func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 100) },
		"h2fields":  func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 100, siege.Fields(900, 1)...) },
		"h2large":   func(t siege.Target) (*siege.Conn, error) { return siege.Open(t, 100, siege.Fields(3, 8<<10)...) },
		"h2body":    func(t siege.Target) (*siege.Conn, error) { return siege.Bodies(t, 100, 60_000) },
		"h2cont":    func(t siege.Target) (*siege.Conn, error) { return siege.Endless(t, 0, 16<<10) },
		"h2half":    siege.Half,
	}
}

// besiege attacks a running server, and prints how it answers visitors during the attack.
func besiege(args []string) error {
	f := flag.NewFlagSet("siege", flag.ExitOnError)
	addr := f.String("addr", "127.0.0.1:8080", "address of the server")
	pid := f.Int("pid", 0, "process of the server, to print its memory")
	secure := f.Bool("tls", false, "use https")
	name := f.String("attack", "silent", "attack: "+strings.Join(slices.Sorted(maps.Keys(attacks(""))), ", "))
	path := f.String("path", "/healthz", "path that visitors ask for, and attackers that never read")
	n := f.Int("n", 100, "number of attacking connections")
	from := f.String("from", "127.0.0.1", "addresses of the attackers, separated by commas")
	visitors := f.String("visitors", "127.0.0.1,127.0.0.2", "addresses of the visitors, separated by commas")
	pause := f.Duration("pause", time.Second, "pause before an attacker replaces a connection that ended")
	last := f.Duration("for", 30*time.Second, "duration after all attackers have connected")
	_ = f.Parse(args)
	attack := attacks(*path)[*name]
	if attack == nil {
		return fmt.Errorf("there is no attack %q: the attacks are %s", *name, strings.Join(slices.Sorted(maps.Keys(attacks(*path))), ", "))
	}
	target := siege.Target{Addr: *addr, TLS: *secure, Host: shortDomain}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var wg sync.WaitGroup
	var open, ended, failed atomic.Int64
	all := strings.Split(*from, ",")
	begin := make(chan struct{}, 64) // how many connect at once
	began := sync.WaitGroup{}
	began.Add(*n)
	for i := range *n {
		t := target
		t.From = all[i%len(all)]
		wg.Go(func() {
			first := sync.OnceFunc(began.Done)
			for ctx.Err() == nil {
				begin <- struct{}{}
				c, err := attack(t)
				<-begin
				first()
				if err != nil {
					failed.Add(1)
				} else {
					open.Add(1)
					select {
					case <-c.Done():
						ended.Add(1)
					case <-ctx.Done():
					}
					open.Add(-1)
					_ = c.Close()
				}
				select {
				case <-ctx.Done():
				case <-time.After(*pause):
				}
			}
		})
	}
	seen := make([]chan probes, 0, 2)
	for _, v := range strings.Split(*visitors, ",") {
		c := make(chan probes, 1)
		go func() { c <- probe(ctx, *addr, v, *secure, *path) }()
		seen = append(seen, c)
	}
	fmt.Printf("before: %s\n", resident(*pid))
	start := time.Now()
	began.Wait()
	fmt.Printf("%s: %d connections after %v: %d open, %d ended, %d failed; %s\n", *name, *n, time.Since(start).Round(time.Millisecond), open.Load(), ended.Load(), failed.Load(), resident(*pid))
	for left := *last; left > 0; left -= 10 * time.Second {
		<-time.After(min(left, 10*time.Second))
		fmt.Printf("after %v: %d open, %d ended, %d failed; %s\n", time.Since(start).Round(time.Second), open.Load(), ended.Load(), failed.Load(), resident(*pid))
	}
	stop()
	for i, c := range seen {
		fmt.Printf("visitors from %s: %s\n", strings.Split(*visitors, ",")[i], <-c)
	}
	wg.Wait()
	return nil
}

// probes holds the times that visitors waited, and how often each error occurred.
type probes struct {
	took []time.Duration
	bad  map[string]int
}

func (p probes) String() string {
	if len(p.took) == 0 {
		return fmt.Sprintf("none answered, %v", p.bad)
	}
	slices.Sort(p.took)
	return fmt.Sprintf("%d answered, median %v, slowest %v; not answered: %v", len(p.took), p.took[len(p.took)/2].Round(10*time.Microsecond),
		p.took[len(p.took)-1].Round(10*time.Microsecond), p.bad)
}

// probe visits four times a second from an address until ctx is done, each time over a
// new connection. A visitor waits at most 5 s.
func probe(ctx context.Context, addr, from string, secure bool, path string) (p probes) {
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	p.bad = map[string]int{}
	for ctx.Err() == nil {
		visitor := harness.NewClient(&tls.Config{InsecureSkipVerify: true})
		visitor.Timeout = 5 * time.Second
		visitor.Transport.(*http.Transport).DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext
		began := time.Now()
		answer, err := visitor.Get(scheme + "://" + addr + path)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
		switch {
		case err != nil:
			for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
				err = inner
			}
			p.bad[err.Error()]++
		case answer.StatusCode >= 500:
			p.bad[answer.Status]++
		default:
			p.took = append(p.took, time.Since(began))
		}
		visitor.CloseIdleConnections()
		select {
		case <-ctx.Done():
		case <-time.After(250 * time.Millisecond):
		}
	}
	return p
}

// resident returns what the kernel reports about the memory of a process.
func resident(pid int) string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "memory unknown"
	}
	var lines []string
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "Threads") {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(lines, ", ")
}
