package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// redirect compares footfall's redirects with those of a bare net/http handler, which
// writes the same headers and records nothing. It measures both in turn, in pairs, on the
// machine that also makes the load.
func redirect(args []string) error {
	flags := flag.NewFlagSet("redirect", flag.ContinueOnError)
	pairs := flags.Int("pairs", 5, "pairs of runs for each figure")
	each := flags.Duration("each", 5*time.Second, "duration of a run")
	connections := flags.Int("connections", 256, "connections kept alive")
	links := flags.Int("links", 100_000, "links that are visited, by Zipf's law")
	durability := flags.String("durability", "fsync", "footfall's --durability")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(".", "bench-redirect-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := startServers(dir, *links, *durability)
	if err != nil {
		return err
	}
	defer s.stop()

	fmt.Printf("%d connections, %v a run, medians of %d pairs, --durability %s\n\n", *connections, *each, *pairs, *durability)
	one := harness.Visit(shortDomain, hashOf(0))
	zipf := zipfRequests(*links)
	var answered uint64
	for _, w := range []struct {
		name    string
		request func(connection, n int) []byte
	}{
		{"one path", func(int, int) []byte { return one }},
		{fmt.Sprintf("Zipf over %d links, 1,000 referrers, 200 countries, 10 browsers", *links), zipf},
	} {
		n, err := s.compare(w.name, *pairs, *connections, *each, w.request)
		if err != nil {
			return err
		}
		answered += n
	}
	var counted uint64
	for began := time.Now(); counted < answered && time.Since(began) < 5*time.Second; {
		if counted, err = s.footfall.Clicks("user/clicks?", s.token); err != nil {
			return err
		}
		counted -= s.before
	}
	fmt.Printf("%d clicks answered, %d counted\n", answered, counted)
	return nil
}

// compare runs pairs and prints their medians. It returns how many clicks footfall
// answered.
func (s *servers) compare(name string, pairs, connections int, each time.Duration, request func(connection, n int) []byte) (answered uint64, err error) {
	var ours, bare []load
	var ratios []float64
	for range pairs {
		b, err := generate([]string{s.bare.Addr}, connections, each, http.StatusMovedPermanently, request)
		if err != nil {
			return 0, fmt.Errorf("bare handler: %w", err)
		}
		o, err := generate([]string{s.footfall.Addr}, connections, each, http.StatusMovedPermanently, request)
		if err != nil {
			return 0, fmt.Errorf("footfall: %w", err)
		}
		bare, ours = append(bare, b), append(ours, o)
		ratios = append(ratios, o.perSecond()/b.perSecond())
		answered += o.answered
	}
	slices.Sort(ratios)
	fmt.Printf("%s\n", name)
	for _, l := range []struct {
		name  string
		loads []load
	}{{"bare net/http handler", bare}, {"footfall", ours}} {
		fmt.Printf("  %-22s %8.0f requests/s   p50 %-8v p99 %v\n", l.name,
			medianOf(l.loads, load.perSecond),
			time.Duration(medianOf(l.loads, func(l load) float64 { return float64(l.p50) })).Round(10*time.Microsecond),
			time.Duration(medianOf(l.loads, func(l load) float64 { return float64(l.p99) })).Round(10*time.Microsecond))
	}
	fmt.Printf("  ratio %.2f (%.2f to %.2f)\n\n", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
	return answered, nil
}

func medianOf(loads []load, of func(load) float64) float64 {
	values := make([]float64, len(loads))
	for i, l := range loads {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// hashOf returns the hash of the link with a number.
func hashOf(link int) string { return fmt.Sprintf("bench%d", link) }

// zipfRequests prepares requests whose links follow Zipf's law. Their addresses are in
// networks of the whole world.
func zipfRequests(links int) func(connection, n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, uint64(links-1))
	requests := make([][]byte, 200_000)
	for i := range requests {
		link, referrer, address := int(zipf.Uint64()), 1+rng.IntN(1000), 1+rng.IntN(5000)
		requests[i] = harness.Visit(shortDomain, hashOf(link), "User-Agent: "+harness.Browsers[rng.IntN(len(harness.Browsers))],
			fmt.Sprintf("Referer: https://example.org/page/%d", referrer),
			fmt.Sprintf("X-Forwarded-For: %d.%d.%d.7", 1+address%220, address*7%256, address*13%256))
	}
	return func(connection, n int) []byte { return requests[(connection*7919+n)%len(requests)] }
}

// servers are the two servers that are compared, as processes of their own.
type servers struct {
	footfall, bare *harness.Process
	token          string
	before         uint64 // clicks that came with the links
}

func (s *servers) stop() {
	for _, one := range []*harness.Process{s.footfall, s.bare} {
		if one != nil {
			_ = one.Stop()
		}
	}
}

// startServers builds footfall, makes links, and starts both servers.
func startServers(dir string, links int, durability string) (_ *servers, err error) {
	program, err := harness.Build(dir)
	if err != nil {
		return nil, err
	}
	ctx, data := context.Background(), filepath.Join(dir, "data")
	feed := program.Command(ctx, "import", "--format", "bitly-feed", "--data", data, "-")
	feed.Stdin, feed.Stderr = linkFeed(links), os.Stderr
	if err := feed.Run(); err != nil {
		return nil, fmt.Errorf("make links: %w", err)
	}
	token, _, err := program.Run(ctx, "", "user", "token", "bench", "--data", data)
	if err != nil {
		return nil, err
	}
	s := &servers{token: strings.TrimSpace(token)}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	s.footfall, err = harness.Start(program.Command(ctx, "serve", "--data", data, "--durability", durability, "--trusted-proxies", "127.0.0.0/8",
		"--domain", shortDomain, "--listen", "127.0.0.1:0"))
	if err != nil {
		return nil, err
	}
	if s.before, err = s.footfall.Clicks("user/clicks?", s.token); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s.bare, err = harness.Start(exec.Command(self, "bare"))
	return s, err
}

// linkFeed returns a click feed with one click on every link.
func linkFeed(links int) io.Reader {
	r, w := io.Pipe()
	go func() {
		for i := range links {
			if _, err := fmt.Fprintf(w, `{"t":1360000000,"h":%q,"g":"g%s","l":"bench","u":"http://example.org/some/page/%d","hc":1360000000}`+"\n", hashOf(i), hashOf(i), i); err != nil {
				return
			}
		}
		_ = w.Close()
	}()
	return r
}

// bare serves the handler that footfall is compared with, until it is killed.
func bare([]string) error {
	location, cache := []string{"http://example.org/some/page/0"}, []string{"private, max-age=90"}
	length := []string{"0"}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "msg=ready url=http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Location"], h["Cache-Control"], h["Content-Length"] = location, cache, length
		w.WriteHeader(http.StatusMovedPermanently)
	}))
}
