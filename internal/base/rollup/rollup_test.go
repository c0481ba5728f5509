package rollup_test

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestEach(t *testing.T) {
	user, link := rollup.Scope{User: 7}, rollup.Scope{User: 7, Link: 9}
	person := click.Click{Time: 1360351157_999, User: 7, Link: 9, Country: click.Country{'U', 'S'}, Referrer: "http://t.co/"}
	robot := person
	robot.Bot = true
	known := person
	known.Region, known.City, known.Agent = "TX", "Austin", click.Agent{Device: click.Mobile, Source: click.FromQR}
	googlebot := known
	googlebot.Bot, googlebot.BotFamily = true, "Googlebot"
	const slot = 1360350900
	for _, c := range []struct {
		name  string
		click click.Click
		grain int64
		want  []rollup.Key
	}{
		{"a person", person, rollup.QuarterHour, []rollup.Key{
			{user, rollup.All, slot, ""}, {link, rollup.All, slot, ""}, {user, rollup.Country, slot, "US"}, {link, rollup.Country, slot, "US"},
			{user, rollup.Referrer, slot, "http://t.co/"}, {link, rollup.Referrer, slot, "http://t.co/"},
			{user, rollup.Link, slot, "\x00\x00\x00\x00\x00\x00\x00\x09"},
		}},
		{"a person with agent and place", known, rollup.QuarterHour, []rollup.Key{
			{user, rollup.All, slot, ""}, {link, rollup.All, slot, ""}, {user, rollup.Country, slot, "US"}, {link, rollup.Country, slot, "US"},
			{user, rollup.Referrer, slot, "http://t.co/"}, {link, rollup.Referrer, slot, "http://t.co/"},
			{user, rollup.Link, slot, "\x00\x00\x00\x00\x00\x00\x00\x09"},
			{user, rollup.Agent, slot, "\x03\x00\x00\x02"}, {link, rollup.Agent, slot, "\x03\x00\x00\x02"},
			{user, rollup.Place, slot, "US/TX/Austin"}, {link, rollup.Place, slot, "US/TX/Austin"},
		}},
		{"their minute", known, rollup.Minute, []rollup.Key{
			{user, rollup.All, 1360351140, ""}, {link, rollup.All, 1360351140, ""}, {user, rollup.Country, 1360351140, "US"}, {link, rollup.Country, 1360351140, "US"},
			{user, rollup.Referrer, 1360351140, "http://t.co/"}, {link, rollup.Referrer, 1360351140, "http://t.co/"},
			{user, rollup.Link, 1360351140, "\x00\x00\x00\x00\x00\x00\x00\x09"},
		}},
		{"a known bot", googlebot, rollup.Minute, []rollup.Key{{user, rollup.Bot, 1360351140, "Googlebot"}, {link, rollup.Bot, 1360351140, "Googlebot"}}},
		{"a bot", robot, rollup.QuarterHour, []rollup.Key{{user, rollup.Bot, slot, ""}, {link, rollup.Bot, slot, ""}}},
		{"a minute", robot, rollup.Minute, []rollup.Key{{user, rollup.Bot, 1360351140, ""}, {link, rollup.Bot, 1360351140, ""}}},
		{"before 1970", click.Click{Time: -1, User: 7, Link: 9, Bot: true}, rollup.QuarterHour,
			[]rollup.Key{{user, rollup.Bot, -900, ""}, {link, rollup.Bot, -900, ""}}},
	} {
		var got []rollup.Key
		rollup.Each(c.click, c.grain, func(k rollup.Key) { got = append(got, k) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s falls into %v, want %v", c.name, got, c.want)
		}
	}
}

func drawCell(t *rapid.T) rollup.Cell {
	k := rollup.Key{
		Scope: rollup.Scope{User: click.UserID(rapid.Uint64Range(0, 2).Draw(t, "user")), Link: click.LinkID(rapid.Uint64Range(0, 2).Draw(t, "link"))},
		Facet: rapid.SampledFrom([]rollup.Facet{rollup.All, rollup.Country, rollup.Referrer, rollup.Bot}).Draw(t, "facet"),
		Slot:  rapid.Int64Range(0, 3).Draw(t, "slot") * 900,
		Value: rapid.SampledFrom([]string{"", "US", "\x00"}).Draw(t, "value"),
	}
	return rollup.Cell{Key: k, Clicks: rapid.Uint64Range(1, 1<<40).Draw(t, "clicks")}
}

// TestLedger: the ledger does not depend on order or grouping, distinguishes different
// cells apart, and survives its encoding.
func TestLedger(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(rapid.Custom(drawCell), 1, 20).Draw(t, "cells")
		var whole, parts, split rollup.Ledger
		whole.Add(cells...)
		shuffled := rapid.Permutation(cells).Draw(t, "shuffled")
		for _, c := range shuffled {
			var one rollup.Ledger
			one.Add(c)
			parts.AddLedger(&one)
			if c.Clicks > 1 {
				split.Add(rollup.Cell{Key: c.Key, Clicks: 1})
				c.Clicks--
			}
			split.Add(c)
		}
		if whole != parts || whole != split {
			t.Fatalf("%v, in parts %v, split %v", whole, parts, split)
		}
		b, err := whole.MarshalBinary()
		var back rollup.Ledger
		if err != nil || back.UnmarshalBinary(b) != nil || back != whole {
			t.Fatalf("%v came back as %v (%v)", whole, back, err)
		}
		if back.UnmarshalBinary(b[1:]) == nil {
			t.Fatal("a truncated ledger was accepted")
		}
		i := rapid.IntRange(0, len(cells)-1).Draw(t, "changed")
		changed := slices.Clone(cells)
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			changed[i].Clicks++
		case 1:
			changed[i].Slot += 900
		case 2:
			changed[i].Value += "x"
		case 3:
			changed[i].Scope.User += 9
		}
		var other rollup.Ledger
		other.Add(changed...)
		if other == whole {
			t.Fatalf("%v and %v have the same ledger", cells, changed)
		}
	})
}

