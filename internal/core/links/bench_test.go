package links_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// benchLinks is Links over SQLite with n imported links, and their hashes.
func benchLinks(b *testing.B, n int) (*links.Links, click.UserID, []string) {
	b.Helper()
	db, err := sql.Open(context.Background(), filepath.Join(b.TempDir(), "links.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	batch := make([]store.ForeignLink, n)
	hashes := make([]string, n)
	for i := range batch {
		hashes[i] = fmt.Sprintf("%08x", uint32(i)*2654435761)
		batch[i] = store.ForeignLink{
			Login: "ann", Hash: click.Hash(hashes[i]), Created: 1331822918,
			LongURL: "http://www.nasa.gov/mission_pages/station/multimedia/gallery/" + hashes[i] + ".html",
		}
	}
	imported, err := db.ImportLinks(context.Background(), batch)
	if err != nil {
		b.Fatal(err)
	}
	l, err := links.New(links.Options{Links: db, Domains: []string{"sho.rt", "j.mp"}, Now: time.Now, Random: seedtest.Reader(b)})
	if err != nil {
		b.Fatal(err)
	}
	return l, imported[0].User, hashes
}

func BenchmarkResolve(b *testing.B) {
	const n = 50_000
	l, _, hashes := benchLinks(b, n)
	ctx := context.Background()
	resolve := func(b *testing.B, i int) {
		if _, err := l.Resolve(ctx, "sho.rt", hashes[i%n]); err != nil {
			b.Error(err)
		}
	}
	for i := range n {
		resolve(b, i)
	}
	b.Run("known/one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			resolve(b, 7)
		}
	})
	b.Run("known/all", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			resolve(b, i*7919)
		}
	})
	for _, c := range []struct {
		name   string
		stride int
	}{{"one", 0}, {"all", 7919}} {
		b.Run("known/"+c.name+"/64 at once", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			var start atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for i := int(start.Add(1)) * 31 * c.stride; pb.Next(); i += c.stride {
					resolve(b, i)
				}
			})
		})
	}
	b.Run("none", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := l.Resolve(ctx, "sho.rt", "nope"); err == nil {
				b.Fatal("found")
			}
		}
	})
	b.Run("asked", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			if _, err := l.Resolve(ctx, "sho.rt", fmt.Sprintf("n%d", i)); err == nil {
				b.Fatal("found")
			}
		}
	})
}

func BenchmarkShorten(b *testing.B) {
	l, user, _ := benchLinks(b, 1000)
	i := 0
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			i++
			r := links.Request{User: user, LongURL: fmt.Sprintf("http://www.nasa.gov/made/%d", i)}
			if _, made, err := l.Shorten(context.Background(), r); err != nil || !made {
				b.Fatal(made, err)
			}
		}
	})
	b.Run("known", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r := links.Request{User: user, LongURL: "http://www.nasa.gov/made/1"}
			if _, made, err := l.Shorten(context.Background(), r); err != nil || made {
				b.Fatal(made, err)
			}
		}
	})
}

func BenchmarkParseLongURL(b *testing.B) {
	for name, raw := range map[string]string{
		"ascii": "http://www.nasa.gov/mission_pages/station/multimedia/gallery/iss030e172649.html?from=feed",
		"idn":   "http://Bücher.example/ü",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := links.ParseLongURL(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
