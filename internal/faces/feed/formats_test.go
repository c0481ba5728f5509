package feed_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
)

// imports imports an input, and returns the result and the rejected lines.
func imports(t testing.TB, im *feed.Importer, format, in string) (feed.Result, []string) {
	t.Helper()
	var rejected []string
	r, err := im.Import(t.Context(), format, strings.NewReader(in), func(l feed.Rejected) {
		rejected = append(rejected, fmt.Sprintf("%d: %s", l.Line, l.Reason))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, rejected
}

// makeLinks makes the links that the inputs name.
func makeLinks(t testing.TB, im *feed.Importer) (abc, other store.Link) {
	t.Helper()
	made, err := im.Links.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "abc", AggregateHash: "agg", LongURL: "http://a/", Created: 5, Domain: "sho.rt", Keyword: "wörd"},
		{Login: "ann", Hash: "other", LongURL: "http://b/", Created: 5},
		{Login: "ann", Hash: "other", LongURL: "http://b/", Created: 5, Domain: "old.example", Keyword: "abc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made[0], made[1]
}

func fuzzFormat(f *testing.F, format string) {
	f.Fuzz(func(t *testing.T, in []byte) {
		tape := newTape()
		im := importer(tape)
		makeLinks(t, im)
		result, err := im.Import(t.Context(), format, bytes.NewReader(in), func(feed.Rejected) {})
		if err == nil && (result.Clicks != uint64(len(tape.clicks)) || result.Lines < result.Skipped+result.Rejected) {
			t.Fatalf("%+v does not add up; %d clicks", result, len(tape.clicks))
		}
		for _, c := range tape.clicks {
			if c.Link == 0 || c.Time < click.Earliest.UnixMilli() || c.Time > now.UnixMilli()+999 {
				t.Fatalf("a click without a link, or at an impossible time: %+v", c)
			}
		}
		if err != nil {
			return
		}
		again, err := im.Import(t.Context(), format, bytes.NewReader(in), func(feed.Rejected) {})
		result.Known, result.Clicks = result.Clicks, 0
		if err != nil || again != result {
			t.Fatalf("again %+v (%v), want %+v", again, err, result)
		}
	})
}
