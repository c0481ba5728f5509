package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// clusterQuestions counts the same clicks in ClickHouse and in the embedded engine, and compares
// how long these take to answer what user/clicks and user/countries ask. It calls the engines
// without HTTP. Granules are what ClickHouse reads: up to 8,192 rows each. If there are several
// numbers of sources or sizes of segments, it counts the clicks in a database for each.
func clusterQuestions(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster questions", flag.ContinueOnError)
	var b bursts
	flags.IntVar(&b.clicks, "clicks", 100_000_000, "clicks to count")
	flags.IntVar(&b.of, "burst", 100, "clicks on one link in one quarter-hour, of at most 4 kinds of visitors")
	flags.IntVar(&b.days, "days", 365, "days that have clicks")
	flags.IntVar(&b.users, "users", 10_000, "users")
	flags.IntVar(&b.links, "links", 100_000, "links")
	sources := flags.String("sources", "1", "how many servers of footfall have counted; several numbers with commas")
	segments := flags.String("segment", "1000000", "clicks in a segment of a journal; several numbers with commas")
	current := flags.Bool("current", false, "one server of the current ClickHouse, instead of 2 shards of 2 replicas of 18.16")
	times := flags.Int("times", 100, "how often each question is asked")
	if err := flags.Parse(args); err != nil {
		return err
	}
	manySources, e1 := numbersIn(*sources)
	manySegments, e2 := numbersIn(*segments)
	if err := errors.Join(e1, e2); err != nil {
		return err
	}
	return inDir("", func(dir string) error {
		options := clustertest.Options{Dir: filepath.Join(dir, "clickhouse"), Shards: 2, Replicas: 2, Password: databaseName}
		if *current {
			options.Shards, options.Replicas, options.Current = 0, 0, true
		}
		servers, err := clustertest.Launch(options)
		if err != nil {
			return err
		}
		defer servers.Close()
		embedded, err := openEmbedded(filepath.Join(dir, "embedded"), manySegments[0])
		if err != nil {
			return err
		}
		all := []*counted{embedded}
		defer func() {
			for _, c := range all {
				_ = c.Close()
			}
		}()
		for _, n := range manySources {
			for _, segment := range manySegments {
				c, err := openShared(ctx, servers, n, segment)
				if err != nil {
					return err
				}
				all = append(all, c)
			}
		}
		if err := fillAll(ctx, &b, all); err != nil {
			return err
		}
		if err := compareAnswers(ctx, &b, all, *times); err != nil {
			return err
		}
		fmt.Println("\nAll parts merged:")
		for _, c := range all[1:] {
			if err := optimize(servers, c.database, "cells"); err != nil {
				return err
			}
			if err := c.printSize(b.clicks); err != nil {
				return err
			}
		}
		return compareAnswers(ctx, &b, all, *times)
	})
}

