package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// The users of the layout benchmark.
const (
	busy       = click.UserID(1) // 200 countries over five years
	wide       = click.UserID(2) // 100,000 links over 30 days
	background = click.UserID(3) // the first of 20,000, over 90 days

	busyDays, wideDays, backgroundDays = 5 * 365, 30, 90
	countries, busyLinks, wideLinks    = 200, 1000, 100_000
	backgroundUsers, backgroundLinks   = 20_000, 5
	referrers, cities                  = 40, 100
)

// end is 00:00 UTC of the day after the last day.
var end = time.Date(2024, time.March, 20, 0, 0, 0, 0, time.UTC).Unix()

// eachDay makes clicks, with agents and places unless plain: 30 % for the busy user, 40 % for the wide one, and the rest for
// the others. It calls f with the clicks of each day, ordered by time.
func eachDay(clicks int, plain bool, rng *rand.Rand, f func([]click.Click) error) error {
	part := clicks / 10
	for day := -busyDays; day < 0; day++ {
		var all []click.Click
		make := func(total, days int, draw func(*click.Click)) {
			n := total / days
			if -day > days {
				return
			}
			for range n {
				c := click.Click{Time: 1000*(end+int64(day)*rollup.Day) + rng.Int64N(1000*rollup.Day)}
				c.Referrer = click.Referrer(names[rng.IntN(1+rng.IntN(referrers))])
				draw(&c)
				if !plain {
					identify(&c)
				}
				all = append(all, c)
			}
		}
		make(3*part, busyDays, func(c *click.Click) {
			c.User, c.Link, c.Country = busy, click.LinkID(1+rng.IntN(busyLinks)), country(rng.IntN(countries))
		})
		make(4*part, wideDays, func(c *click.Click) {
			c.User, c.Link, c.Country = wide, click.LinkID(1_000_000+rng.IntN(wideLinks)), country(rng.IntN(1+rng.IntN(60)))
		})
		make(clicks-7*part, backgroundDays, func(c *click.Click) {
			u := rng.IntN(1 + rng.IntN(backgroundUsers))
			c.User = background + click.UserID(u)
			c.Link = click.LinkID(2_000_000 + u*backgroundLinks + rng.IntN(backgroundLinks))
			c.Country = country(rng.IntN(1 + rng.IntN(60)))
		})
		slices.SortFunc(all, func(a, b click.Click) int { return int(a.Time - b.Time) })
		if err := f(all); err != nil {
			return err
		}
	}
	return nil
}

// identify gives a click an agent and, to four of five, a city of its country. It does not
// use the source of the other properties, so that these are the same without it.
func identify(c *click.Click) {
	rng := rand.New(rand.NewPCG(uint64(c.Time), uint64(c.Link)))
	few := func(n int) int { return rng.IntN(1 + rng.IntN(n)) }
	c.Agent = click.Agent{
		Device: click.Desktop + click.Device(few(3)), Browser: click.Chrome + click.Browser(few(20)),
		System: click.Windows + click.System(few(8)), Source: click.FromLink + click.Source(few(2)),
	}
	if rng.IntN(5) > 0 {
		city := few(cities)
		c.Region = click.Region([]byte{'A' + byte(city%16)})
		c.City = click.City("City of number " + strconv.Itoa(city))
	}
}

// names returns the referrers. The first one, direct, is the most frequent.
var names = func() (all [referrers]string) {
	for i := range all[1:] {
		all[i+1] = "https://www.example" + string(rune('a'+i%26)) + ".com/some/page/" + string(rune('a'+i/26))
	}
	return all
}()

func country(i int) click.Country {
	return click.Country{byte('A' + i/26), byte('A' + i%26)}
}

// folder makes batches of clicks as the recorder does: it adds up cells in memory until
// a batch is full.
type folder struct {
	journal  store.JournalID
	epoch    uint64
	next     uint64
	quarters map[rollup.Key]uint64
	minutes  map[rollup.Key]uint64
	newest   int64
	clicks   uint64
}

func newFolder(journal store.JournalID) *folder {
	return &folder{journal: journal, quarters: map[rollup.Key]uint64{}, minutes: map[rollup.Key]uint64{}}
}

// add adds n equal clicks to the batch. Only clicks of the last day have minutes, as if the
// others came from a journal that is read again.
func (f *folder) add(c click.Click, n uint64) {
	rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { f.quarters[k] += n })
	if c.Time/1000 >= end-rollup.Day {
		rollup.Each(c, rollup.Minute, func(k rollup.Key) { f.minutes[k] += n })
	}
	f.newest = max(f.newest, c.Time/1000)
	f.clicks += n
}

// take returns the batch of the clicks that were added, and starts another one.
func (f *folder) take() *store.Batch {
	b := &store.Batch{Journal: f.journal, Epoch: f.epoch, From: f.next, To: f.next + f.clicks}
	b.MinutesFrom = f.newest/3600*3600 - 7200
	b.Cells = cellsOf(f.quarters, 0)
	b.Minutes = cellsOf(f.minutes, b.MinutesFrom)
	b.Journaled.Add(b.Cells...)
	f.next, f.clicks = b.To, 0
	clear(f.quarters)
	clear(f.minutes)
	return b
}

func cellsOf(sums map[rollup.Key]uint64, from int64) []rollup.Cell {
	cells := make([]rollup.Cell, 0, len(sums))
	for k, n := range sums {
		if k.Slot >= from {
			cells = append(cells, rollup.Cell{Key: k, Clicks: n})
		}
	}
	return cells
}
