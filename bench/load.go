package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// load holds the results of all connections of a load generator.
type load struct {
	sent, answered uint64
	refused        uint64 // answers with 503
	took           time.Duration
	p50, p99       time.Duration // of the time until an answer
}

func (l load) perSecond() float64 { return float64(l.answered) / l.took.Seconds() }

// generate sends requests to servers for d over connections that are kept alive, each
// sending its next request once the last was answered. request returns the n-th request of a
// connection. Answers with the wanted status count; any other status than that and 503
// is an error.
func generate(servers []string, connections int, d time.Duration, status int, request func(connection, n int) []byte) (load, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total load
		times []time.Duration
		fail  error
	)
	began := time.Now()
	for i := range connections {
		wg.Go(func() {
			own, took, err := oneConnection(servers[i%len(servers)], began.Add(d), status, func(n int) []byte { return request(i, n) })
			mu.Lock()
			defer mu.Unlock()
			total.sent += own.sent
			total.answered += own.answered
			total.refused += own.refused
			times = append(times, took...)
			if err != nil {
				fail = err
			}
		})
	}
	wg.Wait()
	total.took = time.Since(began)
	if len(times) > 0 {
		slices.Sort(times)
		total.p50, total.p99 = times[len(times)/2], times[len(times)*99/100]
	}
	return total, fail
}

// oneConnection holds the results of one connection. times has the time of every eighth
// answer, which is enough for quantiles.
func oneConnection(addr string, until time.Time, status int, request func(n int) []byte) (l load, times []time.Duration, err error) {
	n := 0
	err = harness.Talk(addr, func() ([]byte, func(int) error) {
		if !time.Now().Before(until) {
			return nil, nil
		}
		sample, bytes := n%8 == 0, request(n)
		l.sent++
		n++
		began := time.Now()
		return bytes, func(got int) error {
			switch got {
			case status:
				l.answered++
			case http.StatusServiceUnavailable:
				l.refused++
			default:
				return fmt.Errorf("the server answered %d, want %d", got, status)
			}
			if sample {
				times = append(times, time.Since(began))
			}
			return nil
		}
	})
	return l, times, err
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
