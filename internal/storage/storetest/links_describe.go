package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// detailsLater: a later import adds details to a link that has none.
func detailsLater(t *testing.T, s LinkStore) {
	at := foreign("ann", "h", "g", "http://a/").Created
	with := func(l store.ForeignLink) store.ForeignLink {
		l.Details = store.LinkDetails{Title: "title", Note: "note", Private: true, Archived: true, UserTS: 7}
		l.Modified = at + 9
		return l
	}
	titled := foreign("ann", "t", "g", "http://a/")
	titled.Details.Title, titled.Created = "title", at+5

	plain := importLinks(t, s, foreign("ann", "h", "g", "http://a/"), foreign("ann", "t", "g", "http://a/"), foreign("ann", "i", "g", "http://a/"))
	importLinks(t, s, foreign("bob", "b", "b", "http://b/"))
	for _, no := range []store.ForeignLink{
		with(foreign("bob", "h", "g", "http://a/")), with(foreign("ann", "h", "g", "http://other/")), with(foreign("another", "h", "g", "http://a/")),
	} {
		same(t, "an import with another owner or long URL changed the details of a link", importLinks(t, s, no)[0], plain[0])
	}
	other := foreign("ann", "h", "g", "http://a/")
	other.Created += 5
	same(t, "an import without details changed a link", importLinks(t, s, other)[0], plain[0])

	want := plain[0]
	want.LinkDetails, want.Modified = with(store.ForeignLink{}).Details, at+9
	got := importLinks(t, s, with(foreign("ann", "h", "g", "http://a/")), titled)
	same(t, "an import did not add details to a link without any", got[0], want)
	same(t, "the details of an import were not stored", linkByID(t, s, want.ID), want)
	wantTitled := plain[1]
	wantTitled.Title = "title"
	same(t, "an import with a title alone changed something else", got[1], wantTitled)

	second := with(foreign("ann", "h", "g", "http://a/"))
	second.Details.Title = "second"
	same(t, "an import changed details of a link that has some", importLinks(t, s, second)[0], want)
	note := "edited"
	edited := editLink(t, s, plain[2].ID, store.LinkEdit{Note: &note, Modified: at})
	same(t, "an import changed an edited link", importLinks(t, s, with(foreign("ann", "i", "g", "http://a/")))[0], edited)

	got = importLinks(t, s, foreign("ann", "j", "g", "http://a/"), with(foreign("bob", "j", "g", "http://a/")), with(foreign("ann", "j", "g", "http://a/")), second)
	same(t, "in one call, a later link of the same owner did not add its details", got[2].LinkDetails, want.LinkDetails)
	same(t, "the details of a later link in the same call were not stored", linkByID(t, s, got[2].ID).LinkDetails, want.LinkDetails)
	same(t, "ImportLinks returned a link as it was before the end of the call", got[0], got[2])
}

// importOrder: links of one user and second are listed by descending id, so ids
// ascend in the order in which an import has them.
func importOrder(t *testing.T, s LinkStore) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 4 {
		var links []store.ForeignLink
		for i := range 40 {
			l := foreign(fmt.Sprintf("user %d", rng.IntN(2)), fmt.Sprintf("%d-%d-%d", round, rng.IntN(1000), i), "g", "http://a/")
			l.Created = int64(rng.IntN(3))
			if rng.IntN(2) == 0 {
				l.Details.UserTS = 1 + int64(rng.IntN(2))
			}
			links = append(links, l)
		}
		ids := make(map[store.Link][]click.LinkID) // by owner and second
		for _, l := range importLinks(t, s, links...) {
			place := store.Link{User: l.User}
			place.UserTS = l.UserTS
			ids[place] = append(ids[place], l.ID)
		}
		for place, given := range ids {
			if !slices.IsSorted(given) {
				t.Errorf("round %d: the links of user %d at %d have ids that do not ascend in the order given: %d", round, place.User, place.UserTS, given)
			}
		}
		all, err := s.AllLinks(context.Background(), 0, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		known := make(map[click.LinkID]bool)
		for _, l := range all {
			if known[l.ID] {
				t.Errorf("round %d: two links have the id %d", round, l.ID)
			}
			known[l.ID] = true
		}
	}
}
