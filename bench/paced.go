package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// schedule says when requests are due. All connections together are due at the rate, and
// each at the same distance.
type schedule struct {
	connections int
	perSecond   float64
}

// due returns when the n-th request of a connection is due, after the start.
func (s schedule) due(connection, n int) time.Duration {
	return time.Duration((float64(n)*float64(s.connections) + float64(connection)) / s.perSecond * float64(time.Second))
}

// paced sends requests at a fixed rate, whether or not earlier ones were answered, and returns how
// long each took, in milliseconds: from the instant at which it was due, so that a request that
// waited for a connection has that time too. The first tenth of the requests is not measured.
func paced(addr string, s schedule, d time.Duration, request func(connection, n int) []byte) ([]float64, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		times []float64
		fail  error
	)
	start := time.Now()
	for i := range s.connections {
		wg.Go(func() {
			own, n := make([]float64, 0, int(d.Seconds()*s.perSecond)/s.connections+1), 0
			err := harness.Talk(addr, func() ([]byte, func(int) error) {
				due := s.due(i, n)
				if due >= d {
					return nil, nil
				}
				bytes := request(i, n)
				n++
				time.Sleep(time.Until(start.Add(due)))
				return bytes, func(status int) error {
					if status != http.StatusMovedPermanently {
						return fmt.Errorf("the server answered %d, want %d", status, http.StatusMovedPermanently)
					}
					if due > d/10 {
						own = append(own, (time.Since(start)-due).Seconds()*1000)
					}
					return nil
				}
			})
			mu.Lock()
			defer mu.Unlock()
			times = append(times, own...)
			if err != nil {
				fail = err
			}
		})
	}
	wg.Wait()
	return times, fail
}
