package rollup_test

import (
	"slices"
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
	const slot = 1360350900
	for _, c := range []struct {
		name  string
		click click.Click
		grain int64
		want  []rollup.Key
	}{
		{"a person", person, rollup.QuarterHour, []rollup.Key{
			{user, rollup.All, slot, ""}, {user, rollup.Country, slot, "US"}, {user, rollup.Referrer, slot, "http://t.co/"},
			{user, rollup.Link, slot, "\x00\x00\x00\x00\x00\x00\x00\x09"},
			{link, rollup.All, slot, ""}, {link, rollup.Country, slot, "US"}, {link, rollup.Referrer, slot, "http://t.co/"},
		}},
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

// TestLedger: the ledger does not depend on order or grouping, tells different
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
			t.Fatal("a ledger that is cut short was taken")
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

// TestLedgerFormat pins the hash: ledgers of this version must stay valid.
func TestLedgerFormat(t *testing.T) {
	var l rollup.Ledger
	l.Add(rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 1, Link: 2}, Facet: rollup.Country, Slot: 1360350900, Value: "US"}, Clicks: 3})
	e := l[slices.Index(rollup.Lines, rollup.Line{PerLink: true, Facet: rollup.Country})]
	if got, want := e.Sum.String(), "2d3dddc2300328dab9f4ba3f16221281"; got != want || e.Clicks != 3 {
		t.Errorf("the sum is %s of %d clicks, want %s of 3", got, e.Clicks, want)
	}
}
