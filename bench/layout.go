package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// layout measures the engine of counts: how fast it records, how much disk it takes,
// and how fast it answers the questions that the layout of its keys was made for.
func layout(args []string) error {
	flags := flag.NewFlagSet("layout", flag.ContinueOnError)
	clicks := flags.Int("clicks", 10_000_000, "clicks to record")
	size := flags.Int("batch", 100_000, "clicks in a batch")
	plain := flags.Bool("plain", false, "without agents and places, as clicks were before")
	dir := flags.String("dir", "", "where to make the store; a temporary directory if empty")
	profile := flags.String("cpuprofile", "", "file to write a CPU profile to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		d, err := os.MkdirTemp("", "footfall-layout")
		if err != nil {
			return err
		}
		defer os.RemoveAll(d)
		*dir = d
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	s, err := pebble.Open(pebble.Options{Dir: *dir})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if _, known, err := s.Position(context.Background(), store.JournalID{1}); err != nil || !known {
		if err := build(s, *clicks, *size, *plain); err != nil {
			return err
		}
		if err := answer(s, "as recorded"); err != nil {
			return err
		}
		start := time.Now()
		if err := s.Compact(context.Background()); err != nil {
			return err
		}
		fmt.Printf("compacted in %.1f s\n", time.Since(start).Seconds())
		if err := s.Close(); err != nil { // removes the files that were replaced
			return err
		}
		if err := printSize(*dir, *clicks); err != nil {
			return err
		}
		if s, err = pebble.Open(pebble.Options{Dir: *dir}); err != nil {
			return err
		}
	}
	return answer(s, "compacted, warm")
}

// build records the clicks and prints how fast that was.
func build(s *pebble.Store, clicks, size int, plain bool) error {
	ctx := context.Background()
	var recording time.Duration
	var recorded, cells, minutes int
	f := newFolder(store.JournalID{1})
	start := time.Now()
	record := func() error {
		b := f.take()
		begun := time.Now()
		if err := s.AddBatch(ctx, b); err != nil {
			return err
		}
		recording += time.Since(begun)
		recorded += int(b.To - b.From)
		cells += len(b.Cells)
		minutes += len(b.Minutes)
		return nil
	}
	err := eachDay(clicks, plain, rand.New(rand.NewPCG(1, 2)), func(day []click.Click) error {
		for _, c := range day {
			if f.add(c, 1); f.clicks == uint64(size) {
				if err := record(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := record(); err != nil {
		return err
	}
	begun := time.Now()
	if err := s.Sync(ctx); err != nil {
		return err
	}
	recording += time.Since(begun)
	seconds := recording.Seconds()
	fmt.Printf("recorded %d clicks, %d cells and %d minute cells in batches of %d clicks: %.1f s, %.1f s with their generation\n",
		recorded, cells, minutes, size, seconds, time.Since(start).Seconds())
	fmt.Printf("record: %.0f clicks/s, %.0f cells/s\n", float64(recorded)/seconds, float64(cells+minutes)/seconds)
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	peak := float64(usage.Maxrss) / 1024
	if runtime.GOOS == "darwin" {
		peak /= 1024 // here it is in bytes; on Linux it is in KiB
	}
	fmt.Printf("peak RSS: %.0f MiB, including the generation of clicks and batches\n", peak)
	return nil
}

func printSize(dir string, clicks int) error {
	var bytes int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return nil // the store has removed it
		}
		bytes += info.Size()
		return nil
	})
	fmt.Printf("on disk: %.1f MiB, %.2f bytes a click\n", float64(bytes)/(1<<20), float64(bytes)/float64(clicks))
	return err
}

// answer prints the median times of the questions.
func answer(s *pebble.Store, state string) error {
	ctx := context.Background()
	busyAll, wideAll := rollup.Scope{User: busy}, rollup.Scope{User: wide}
	const hour, days, newYork = 3600, rollup.Day, 4 * 3600
	// span returns the edges of the last seconds, step seconds apart. If step is 0, it
	// returns the two edges of one interval.
	span := func(seconds, shift, step int64) []int64 {
		edges := []int64{end - seconds + shift}
		if step == 0 {
			return append(edges, end+shift)
		}
		for edges[len(edges)-1] < end+shift {
			edges = append(edges, edges[len(edges)-1]+step)
		}
		return edges
	}
	questions := []struct {
		what  string
		query store.Query
	}{
		{"30 days by country, UTC", store.Query{Scope: busyAll, Facet: rollup.Country, Edges: span(30*days, 0, 0)}},
		{"30 days by country, New York", store.Query{Scope: busyAll, Facet: rollup.Country, Edges: span(30*days, newYork, 0)}},
		{"five years by country, UTC", store.Query{Scope: busyAll, Facet: rollup.Country, Edges: span(busyDays*days, 0, 0)}},
		{"five years by country, New York", store.Query{Scope: busyAll, Facet: rollup.Country, Edges: span(busyDays*days, newYork, 0)}},
		{"30 days by link, UTC", store.Query{Scope: wideAll, Facet: rollup.Link, Edges: span(30*days, 0, 0)}},
		{"30 days by link, New York", store.Query{Scope: wideAll, Facet: rollup.Link, Edges: span(30*days, newYork, 0)}},
		{"a year of days, UTC", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(365*days, 0, rollup.Day)}},
		{"a year of days, New York", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(365*days, newYork, rollup.Day)}},
		{"five years of weeks, New York", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(busyDays*days, newYork, 7*rollup.Day)}},
		{"five years, one sum, New York", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(busyDays*days, newYork, 0)}},
		{"newest 24 hours of a year of hours", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(365*days, 0, hour), Newest: 24}},
		{"7 days by country, each day", store.Query{Scope: busyAll, Facet: rollup.Country, Edges: span(7*days, newYork, rollup.Day)}},
		{"30 days by agent, New York", store.Query{Scope: busyAll, Facet: rollup.Agent, Edges: span(30*days, newYork, 0)}},
		{"five years by agent, New York", store.Query{Scope: busyAll, Facet: rollup.Agent, Edges: span(busyDays*days, newYork, 0)}},
		{"30 days by place, New York", store.Query{Scope: busyAll, Facet: rollup.Place, Edges: span(30*days, newYork, 0)}},
		{"five years by place, New York", store.Query{Scope: busyAll, Facet: rollup.Place, Edges: span(busyDays*days, newYork, 0)}},
		{"60 minutes", store.Query{Scope: busyAll, Facet: rollup.All, Edges: span(hour, 0, rollup.Minute)}},
	}
	fmt.Printf("\n%s, medians\n", state)
	for _, q := range questions {
		var entries int
		t, err := median(func() error {
			counts, err := s.Counts(ctx, q.query)
			entries = len(counts)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", q.what, err)
		}
		fmt.Printf("%10.3f ms  %s (%d entries)\n", t, q.what, entries)
	}
	t, err := median(func() error {
		_, _, err := s.First(ctx, busyAll, rollup.All)
		return err
	})
	fmt.Printf("%10.3f ms  first click of the busy user\n\n", t)
	return err
}

// median returns the median time of an action, in milliseconds. It takes at least 15 runs,
// which together take at least a second.
func median(action func() error) (float64, error) {
	var times []float64
	for start := time.Now(); len(times) < 15 || time.Since(start) < time.Second && len(times) < 2000; {
		begun := time.Now()
		if err := action(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begun).Seconds()*1000)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