// numbersIn returns the numbers of a list with commas.
func numbersIn(list string) (numbers []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is not a list of numbers with commas", list)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// fillAll counts the clicks in all engines.
func fillAll(ctx context.Context, b *bursts, all []*counted) error {
	added, began := 0, time.Now()
	err := b.each(func(one click.Click, n uint64) error {
		for _, c := range all {
			if err := c.add(ctx, one, n); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		if tenth := max(b.clicks/10, 1); added/tenth != (added+int(n))/tenth {
			fmt.Fprintf(os.Stderr, "%d clicks after %.0f s\n", added+int(n), time.Since(began).Seconds())
		}
		added += int(n)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d clicks in bursts of %d, of %d days, %d users, %d links\n\n%-16s %10s %12s %8s %12s %12s\n", added, b.of, b.days, b.users, b.links,
		"sources/segment", "added in s", "rows", "parts", "rows/click", "bytes/click")
	for _, c := range all {
		if err := c.finish(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if err := c.printSize(b.clicks); err != nil {
			return err
		}
	}
	return nil
}

// question is a question about a user.
type question struct {
	countries bool // else clicks of each unit
	unit      calendar.Unit
	units     int
}

func (q question) String() string {
	if q.countries {
		return fmt.Sprintf("countries, %d days", q.units)
	}
	return fmt.Sprintf("clicks of %d %ss", q.units, q.unit)
}

var questions = []question{
	{false, calendar.Minute, 60},
	{false, calendar.Hour, 24}, {false, calendar.Hour, 720},
	{false, calendar.Day, 7}, {false, calendar.Day, 30}, {false, calendar.Day, 365},
	{false, calendar.Month, 3}, {false, calendar.Month, 12},
	{true, calendar.Day, 1}, {true, calendar.Day, 7}, {true, calendar.Day, 30}, {true, calendar.Day, 90}, {true, calendar.Day, 365},
}

// compareAnswers asks all engines the same questions in turn, about the user with the most clicks
// and about one of the middle. It fails if their answers differ.
func compareAnswers(ctx context.Context, b *bursts, all []*counted, times int) error {
	zone, err := calendar.Load("UTC")
	if err != nil {
		return err
	}
	fmt.Printf("\n%-24s %-8s %9s", "p50 and p99 in ms", "user", "values")
	for i, c := range all {
		fmt.Printf(" | %15s", c.name)
		if i > 0 {
			fmt.Printf("  ratio granules")
		}
	}
	fmt.Println()
	for _, q := range questions {
		for _, user := range []int{1, 1 + b.users/2} {
			if err := q.compare(ctx, zone, click.UserID(user), all, times); err != nil {
				return fmt.Errorf("%v: %w", q, err)
			}
		}
	}
	return nil
}

func (q question) compare(ctx context.Context, zone *calendar.Zone, user click.UserID, all []*counted, times int) error {
	took, granules := make([][]float64, len(all)), make([]float64, len(all))
	values := 0
	for n := range times + 1 {
		var first []metrics.Value
		for i, c := range all {
			var before, after float64
			var e1, e2 error
			if n == 0 && i > 0 {
				before, e1 = events(c.servers, "SelectedMarks")
			}
			began := time.Now()
			answer, err := q.ask(ctx, zone, user, c)
			if n > 0 { // the first one fills caches
				took[i] = append(took[i], time.Since(began).Seconds()*1000)
			} else if i > 0 {
				after, e2 = events(c.servers, "SelectedMarks")
				granules[i] = after - before
			}
			if err := errors.Join(err, e1, e2); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if i == 0 {
				first, values = answer, len(answer)
			} else if !slices.Equal(answer, first) {
				return fmt.Errorf("%s answers %v, and the embedded engine %v", c.name, answer, first)
			}
		}
	}
	fmt.Printf("%-24v %-8d %9d", q, user, values)
	p50 := table.Quantile(took[0], 0.5)
	for i := range all {
		fmt.Printf(" | %7.2f %7.2f", table.Quantile(took[i], 0.5), table.Quantile(took[i], 0.99))
		if i > 0 {
			fmt.Printf(" %6.1f %8.0f", table.Quantile(took[i], 0.5)/p50, granules[i])
		}
	}
	fmt.Println()
	return nil
}

// ask returns the answer: the clicks of each unit, or of each country.
func (q question) ask(ctx context.Context, zone *calendar.Zone, user click.UserID, c *counted) ([]metrics.Value, error) {
	w := metrics.Window{Zone: zone, Unit: q.unit, Units: q.units, Reference: end - 1}
	m, of := metrics.New[store.Snapshot](c), metrics.Subject{{User: user}}
	if q.countries {
		return m.Top(ctx, of, rollup.Country, w, metrics.Ranking{Limit: 1000, Unnamed: "None"})
	}
	points, err := m.Series(ctx, of, w, q.units)
	values := make([]metrics.Value, len(points))
	for i, p := range points {
		values[i] = metrics.Value{Name: strconv.FormatInt(p.Start, 10), Clicks: p.Count}
	}
	return values, err
}
