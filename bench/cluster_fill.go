package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// bursts is the clicks of many users. A burst is the clicks on one link in one quarter-hour, of
// visitors of a few kinds: those of a kind have the same country, referrer, agent and place.
type bursts struct {
	clicks, of int // of is the clicks in a burst
	days       int
	users      int
	links      int
}

// kinds is the number of kinds of visitors in a burst.
const kinds = 4

// each makes the bursts, oldest first, and calls f with the clicks of each kind. Links follow
// Zipf's law. The popular links are those of the first users.
func (b *bursts) each(f func(c click.Click, n uint64) error) error {
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 1, uint64(b.links-1))
	many := b.clicks / b.of
	for i := range many {
		link := int(zipf.Uint64())
		at := end - int64(b.days)*rollup.Day + int64(float64(i)/float64(many)*float64(b.days)*rollup.Day)
		for k := range min(kinds, b.of) {
			c := click.Click{
				Time: 1000*at + int64(k), User: click.UserID(1 + link%b.users), Link: click.LinkID(1 + link),
				Country: country(rng.IntN(1 + rng.IntN(countries))), Referrer: click.Referrer(names[rng.IntN(1+rng.IntN(referrers))]),
			}
			identify(&c)
			n := b.of / min(kinds, b.of)
			if k == 0 {
				n += b.of % min(kinds, b.of)
			}
			if err := f(c, uint64(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// counted is an engine of counts that is filled and asked.
type counted struct {
	name string // embedded, or the number of sources and the clicks in a segment
	store.ClickCounts
	sources []*journaled
	segment uint64 // clicks in a segment of a journal
	deal    *rand.Rand
	adding  time.Duration

	servers  *clustertest.Cluster // nil for the embedded engine
	database string
	dir      string // of the embedded engine
}

// journaled is the clicks of one journal.
type journaled struct {
	*folder
	kept []*store.Batch // that may have to be added again
}

func newCounted(name string, s store.ClickCounts, sources, segment int) *counted {
	c := &counted{name: name, ClickCounts: s, segment: uint64(segment), deal: rand.New(rand.NewPCG(5, 6))}
	for i := range sources {
		c.sources = append(c.sources, &journaled{folder: newFolder(store.JournalID{1, byte(i >> 8), byte(i)})})
	}
	return c
}

func openEmbedded(dir string, segment int) (*counted, error) {
	s, err := pebble.Open(pebble.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	c := newCounted("embedded", s, 1, segment)
	c.dir = dir
	return c, nil
}

// openShared opens a new database, into which a number of servers of footfall count.
func openShared(ctx context.Context, servers *clustertest.Cluster, sources, segment int) (*counted, error) {
	database := fmt.Sprintf("sources_%d_segment_%d", sources, segment)
	if err := servers.Create(database); err != nil {
		return nil, err
	}
	address, err := clickhouse.ParseAddress(servers.Address(database))
	if err != nil {
		return nil, err
	}
	s, err := clickhouse.Open(ctx, clickhouse.Options{Address: address, Server: "bench", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return nil, err
	}
	c := newCounted(fmt.Sprintf("%d/%d", sources, segment), s, sources, segment)
	c.servers, c.database = servers, database
	return c, nil
}

// add adds n equal clicks. Each is on any one of the servers.
func (c *counted) add(ctx context.Context, one click.Click, n uint64) error {
	if len(c.sources) == 1 {
		return c.addTo(ctx, c.sources[0], one, n)
	}
	shares := map[int]uint64{}
	for range n {
		shares[c.deal.IntN(len(c.sources))]++
	}
	for i, share := range shares {
		if err := c.addTo(ctx, c.sources[i], one, share); err != nil {
			return err
		}
	}
	return nil
}

// fillCells is the number of cells that the batches of all sources may have.
const fillCells = 400_000

func (c *counted) addTo(ctx context.Context, f *journaled, one click.Click, n uint64) error {
	f.add(one, n)
	if len(f.quarters)+len(f.minutes) < fillCells/len(c.sources) && f.next+f.clicks < f.epoch+c.segment {
		return nil
	}
	return c.flush(ctx, f)
}

func (c *counted) flush(ctx context.Context, f *journaled) error {
	b, began := f.take(), time.Now()
	f.kept = append(f.kept, b)
	err := c.patiently(ctx, func() error { return c.addKept(ctx, f) })
	c.adding += time.Since(began)
	if f.next >= f.epoch+c.segment {
		f.epoch = f.next
	}
	return err
}

// finish adds the rest, and makes all of it durable.
func (c *counted) finish(ctx context.Context) error {
	for _, f := range c.sources {
		if err := c.flush(ctx, f); err != nil {
			return err
		}
	}
	began := time.Now()
	err := c.patiently(ctx, func() error {
		for _, f := range c.sources {
			if err := c.addKept(ctx, f); err != nil {
				return err
			}
		}
		return c.Sync(ctx)
	})
	c.adding += time.Since(began)
	return err
}

// addKept adds the batches that are not counted, and drops those that are durable.
func (c *counted) addKept(ctx context.Context, f *journaled) error {
	at, _, err := c.Position(ctx, f.journal)
	if err != nil {
		return err
	}
	if c.servers == nil {
		at.Durable = at.Counted // it loses nothing while this process runs
	}
	f.kept = slices.DeleteFunc(f.kept, func(b *store.Batch) bool { return b.To <= at.Durable })
	for _, b := range f.kept {
		if b.To > at.Counted {
			if err := c.AddBatch(ctx, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// patience is how often something is tried again, a second later, while ClickHouse is away, or
// counting must go on from an earlier position.
const patience = 120

func (c *counted) patiently(ctx context.Context, f func() error) (err error) {
	for range patience {
		if err = f(); !errors.Is(err, store.ErrResume) && !errors.Is(err, click.ErrUnavailable) {
			return err
		}
		wait(ctx, time.Second)
	}
	return err
}

// printSize prints what the clicks take.
func (c *counted) printSize(clicks int) error {
	if c.servers == nil {
		n, err := bytesIn(c.dir)
		fmt.Printf("%-16s %10.1f %12s %8s %12s %12.2f\n", c.name, c.adding.Seconds(), "", "", "", float64(n)/float64(clicks))
		return err
	}
	r, err := rowsIn(c.servers, c.database, "cells")
	fmt.Printf("%-16s %10.1f %12.0f %8.0f %12.3f %12.2f\n", c.name, c.adding.Seconds(), r.rows, r.parts, r.rows/float64(clicks), r.bytes/float64(clicks))
	return err
}
