package feed_test

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

// cells is a store that has only cells.
type cells struct{ list []rollup.Cell }

func (c cells) Cells(context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		for _, cell := range c.list {
			if !yield(cell, nil) {
				return
			}
		}
	}
}

// count makes cells of clicks.
func count(clicks []click.Click) cells {
	m := new(storetest.MemoryCounts)
	b := store.Batch{To: 1}
	for _, c := range clicks {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1}) })
	}
	if err := m.AddBatch(context.Background(), &b); err != nil {
		panic(err)
	}
	var all cells
	for c := range m.Cells(context.Background()) {
		all.list = append(all.list, c)
	}
	return all
}

// TestExportRoundTrip: importing an export makes the same users, links and counts, which
// export to the same lines.
func TestExportRoundTrip(t *testing.T) {
	seedtest.Check(t, func(r *rapid.T) {
		ctx := t.Context()
		from := importer(newTape())
		if _, err := from.Users.AddUser(ctx, "cat", 77); err != nil {
			r.Fatal(err)
		}
		abc, other := makeLinks(t, from)
		if err := from.Users.SetFullName(ctx, abc.User, "Ann"); err != nil {
			r.Fatal(err)
		}
		title, yes, ts := "title", true, int64(9)
		if _, err := from.Links.EditLink(ctx, other.ID, store.LinkEdit{Title: &title, Private: &yes, UserTS: &ts, Modified: 10}); err != nil {
			r.Fatal(err)
		}
		moved := "http://moved.example/"
		if _, err := from.Links.EditLink(ctx, abc.ID, store.LinkEdit{
			LongURL: &moved, AggregateHash: "agg2", Tags: new(store.Tags("a tag,ü")), Expires: new(int64(1900000000)), MaxClicks: new(int64(7)),
			ExpiredURL: new("http://over.example/"), ForwardQuery: new(store.Off), Modified: 20,
		}); err != nil {
			r.Fatal(err)
		}
		targets := []store.Link{abc, other, {ID: abc.Aggregate}}
		var clicks []click.Click
		for range rapid.IntRange(0, 20).Draw(r, "clicks") {
			l := rapid.SampledFrom(targets).Draw(r, "link")
			c := click.Click{
				Time: 1360000000000 + 1000*rapid.Int64Range(0, 4000).Draw(r, "time"), User: l.User, Link: l.ID, Imported: true,
				Country:  rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(r, "country"),
				Referrer: rapid.SampledFrom([]click.Referrer{"", "other", "http://t.co/", "direkt ü"}).Draw(r, "referrer"),
				Bot:      rapid.IntRange(0, 5).Draw(r, "bot") == 0,
			}
			if c.Bot {
				c.Country, c.Referrer = click.Country{}, ""
				c.BotFamily = rapid.SampledFrom([]click.BotFamily{"", "Googlebot", click.OtherBots}).Draw(r, "family")
			} else {
				c.Region = rapid.SampledFrom([]click.Region{"", "TX"}).Draw(r, "region")
				c.City = rapid.SampledFrom([]click.City{"", "Austin", "a/b"}).Draw(r, "city")
				c.Agent = click.UnpackAgent(rapid.SampledFrom([]string{"", "\x02\x02\x02\x01", "\x00\x00\x00\x02"}).Draw(r, "agent"))
			}
			clicks = append(clicks, slices.Repeat([]click.Click{c}, rapid.IntRange(1, 3).Draw(r, "times"))...)
		}
		if rapid.IntRange(0, 19).Draw(r, "many") == 0 && len(clicks) > 0 { // more than a line brings
			clicks = append(clicks, slices.Repeat(clicks[:1], 12_000)...)
		}
		var out bytes.Buffer
		x := feed.Exporter{Links: from.Links, Users: from.Users}
		if err := x.Counts(ctx, &out, count(clicks)); err != nil {
			r.Fatal(err)
		}
		tape := newTape()
		to := importer(tape)
		result, rejected := imports(t, to, "ndjson", out.String())
		if len(rejected) > 0 || result.Clicks != uint64(len(clicks)) {
			r.Fatalf("%+v of %d clicks, rejected %q", result, len(clicks), rejected)
		}
		var again bytes.Buffer
		x = feed.Exporter{Links: to.Links, Users: to.Users}
		if err := x.Counts(ctx, &again, count(tape.clicks)); err != nil {
			r.Fatal(err)
		}
		sorted := func(s string) []string { return slices.Sorted(strings.Lines(s)) }
		if !slices.Equal(sorted(again.String()), sorted(out.String())) {
			r.Fatalf("exported\n%s\ncame back as\n%s", out.String(), again.String())
		}

		// And clicks as they are.
		out.Reset()
		err := x.Clicks(ctx, &out, func(yield func(click.Click, error) bool) {
			for _, c := range tape.clicks {
				if !yield(c, nil) {
					return
				}
			}
		})
		if err != nil {
			r.Fatal(err)
		}
		third := newTape()
		end := importer(third)
		end.Links, end.Users, end.Names = to.Links, to.Users, to.Names
		if _, rejected = imports(t, end, "ndjson", out.String()); len(rejected) > 0 || !slices.Equal(third.clicks, tape.clicks) {
			r.Fatalf("%d clicks came back as %d, rejected %q", len(tape.clicks), len(third.clicks), rejected)
		}
	})
}
