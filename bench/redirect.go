package main

import (
	"bytes"
	"encoding/json"
	"errors"
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
)

// redirect measures footfall's redirects beside those of a bare net/http
// handler that writes the same headers and records nothing: alternating pairs
// in one run, on one machine that also makes the load.
func redirect(args []string) error {
	flags := flag.NewFlagSet("redirect", flag.ContinueOnError)
	pairs := flags.Int("pairs", 5, "pairs of runs for each figure")
	each := flags.Duration("each", 5*time.Second, "how long a run lasts")
	connections := flags.Int("connections", 256, "connections kept alive")
	links := flags.Int("links", 100_000, "links that are clicked, by Zipf's law")
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
	one := func(int, int) []byte { return clickOf(0, 0, 0) }
	zipf := zipfRequests(*links)
	var answered uint64
	for _, w := range []struct {
		name    string
		request func(connection, n int) []byte
	}{
		{"one path", one},
		{fmt.Sprintf("Zipf over %d links, 1,000 referrers, 200 countries", *links), zipf},
	} {
		n, err := s.compare(w.name, *pairs, *connections, *each, w.request)
		if err != nil {
			return err
		}
		answered += n
	}
	var counted uint64
	for began := time.Now(); counted < answered && time.Since(began) < 5*time.Second; {
		if counted, err = s.counted(); err != nil {
			return err
		}
	}
	fmt.Printf("%d clicks answered, %d counted\n", answered, counted)
	return nil
}

// compare runs pairs and prints their medians. It returns how many clicks
// footfall answered.
func (s *servers) compare(name string, pairs, connections int, each time.Duration, request func(connection, n int) []byte) (answered uint64, err error) {
	var ours, bare []load
	var ratios []float64
	for range pairs {
		b, err := generate(s.bareAddr, connections, each, http.StatusMovedPermanently, request)
		if err != nil {
			return 0, fmt.Errorf("bare handler: %w", err)
		}
		o, err := generate(s.addr, connections, each, http.StatusMovedPermanently, request)
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

// hashOf is the hash of a link of the benchmark.
func hashOf(link int) string { return fmt.Sprintf("bench%d", link) }

// clickOf is the request of a click.
func clickOf(link, referrer, address int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET /%s HTTP/1.1\r\nHost: sho.rt\r\n", hashOf(link))
	b.WriteString("User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n")
	if referrer > 0 {
		fmt.Fprintf(&b, "Referer: https://example.org/page/%d\r\n", referrer)
	}
	if address > 0 {
		fmt.Fprintf(&b, "X-Forwarded-For: %d.%d.%d.7\r\n", 1+address%220, address*7%256, address*13%256)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// zipfRequests prepares requests whose links follow Zipf's law; addresses are
// spread over the networks of the world.
func zipfRequests(links int) func(connection, n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, uint64(links-1))
	requests := make([][]byte, 200_000)
	for i := range requests {
		requests[i] = clickOf(int(zipf.Uint64()), 1+rng.IntN(1000), 1+rng.IntN(5000))
	}
	return func(connection, n int) []byte { return requests[(connection*7919+n)%len(requests)] }
}

// servers are the two that are compared, as processes of their own.
type servers struct {
	addr, bareAddr string
	token          string
	processes      []*exec.Cmd
}

func (s *servers) stop() {
	for _, p := range s.processes {
		_ = p.Process.Signal(os.Interrupt)
		_ = p.Wait()
	}
}

// startServers builds footfall, gives it links, and starts both servers.
func startServers(dir string, links int, durability string) (_ *servers, err error) {
	footfall := filepath.Join(dir, "footfall")
	if out, err := exec.Command("go", "build", "-o", footfall, "github.com/footfall/footfall/cmd/footfall").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build footfall: %w\n%s", err, out)
	}
	data := filepath.Join(dir, "data")
	feed := exec.Command(footfall, "import", "--format", "bitly-feed", "--data", data, "-")
	feed.Stdin, feed.Stderr = linkFeed(links), os.Stderr
	if err := feed.Run(); err != nil {
		return nil, fmt.Errorf("make links: %w", err)
	}
	token, err := exec.Command(footfall, "user", "token", "bench", "--data", data).Output()
	if err != nil {
		return nil, fmt.Errorf("make a token: %w", err)
	}
	s := &servers{token: strings.TrimSpace(string(token))}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	if s.addr, err = s.start(footfall, "serve", "--data", data, "--durability", durability, "--trusted-proxies", "127.0.0.0/8", "--listen"); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s.bareAddr, err = s.start(self, "bare")
	return s, err
}

// start starts a server that takes its address as the last argument, and waits
// until it answers.
func (s *servers) start(program string, args ...string) (addr string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	addr = l.Addr().String()
	_ = l.Close()
	p := exec.Command(program, append(args, addr)...)
	p.Stderr = os.Stderr
	if err := p.Start(); err != nil {
		return "", err
	}
	s.processes = append(s.processes, p)
	ask := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 200 {
		if r, err := ask.Get("http://" + addr + "/healthz"); err == nil {
			_ = r.Body.Close()
			return addr, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("%s does not answer", program)
}

// linkFeed is a click feed that names every link once.
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

// counted asks footfall how many of the clicks it counts, those of the feed
// aside.
func (s *servers) counted() (n uint64, err error) {
	r, err := http.Get("http://" + s.addr + "/v3/user/clicks?unit=month&units=2&access_token=" + s.token)
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	var answer struct {
		Data struct {
			UserClicks uint64 `json:"user_clicks"`
		} `json:"data"`
	}
	err = json.NewDecoder(r.Body).Decode(&answer)
	return answer.Data.UserClicks, err
}

// bare is the handler that footfall is compared with.
func bare(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: bench bare ADDR")
	}
	location, cache := []string{"http://example.org/some/page/0"}, []string{"private, max-age=90"}
	length := []string{"0"}
	return http.ListenAndServe(args[0], http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h["Location"], h["Cache-Control"], h["Content-Length"] = location, cache, length
		w.WriteHeader(http.StatusMovedPermanently)
	}))
}
