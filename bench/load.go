package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// load is what a load generator saw.
type load struct {
	sent, answered uint64
	refused        uint64 // with 503: a name could not be looked up in time
	took           time.Duration
	p50, p99       time.Duration
}

func (l load) perSecond() float64 { return float64(l.answered) / l.took.Seconds() }

// generate asks for d over so many connections that are kept alive, each
// sending its next request once the last is answered. request returns the
// bytes of the n-th request of a connection; only answers of the wanted status
// count, and any but 503 is an error.
func generate(addr string, connections int, d time.Duration, status int, request func(connection, n int) []byte) (load, error) {
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
			own, took, err := converse(addr, began.Add(d), status, func(n int) []byte { return request(i, n) })
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

// converse is one connection's part.
func converse(addr string, until time.Time, status int, request func(n int) []byte) (l load, times []time.Duration, err error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return l, nil, err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 4096)
	for n := 0; ; n++ {
		now := time.Now()
		if !now.Before(until) {
			return l, times, nil
		}
		if _, err := c.Write(request(n)); err != nil {
			return l, times, err
		}
		l.sent++
		got, err := readAnswer(r)
		switch {
		case err != nil:
			return l, times, err
		case got == http.StatusServiceUnavailable:
			l.refused++
		case got != status:
			return l, times, fmt.Errorf("the server answered %d, want %d", got, status)
		default:
			l.answered++
		}
		if n%8 == 0 { // a sample is enough for quantiles
			times = append(times, time.Since(now))
		}
	}
}

var contentLength = []byte("Content-Length: ")

// readAnswer reads one answer of HTTP/1.1 with a length, and its status.
func readAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	length := 0
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) == 2 {
			_, err = io.CopyN(io.Discard, r, int64(length))
			return status, err
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, err
			}
		}
	}
}
