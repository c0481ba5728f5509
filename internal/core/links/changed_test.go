package links_test

import (
	"context"
	"errors"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestChanged: after a change by another process the store is asked about what it
// concerns, and about nothing else.
func TestChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	a := w.importLink(store.ForeignLink{Login: "bob", Hash: "a", AggregateHash: "sum", LongURL: "http://a/"})
	b := w.importLink(store.ForeignLink{Login: "cid", Hash: "b", AggregateHash: "sum", LongURL: "http://a/"})
	sum, err := w.store.LinkByID(context.Background(), a.Aggregate)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change store.Change
		asked  map[click.Hash]int64 // questions about each name
	}{
		"nothing":               {store.Change{}, nil},
		"an unknown link":       {store.Change{Links: []click.LinkID{1 << 40}}, nil},
		"a link":                {store.Change{Links: []click.LinkID{a.ID}}, map[click.Hash]int64{"a": 1}},
		"a link, and its sum":   {store.Change{Links: []click.LinkID{a.ID}, Aggregates: true}, map[click.Hash]int64{"a": 1, "sum": 1}},
		"the links of a user":   {store.Change{Owners: []click.UserID{b.User}}, map[click.Hash]int64{"b": 1}},
		"the token of a user":   {store.Change{Users: []click.UserID{b.User}}, nil},
		"a new hash":            {store.Change{Names: []click.Hash{"none"}}, map[click.Hash]int64{"none": 1}},
		"a keyword":             {store.Change{Keywords: []store.Keyword{{Domain: "sho.rt", Keyword: "a"}}}, map[click.Hash]int64{"a": 1}},
		"another's keyword":     {store.Change{Keywords: []store.Keyword{{Domain: "j.mp", Keyword: "a"}}}, nil},
		"a keyword everywhere":  {store.Change{Keywords: []store.Keyword{{Keyword: "b"}}}, map[click.Hash]int64{"b": 1}},
		"anything, perhaps":     {store.Change{All: true}, map[click.Hash]int64{"a": 1, "b": 1, "sum": 1, "none": 2}},
		"two links in one step": {store.Change{Links: []click.LinkID{a.ID, b.ID}}, map[click.Hash]int64{"a": 1, "b": 1}},
	} {
		for name, l := range map[click.Hash]store.Link{"a": a, "b": b, "sum": sum, "none": {}} {
			w.resolves("sho.rt", string(name), l) // remembered now
			w.Changed(c.change)
			w.asks(c.asked[name], func() { w.resolves("sho.rt", string(name), l) })
			if t.Failed() {
				t.Fatalf("after a change of %s, for %s", what, name)
			}
		}
	}
}

// TestChangedWhileAway: if anything may have changed, and the store does not answer, links
// are as they were remembered, and unknown names are not said to be unknown.
func TestChangedWhileAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	a := w.importLink(store.ForeignLink{Login: "bob", Hash: "a", AggregateHash: "sum", LongURL: "http://a/"})
	w.resolves("sho.rt", "a", a)
	w.resolves("sho.rt", "none", store.Link{})
	w.store.inspect = down
	w.Changed(store.Change{All: true})
	w.resolves("sho.rt", "a", a)
	if _, err := w.Resolve(t.Context(), "sho.rt", "none"); err == nil || errors.Is(err, click.ErrNotFound) {
		t.Errorf("an unknown name, which may exist meanwhile, gave %v", err)
	}
}
