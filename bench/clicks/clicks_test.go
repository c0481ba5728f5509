package clicks_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/internal/base/click"
)

func small() clicks.Made {
	m := clicks.Usual(50_000)
	m.Users, m.Links, m.Days = 10, 1000, 10
	return m
}

// TestClicks: there are as many clicks as wanted, in order and in the days, and busy hours
// and popular links have more.
func TestClicks(t *testing.T) {
	m := small()
	var n int
	var last int64
	hours, links, countries := map[int]int{}, map[int]int{}, map[int]int{}
	err := m.Each(func(c clicks.Click) error {
		if c.Time < last || c.Time < m.Start().UnixMilli() || c.Time >= clicks.End.UnixMilli() {
			t.Fatalf("click %d is at %d, after one at %d", n, c.Time, last)
		}
		last = c.Time
		n++
		hours[time.UnixMilli(c.Time).UTC().Hour()]++
		links[c.Link]++
		countries[c.Country]++
		return nil
	})
	if err != nil || n != m.Clicks {
		t.Fatalf("%d clicks, want %d (%v)", n, m.Clicks, err)
	}
	if hours[16] < 3*hours[4] {
		t.Errorf("the busiest hour has %d clicks, and the quietest one %d", hours[16], hours[4])
	}
	if links[0] < 10*links[20] || len(links) < m.Links/2 {
		t.Errorf("%d links were visited, the most popular one %d times, the 21st %d times", len(links), links[0], links[20])
	}
	if len(countries) < m.Countries*9/10 {
		t.Errorf("%d countries, want about %d", len(countries), m.Countries)
	}
}

// TestLines: the same seed makes the same lines, another one makes others, and footfall knows
// the names in them.
func TestLines(t *testing.T) {
	m := small()
	m.Agents = 640
	var one, same, other bytes.Buffer
	again := m
	again.Seed++
	for _, w := range []struct {
		made clicks.Made
		to   *bytes.Buffer
	}{{m, &one}, {m, &same}, {again, &other}} {
		if err := w.made.WriteClicks(w.to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), same.Bytes()) || bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("the lines do not depend on the seed alone")
	}
	lines := bytes.Split(bytes.TrimSpace(one.Bytes()), []byte("\n"))
	if len(lines) != m.Clicks {
		t.Fatalf("%d lines, want %d", len(lines), m.Clicks)
	}
	for _, line := range lines {
		var l struct {
			Hash, Country, Region, City, Referrer, Device, Browser, System, Source string
			TS                                                                     float64
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		agent := click.Agent{Device: click.ParseDevice(l.Device), Browser: click.ParseBrowser(l.Browser), System: click.ParseSystem(l.System), Source: click.ParseSource(l.Source)}
		if agent.Device <= click.OtherDevice || agent.Browser <= click.OtherBrowser || agent.System <= click.OtherSystem || agent.Source == click.UnknownSource ||
			l.Hash == "" || len(l.Country) != 2 || l.TS < float64(m.Start().Unix()) || (l.City == "") != (l.Region == "") || string(click.ParseRegion(l.Region)) != l.Region {
			t.Fatalf("%s", line)
		}
	}
}

// TestWriteFiles: the files together are the lines, and none is left.
func TestWriteFiles(t *testing.T) {
	m := small()
	var whole, parts bytes.Buffer
	if err := m.WriteClicks(&whole); err != nil {
		t.Fatal(err)
	}
	dir, sizes := t.TempDir(), []int(nil)
	err := m.WriteFiles(dir, 20_000, func(file string) error {
		b, err := os.ReadFile(file)
		sizes = append(sizes, bytes.Count(b, []byte("\n")))
		parts.Write(b)
		return err
	})
	left, e := os.ReadDir(dir)
	if err != nil || e != nil || len(left) > 0 || !slices.Equal(sizes, []int{20_000, 20_000, 10_000}) || !bytes.Equal(parts.Bytes(), whole.Bytes()) {
		t.Errorf("files of %d lines, whole is %v, %d are left (%v, %v)", sizes, bytes.Equal(parts.Bytes(), whole.Bytes()), len(left), err, e)
	}
	broken := errors.New("broken")
	if err := m.WriteFiles(dir, 20_000, func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("the error of the use is %v", err)
	}
}

// TestVisitors: visits come from as many countries and user agents as wanted.
func TestVisitors(t *testing.T) {
	if n := len(clicks.Addresses(200)); n != 200 {
		t.Errorf("addresses of %d countries, want 200", n)
	}
	agents := map[string]bool{}
	for i := range 100 {
		agents[clicks.UserAgent(i)] = true
	}
	if len(agents) != 100 {
		t.Errorf("%d user agents, want 100", len(agents))
	}
}
