package v3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// TestMovedLinks: of an aggregate link that only a private link had before, others see the
// clicks from the time on at which their own link leads to its long URL.
func TestMovedLinks(t *testing.T) {
	t.Parallel()
	const before, joined, after = 1363000500, 1363100400, 1363200300
	kept := storetest.NewMemoryLinks()
	made, err := kept.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "private", AggregateHash: "agg", LongURL: "http://x.example/", Created: before - 9000, Details: store.LinkDetails{Private: true}},
		{Login: "cat", Hash: "moved", AggregateHash: "other", LongURL: "http://y.example/", Created: before - 90000},
	})
	if err != nil {
		t.Fatal(err)
	}
	lead := func(id click.LinkID, longURL, aggregate string, at int64) {
		t.Helper()
		if _, err := kept.EditLink(t.Context(), id, store.LinkEdit{LongURL: &longURL, AggregateHash: click.Hash(aggregate), Modified: at}); err != nil {
			t.Fatal(err)
		}
	}
	counts := new(storetest.MemoryCounts)
	b := &store.Batch{To: 1}
	for scope, clicks := range map[rollup.Scope]map[int64]uint64{
		{Link: made[0].Aggregate}:              {before - before%900: 1, after - after%900: 10},
		{User: made[1].User, Link: made[1].ID}: {before - before%900: 100},
	} {
		for slot, n := range clicks {
			b.Cells = append(b.Cells, rollup.Cell{Key: rollup.Key{Scope: scope, Facet: rollup.All, Slot: slot}, Clicks: n})
		}
	}
	if err := counts.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	short, err := links.New(links.Options{Links: kept, Domains: []string{"sho.rt"}, Now: func() time.Time { return now }, Random: &dice{}})
	if err != nil {
		t.Fatal(err)
	}
	api := v3.New(v3.Options{Auth: fixtureAuth{kept}, Links: short, Store: kept, Clicks: metrics.New(counts), Now: func() time.Time { return now }})
	expect := func(what, token, answer string) {
		t.Helper()
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v3/link/clicks?link=agg&access_token="+token, nil))
		if !strings.Contains(w.Body.String(), answer) {
			t.Errorf("%s: %s; want %s", what, w.Body, answer)
		}
	}
	clicks := func(n int) string { return fmt.Sprintf(`"link_clicks": %d,`, n) }
	expect("a private link of another user", "cat", `NOT_FOUND`)
	expect("the own private link", "good", clicks(11))
	lead(made[1].ID, "http://x.example/", "unused", joined)
	expect("a link that leads there now, next to a private one", "cat", clicks(100+10))
	lead(made[0].ID, "http://z.example/", "third", joined+1)
	expect("a link that leads there now, after a private one", "cat", clicks(100+10))
	title := "a title"
	if _, err := kept.EditLink(t.Context(), made[1].ID, store.LinkEdit{Title: &title, Modified: after + 9000}); err != nil {
		t.Fatal(err)
	}
	expect("a link with another title", "cat", clicks(100+10))
	lead(made[1].ID, "http://y.example/", "unused", after+9001)
	expect("a former aggregate link", "cat", `NOT_FOUND`)
}