// TestLedgerOfClicks: a ledger of clicks is that of the cells which Each names.
func TestLedgerOfClicks(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		var got, want rollup.Ledger
		for _, c := range rapid.SliceOfN(rapid.Custom(drawClick), 1, 20).Draw(t, "clicks") {
			c.Link -= click.LinkID(rapid.Uint64Range(0, 1).Draw(t, "less")) // none as well
			got.AddClick(&c)
			rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { want.Add(rollup.Cell{Key: k, Clicks: 1}) })
		}
		if got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// TestLedgerFormat pins the hash and the bytes: ledgers that are stored must stay
// valid.
func TestLedgerFormat(t *testing.T) {
	var l rollup.Ledger
	l.Add(rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 1, Link: 2}, Facet: rollup.Country, Slot: 1360350900, Value: "US"}, Clicks: 3})
	e := l.Entry(rollup.Line{PerLink: true, Facet: rollup.Country})
	if got, want := e.Sum.String(), "2d3dddc2300328dab9f4ba3f16221281"; got != want || e.Clicks != 3 {
		t.Errorf("the sum is %s of %d clicks, want %s of 3", got, e.Clicks, want)
	}
	b, err := l.MarshalBinary()
	const zero = "000000000000000000000000000000000000000000000000"
	want := strings.Repeat(zero, 6) + "2d3dddc2300328dab9f4ba3f16221281" + "0000000000000003" + strings.Repeat(zero, 6)
	if err != nil || hex.EncodeToString(b) != want {
		t.Errorf("the ledger is stored as %x (%v), want %s", b, err, want)
	}
}

// TestNewFacet: a facet that is added later has lines after all others, counts
// its function says, and older ledgers are read.
func TestNewFacet(t *testing.T) {
	before := slices.Clone(rollup.Lines())
	c := click.Click{Time: 1360351157_999, User: 7, Link: 9}
	var old rollup.Ledger
	rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { old.Add(rollup.Cell{Key: k, Clicks: 1}) })
	stored, err := old.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}

	hour, undo := rollup.Extend("hour", func(c click.Click) (string, bool) { return "19", !c.Bot })
	defer undo()
	if got, want := rollup.Lines(), append(before, rollup.Line{Facet: hour}, rollup.Line{PerLink: true, Facet: hour}); !slices.Equal(got, want) {
		t.Errorf("the lines are %v, want %v", got, want)
	}
	if s := rollup.Facets(); s[len(s)-1] != hour || hour.String() != "hour" || hour.Complete() || hour.Single() || !hour.In(rollup.Scope{Link: 1}) {
		t.Errorf("the facets are %v", s)
	}
	var read rollup.Ledger
	if err := read.UnmarshalBinary(stored); err != nil || read != old {
		t.Fatalf("an older ledger is read as %v, %v; want %v", read, err, old)
	}
	counted := 0
	rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) {
		read.Add(rollup.Cell{Key: k, Clicks: 1})
		if k.Facet == hour && k.Value == "19" {
			counted++
		}
	})
	if counted != 2 || read.Total() != 2 || read.Entry(rollup.Line{PerLink: true, Facet: hour}).Clicks != 1 {
		t.Errorf("a click counts %d times by hour, and the ledger is %v", counted, read)
	}
	longer, err := read.MarshalBinary()
	var back rollup.Ledger
	if err != nil || back.UnmarshalBinary(longer) != nil || back != read {
		t.Errorf("%v came back as %v (%v)", read, back, err)
	}
	undo()
	if back.UnmarshalBinary(longer) == nil {
		t.Error("a ledger of a newer version was read")
	}
}

