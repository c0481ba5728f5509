package feed_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestChanged: after another process has deleted a link, an import looks it up again.
func TestChanged(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		change  func(store.Link) store.Change
		noticed bool
	}{
		"the link":    {func(l store.Link) store.Change { return store.Change{Links: []click.LinkID{l.ID}} }, true},
		"the owner":   {func(l store.Link) store.Change { return store.Change{Owners: []click.UserID{l.User}} }, true},
		"anything":    {func(store.Link) store.Change { return store.Change{All: true} }, true},
		"other names": {func(store.Link) store.Change { return store.Change{Names: []click.Hash{"other"}} }, false},
	} {
		tape := newTape()
		im := importer(tape)
		made, err := im.Links.ImportLinks(t.Context(), []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/"}})
		if err != nil {
			t.Fatal(err)
		}
		const lines = 30_000 // some chunks
		line := `1.2.3.4 - - [10/Oct/2013:13:55:36 +0000] "GET /NAME HTTP/1.1" 301 0 "-" "a browser"` + "\n"
		log := strings.Replace(line, "NAME", "none", 1) + strings.Repeat(strings.Replace(line, "NAME", "h", 1), lines)
		deleted := false
		r, err := im.Import(t.Context(), "combined", strings.NewReader(log), func(feed.Rejected) {
			if !deleted { // after the first chunk was recorded
				if _, err := im.Links.DeleteLink(t.Context(), made[0].ID); err != nil {
					t.Error(err)
				}
				im.Changed(c.change(made[0]))
			}
			deleted = true
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Clicks+r.NoLink != lines+1 || r.Clicks == 0 || (r.NoLink > 1) != c.noticed {
			t.Errorf("after a notice about %s: %+v", what, r)
		}
	}
}
