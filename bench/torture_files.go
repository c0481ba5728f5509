package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// files lets the server open few files, and brings more connections than that.
func files(t *trial) error {
	data := filepath.Join(t.dir, "data")
	w, err := t.found(data, 2, 8)
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
		defer p.kill()
		stop := w.visit(p.addr, 4, rng)
		defer stop()
		crowd, served := w.crowd(p.addr, 2*limit+rng.IntN(200), rng)
		time.Sleep(somewhen(rng, time.Second))
		for _, c := range crowd {
			_ = c.Close()
		}
		answered := w.links[0].answered.Load()
		if !wait(func() bool { return w.links[0].answered.Load() > answered+20 }) {
			t.wrong("nobody is answered after the connections went: %s", p.tail())
		}
		stop()
		t.check(data)
		time.Sleep(1100 * time.Millisecond) // connections that waited are answered still
		w.balance(t, p, reported+p.notDurable())
		err = p.stop()
		t.bury(p)
		if err != nil {
			t.wrong("it stopped with %v: %s", err, p.tail())
		}
		reported += p.notDurable()
		return fmt.Sprintf("%d files at most, %d connections, %d of them served at once, %s", limit, len(crowd), served, t.total), nil
	})
	t.extra = fmt.Sprintf(", %d visitors were not sent on", w.odd.Load())
	return err
}

// crowd is connections that stay, each with a click; served is how many were
// answered at once.
func (w *town) crowd(addr string, n int, rng *rand.Rand) (crowd []net.Conn, served int) {
	for range n {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			continue
		}
		crowd = append(crowd, c)
		l := w.links[rng.IntN(len(w.links))]
		l.sent.Add(1)
		_, _ = fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n", l.hash, shortDomain)
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if status, err := readAnswer(bufio.NewReader(c)); err == nil && status == http.StatusMovedPermanently {
			l.answered.Add(1)
			served++
		}
	}
	return crowd, served
}
