package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/storage/journal"
)

// BenchmarkAppend appends from many goroutines at once to a real disk.
func BenchmarkAppend(b *testing.B) {
	record := bytes.Repeat([]byte("click..."), 8)
	for _, n := range []int{1, 64, 256} {
		for _, deadline := range []bool{false, true} {
			b.Run(fmt.Sprintf("goroutines=%d/deadline=%v", n, deadline), func(b *testing.B) {
				j, err := journal.Open(journal.Options{Dir: b.TempDir()})
				if err != nil {
					b.Fatal(err)
				}
				defer j.Close()
				ctx := context.Background()
				if deadline {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Hour)
					defer cancel()
				}
				b.ReportAllocs()
				done := make(chan error, n)
				left := b.N
				for i := range n {
					// Each goroutine has its share.
					share := left / (n - i)
					left -= share
					go func() {
						var err error
						for ; share > 0 && err == nil; share-- {
							_, err = j.Append(ctx, record)
						}
						done <- err
					}()
				}
				for range n {
					if err := <-done; err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			})
		}
	}
}

// BenchmarkRead reads a segment that is in the page cache.
func BenchmarkRead(b *testing.B) {
	for _, size := range []int{64, 4096} {
		b.Run(fmt.Sprintf("record=%d", size), func(b *testing.B) {
			j, err := journal.Open(journal.Options{Dir: b.TempDir(), NoSync: true})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			record := bytes.Repeat([]byte{'x'}, size)
			done := make(chan error, 64)
			for range cap(done) {
				go func() {
					var err error
					for range 32 << 20 / size / cap(done) {
						if _, err = j.Append(context.Background(), record); err != nil {
							break
						}
					}
					done <- err
				}()
			}
			for range cap(done) {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(j.End()))
			b.ReportAllocs()
			for b.Loop() {
				r, err := j.Reader(0)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = r.TryNext()
				}
				if !errors.Is(err, journal.ErrEnd) {
					b.Fatal(err)
				}
				r.Close()
			}
		})
	}
}
