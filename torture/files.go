package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// files limits the open files of the server, and opens more connections than that.
func files(t *trial) error {
	data := filepath.Join(t.dir, "data")
	w, err := t.newWorkload(data, 2, 8)
	if err != nil {
		return err
	}
	var reported uint64
	err = t.each(func(rng *rand.Rand) (string, error) {
		limit := 40 + rng.IntN(60)
		p, err := t.start(data, "sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$@"`, limit), "sh")
		if err != nil {
			return "", err
		}
		defer p.Kill()
		stop := w.visit(p.Addr, 4, rng)
		defer stop()
		crowd, served := w.crowd(p.Addr, 2*limit+rng.IntN(200), rng)
		time.Sleep(upTo(rng, time.Second))
		for _, c := range crowd {
			_ = c.Close()
		}
		if !w.awaitAnswers() {
			t.wrong("no visitor is answered after the connections were closed: %s", harness.Tail(p.Log.String()))
		}
		stop()
		t.check(data)
		if !w.settled(p, reported+notDurable(p)) { // requests of the closed connections may still be answered
			t.wrong("clicks are still not counted, or counts still change, although no visitor is running")
		}
		w.balance(t, p, reported+notDurable(p))
		err = p.Stop()
		t.checkLog(p)
		if err != nil {
			t.wrong("the server did not stop cleanly, it ended with %v: %s", err, harness.Tail(p.Log.String()))
		}
		reported += notDurable(p)
		return fmt.Sprintf("at most %d files, %d connections, %d of them answered at once, %s", limit, len(crowd), served, t.total), nil
	})
	t.extra = fmt.Sprintf(", %d visitors were not redirected", w.failed.Load())
	return err
}

// crowd opens connections that stay open, and visits a link over each. served is the
// number of visits that were answered at once.
func (w *workload) crowd(addr string, n int, rng *rand.Rand) (crowd []net.Conn, served int) {
	for range n {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		crowd = append(crowd, c)
		l := w.links[rng.IntN(len(w.links))]
		l.sent.Add(1)
		_, _ = c.Write(harness.Visit(shortDomain, l.hash))
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if status, err := harness.ReadAnswer(bufio.NewReader(c)); err == nil && status == http.StatusMovedPermanently {
			l.answered.Add(1)
			served++
		}
	}
	return crowd, served
}
