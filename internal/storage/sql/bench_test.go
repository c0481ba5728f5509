package sql_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// benchLinks is links as in a click feed: a long URL of 80 bytes; one
// in eight with its aggregate link known, one in twenty with a keyword.
func benchLinks(from, n int) []store.ForeignLink {
	links := make([]store.ForeignLink, n)
	for i := range links {
		k := from + i
		links[i] = store.ForeignLink{
			Login: fmt.Sprintf("o_%x", k*2654435761%5003), Hash: click.Hash(benchHash(k)),
			AggregateHash: click.Hash("G" + benchHash(k-k%8/7)), Created: 1331822918,
			LongURL: fmt.Sprintf("http://www.nasa.gov/mission_pages/station/multimedia/gallery/%s.html?from=feed", benchHash(k)),
		}
		if k%20 == 0 {
			links[i].Domain, links[i].Keyword = "j.mp", click.Hash("k"+benchHash(k))
		}
	}
	return links
}

// benchHash is spread evenly, as random hashes are.
func benchHash(k int) string { return fmt.Sprintf("%08x", uint32(k)*2654435761) }

func BenchmarkImportLinks(b *testing.B) {
	for _, size := range []int{1, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("new/%d", size), func(b *testing.B) {
			db := open(b, filepath.Join(b.TempDir(), "links.db"))
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				b.StopTimer()
				links := benchLinks(n, size)
				n += size
				b.StartTimer()
				if _, err := db.ImportLinks(context.Background(), links); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "links/s")
		})
		b.Run(fmt.Sprintf("known/%d", size), func(b *testing.B) {
			db := open(b, filepath.Join(b.TempDir(), "links.db"))
			links := benchLinks(0, size)
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.ImportLinks(context.Background(), links); err != nil {
					b.Fatal(err)
				}
				n += size
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "links/s")
		})
	}
	// A feed has few links many times.
	b.Run("repeats/10000", func(b *testing.B) {
		db := open(b, filepath.Join(b.TempDir(), "links.db"))
		distinct := benchLinks(0, 1500)
		links := make([]store.ForeignLink, 10_000)
		for i := range links {
			links[i] = distinct[i*7919%len(distinct)]
		}
		n := 0
		for b.Loop() {
			if _, err := db.ImportLinks(context.Background(), links); err != nil {
				b.Fatal(err)
			}
			n += len(links)
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "links/s")
	})
}

func BenchmarkMakeLink(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background()) // as requests have
	defer cancel()
	db := open(b, filepath.Join(b.TempDir(), "links.db"))
	for from := 0; from < 100_000; from += 10_000 {
		if _, err := db.ImportLinks(ctx, benchLinks(from, 10_000)); err != nil {
			b.Fatal(err)
		}
	}
	u, err := db.AddUser(ctx, "ann", 1)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	link := func(n int) store.NewLink {
		return store.NewLink{
			User: u.ID, LongURL: fmt.Sprintf("http://www.nasa.gov/mission_pages/station/%s.html?from=made", benchHash(n)),
			Hash: click.Hash("M" + benchHash(n)), AggregateHash: click.Hash("A" + benchHash(n)), Created: 1331822918,
		}
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n++
			if _, made, err := db.MakeLink(ctx, link(n)); err != nil || !made {
				b.Fatal(made, err)
			}
		}
	})
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, made, err := db.MakeLink(ctx, link(1)); err != nil || made {
				b.Fatal(made, err)
			}
		}
	})
}

func BenchmarkLookups(b *testing.B) {
	const n = 200_000
	db := open(b, filepath.Join(b.TempDir(), "links.db"))
	for from := 0; from < n; from += 10_000 {
		if _, err := db.ImportLinks(context.Background(), benchLinks(from, 10_000)); err != nil {
			b.Fatal(err)
		}
	}
	u, err := db.AddUser(context.Background(), "ann", 1)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.AddToken(context.Background(), store.Token{User: u.ID, Digest: store.TokenDigest{1}, Created: 1}, 0); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // as requests have
	defer cancel()
	for _, bench := range []struct {
		name string
		ask  func(k int) error
	}{
		{"hash", func(k int) error {
			_, err := db.LinkByName(ctx, "bit.ly", click.Hash(benchHash(k*7919%n)))
			return err
		}},
		{"keyword", func(k int) error {
			_, err := db.LinkByName(ctx, "j.mp", click.Hash("k"+benchHash(k*7919%(n/20)*20)))
			return err
		}},
		{"id", func(k int) error {
			_, err := db.LinkByID(ctx, click.LinkID(k*7919%n+1))
			return err
		}},
		{"token", func(int) error {
			_, err := db.UserByToken(ctx, store.TokenDigest{1})
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			k := 0
			for b.Loop() {
				k++
				if err := bench.ask(k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
