package main

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // looks at the database beside footfall
)

// killSQLite kills the server with -9 while links are made: every one that was
// acknowledged leads on, and the database is whole.
func killSQLite(t *trial) error {
	data := filepath.Join(t.dir, "data")
	w, err := t.found(data, 3, 3)
	if err != nil {
		return err
	}
	p, err := t.start(data)
	if err != nil {
		return err
	}
	defer func() { p.kill() }()
	made := map[string]string{} // hash → long URL, of all that was acknowledged
	err = t.each(func(rng *rand.Rand) (string, error) {
		stop := w.encode(p, t.round, 1+rng.IntN(8), made)
		after := somewhen(rng, 500*time.Millisecond)
		time.Sleep(after)
		p.kill()
		stop()
		t.kills++
		t.bury(p)
		if p, err = t.start(data); err != nil {
			return "", err
		}
		for hash, longURL := range made {
			if where, err := p.leadsTo(hash); err != nil || where != longURL {
				t.wrong("%s was acknowledged for %s, and leads to %q (%v)", hash, longURL, where, err)
			}
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

// encode has so many programs make links until stop, and notes those that are
// acknowledged.
func (w *town) encode(p *process, round, programs int, made map[string]string) (stop func()) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	stopped := make(chan struct{})
	for i := range programs {
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
					continue // not acknowledged, whatever became of it
				}
				mu.Lock()
				made[hash] = longURL
				mu.Unlock()
			}
		})
	}
	return func() { close(stopped); wg.Wait() }
}

// integrity has SQLite itself look at the database.
func (t *trial) integrity(path string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		return err
	}
	defer db.Close()
	var said string
	if err := db.QueryRow(`PRAGMA integrity_check`).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		t.wrong("PRAGMA integrity_check: %s", said)
	}
	return nil
}
