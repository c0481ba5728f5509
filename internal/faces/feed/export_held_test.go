package feed_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
)

// namedAtOnce is links without lines of their own, and how many of them were named at once.
type namedAtOnce struct {
	store.Links
	store.Users
	links []int
}

func (n *namedAtOnce) ListUsers(context.Context, string, int) ([]store.User, error) { return nil, nil }

func (n *namedAtOnce) AllLinks(context.Context, click.LinkID, int) ([]store.Link, error) {
	return nil, nil
}

func (n *namedAtOnce) Hashes(_ context.Context, ids []click.LinkID) ([]click.Hash, error) {
	n.links = append(n.links, len(ids))
	return slices.Repeat([]click.Hash{"abc"}, len(ids)), nil
}

// placesOfLinks is links with a click in each of many places.
type placesOfLinks struct{ links, places int }

func (p placesOfLinks) Cells(context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		for link := range p.links {
			for place := range p.places {
				k := rollup.Key{Scope: rollup.Scope{User: 1, Link: click.LinkID(link + 1)}, Facet: rollup.Place, Slot: 900, Value: fmt.Sprintf("US//%d", place)}
				if !yield(rollup.Cell{Key: k, Clicks: 1}, nil) {
					return
				}
			}
		}
	}
}

// TestExportHoldsFewCells: links with many cells are not collected together.
func TestExportHoldsFewCells(t *testing.T) {
	for _, c := range []struct {
		cells placesOfLinks
		want  []int
	}{
		{placesOfLinks{links: 600, places: 10}, []int{500, 100}},
		{placesOfLinks{links: 5, places: 100_000}, []int{2, 2, 1}},
	} {
		links := &namedAtOnce{}
		x := feed.Exporter{Links: links, Users: links}
		if err := x.Counts(t.Context(), io.Discard, c.cells); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(links.links, c.want) {
			t.Errorf("of %+v, %v links were collected at once, want %v", c.cells, links.links, c.want)
		}
	}
}
