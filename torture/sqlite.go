package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
	_ "modernc.org/sqlite" // checks the database without footfall
)

// killSQLite kills the server with -9 while links are made. Every acknowledged link
// must redirect, and the database must be intact.
func killSQLite(t *trial) error {
	data := filepath.Join(t.dir, "data")
	w, err := t.newWorkload(data, 3, 3)
	if err != nil {
		return err
	}
	p, err := t.start(data)
	if err != nil {
		return err
	}
	defer func() { p.Kill() }()
	made := map[string]string{} // hash → long URL of every acknowledged link
	err = t.each(func(rng *rand.Rand) (string, error) {
		stop := w.shorten(p, t.round, 1+rng.IntN(8), made)
		after := upTo(rng, 500*time.Millisecond)
		time.Sleep(after)
		p.Kill()
		stop()
		t.kills++
		t.checkLog(p)
		if p, err = t.start(data); err != nil {
			return "", err
		}
		for hash, longURL := range made {
			t.checkLink(p, hash, longURL)
		}
		if err := t.integrity(filepath.Join(data, "footfall.db")); err != nil {
			return "", err
		}
		t.check(data)
		return fmt.Sprintf("killed after %v, %d links acknowledged in all", after.Round(time.Millisecond), len(made)), nil
	})
	t.extra = fmt.Sprintf(", %d links acknowledged", len(made))
	return err
}

// shorten runs a number of clients at once that make links until stop is called. It
// adds the acknowledged links to made.
func (w *workload) shorten(p *harness.Process, round, clients int, made map[string]string) (stop func()) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	stopped := make(chan struct{})
	for i := range clients {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stopped:
					return
				default:
				}
				longURL := fmt.Sprintf("http://example.org/made/%d/%d/%d", round, i, n)
				hash, err := shorten(p, w.users[i%len(w.users)].token, longURL)
				if err != nil {
					continue // the link is not acknowledged, but it may exist
				}
				mu.Lock()
				made[hash] = longURL
				mu.Unlock()
			}
		})
	}
	return func() { close(stopped); wg.Wait() }
}

// integrity runs SQLite's own check of the database.
func (t *trial) integrity(path string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	var result string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		t.wrong("PRAGMA integrity_check of footfall.db: %s", result)
	}
	return nil
}
