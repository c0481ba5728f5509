package main

import (
	"fmt"
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