func drawClick(t *rapid.T) click.Click {
	c := click.Click{
		Time: rapid.Int64Range(-2, 200_000).Draw(t, "second")*1000 + rapid.Int64Range(0, 999).Draw(t, "ms"),
		User: click.UserID(rapid.Uint64Range(0, 3).Draw(t, "user")), Link: click.LinkID(rapid.Uint64Range(1, 5).Draw(t, "link")),
		Country:  rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(t, "country"),
		Region:   rapid.SampledFrom([]click.Region{"", "TX"}).Draw(t, "region"),
		City:     rapid.SampledFrom([]click.City{"", "Austin", "TX"}).Draw(t, "city"),
		Referrer: rapid.SampledFrom([]click.Referrer{"", "http://t.co/", "\x00", "other"}).Draw(t, "referrer"),
		Agent:    click.Agent{Device: rapid.SampledFrom([]click.Device{0, click.Mobile}).Draw(t, "device")},
		Bot:      rapid.Float64().Draw(t, "bot") < 0.2,
	}
	if c.Bot {
		c.BotFamily = rapid.SampledFrom([]click.BotFamily{"", "Googlebot"}).Draw(t, "family")
	}
	return c
}

// TestFold: a Fold has the cells that Each names, each key once and in order, whatever it
// folded before.
func TestFold(t *testing.T) {
	undo := func() {}
	defer func() { undo() }()
	for _, extended := range []bool{false, true} {
		if extended { // a facet without ids
			_, undo = rollup.Extend("parity", func(c click.Click) (string, bool) { return "x"[:c.Link%2], c.Link != 3 })
		}
		var f rollup.Fold
		seedtest.Check(t, func(t *rapid.T) {
			clicks := rapid.SliceOfN(rapid.Custom(drawClick), 0, 60).Draw(t, "clicks")
			caps := rapid.Bool().Draw(t, "caps")
			replace := func(k rollup.Key) (string, bool) {
				if !k.Facet.Capped() {
					t.Fatalf("%v has no cap", k)
				}
				return k.Facet.Other(k.Value), k.Value != "" && (int64(k.Scope.Link)+k.Slot/900)%2 == 0
			}
			want := [2]map[rollup.Key]uint64{{}, {}}
			for _, c := range clicks {
				byMinute := c.Time%2 == 0
				quarter := c
				quarter.Time = c.Time - (c.Time%900_000+900_000)%900_000
				for grain, step := range [2]int64{rollup.QuarterHour, rollup.Minute} {
					if grain == 1 && !byMinute {
						continue
					}
					rollup.Each(c, step, func(k rollup.Key) {
						if caps && k.Facet.Capped() {
							inQuarter := k
							inQuarter.Slot = quarter.Time / 1000
							if other, ok := replace(inQuarter); ok {
								k.Value = other
							}
						}
						want[grain][k]++
					})
				}
				if caps {
					f.Add(&c, byMinute, replace)
				} else {
					f.Add(&c, byMinute, nil)
				}
			}
			quarters, minutes := f.Cells()
			compareFolded(t, "quarter-hours", quarters, want[0], 0)
			compareFolded(t, "minutes", minutes, want[1], 3600)
		})
	}
}

// compareFolded compares cells with those wanted. If period is not 0, they are ordered by that
// first; else by days after the facet.
func compareFolded(t rapid.TB, name string, got []rollup.Cell, want map[rollup.Key]uint64, period int64) {
	t.Helper()
	floor := func(s, step int64) int64 { return s - (s%step+step)%step }
	order := func(a, b rollup.Cell) int {
		first, day := 0, cmp.Compare(floor(a.Slot, 86400), floor(b.Slot, 86400))
		if period != 0 {
			first, day = cmp.Compare(floor(a.Slot, period), floor(b.Slot, period)), 0
		}
		return cmp.Or(first, cmp.Compare(a.Scope.User, b.Scope.User), cmp.Compare(a.Scope.Link, b.Scope.Link), cmp.Compare(a.Facet, b.Facet),
			day, strings.Compare(a.Value, b.Value), cmp.Compare(a.Slot, b.Slot))
	}
	if !slices.IsSortedFunc(got, order) {
		t.Fatalf("%s are not in order: %v", name, got)
	}
	for _, c := range got {
		if want[c.Key] != c.Clicks {
			t.Fatalf("%s have %d clicks of %v, want %d", name, c.Clicks, c.Key, want[c.Key])
		}
		delete(want, c.Key)
	}
	if len(want) > 0 {
		t.Fatalf("%s lack %v", name, want)
	}
}

// TestFoldOfMany: more clicks than have numbers are folded in pieces, and each key still comes
// once.
func TestFoldOfMany(t *testing.T) {
	if bits := rollup.MostBits(); bits > 64 {
		t.Errorf("an entry may have %d bits", bits)
	}
	var f rollup.Fold
	const clicks = 1<<17 + 1000
	for i := range clicks {
		f.Add(&click.Click{Time: int64(i) * 11, User: 1, Link: click.LinkID(1 + i%50), Country: click.Country{'U', 'S'}}, i%2 == 0, nil)
	}
	quarters, minutes := f.Cells()
	for i, cells := range [][]rollup.Cell{quarters, minutes} {
		total := uint64(0)
		for at, c := range cells {
			if at > 0 && c.Key == cells[at-1].Key {
				t.Fatalf("%v comes twice", c.Key)
			}
			if c.Facet == rollup.All && c.Scope.Link == click.AllLinks {
				total += c.Clicks
			}
		}
		if want := uint64(clicks / (i + 1)); total != want {
			t.Errorf("grain %d has %d clicks, want %d", i, total, want)
		}
	}
}
