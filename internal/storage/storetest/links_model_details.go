package storetest

import (
	"cmp"
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// users is a user of the store and of the model; both may be click.Nobody.
func (h *linkHistory) users(t *rapid.T) (got, want store.User) {
	login := h.name(t, "login")
	got, err := h.store.UserByLogin(context.Background(), login)
	want, wantErr := h.model.UserByLogin(context.Background(), login)
	h.match.errors(t, err, wantErr)
	return got, want
}

func (h *linkHistory) setFullName(t *rapid.T) {
	name := rapid.SampledFrom([]string{"", "Ann", "日本", "\xff"}).Draw(t, "full name")
	got, want := h.users(t)
	h.match.errors(t, h.store.SetFullName(context.Background(), got.ID, name), h.model.SetFullName(context.Background(), want.ID, name))
}

func (h *linkHistory) setRole(t *rapid.T) {
	got, want := h.users(t)
	admin, disabled := rapid.Bool().Draw(t, "admin"), rapid.Bool().Draw(t, "disabled")
	h.match.errors(t, h.store.SetAdmin(context.Background(), got.ID, admin), h.model.SetAdmin(context.Background(), want.ID, admin))
	h.match.errors(t, h.store.SetDisabled(context.Background(), got.ID, disabled), h.model.SetDisabled(context.Background(), want.ID, disabled))
}

func (h *linkHistory) password(t *rapid.T) {
	got, want := h.users(t)
	if proof := rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "proof"); proof != "" {
		h.match.errors(t, h.store.SetPassword(context.Background(), got.ID, proof), h.model.SetPassword(context.Background(), want.ID, proof))
	}
	proof, err := h.store.Password(context.Background(), got.ID)
	wantProof, wantErr := h.model.Password(context.Background(), want.ID)
	if !h.match.errors(t, err, wantErr) && proof != wantProof {
		t.Fatalf("the password is %q, in the model %q", proof, wantProof)
	}
}

func (h *linkHistory) editLink(t *rapid.T) {
	name := click.Hash(h.name(t, "name"))
	got, err := h.store.LinkByName(context.Background(), "", name)
	want, wantErr := h.model.LinkByName(context.Background(), "", name)
	h.match.errors(t, err, wantErr) // links of click.Nobody cannot be edited
	text := rapid.Ptr(rapid.SampledFrom([]string{"", "Title", "title 2", "\xff"}), true)
	bit := rapid.Ptr(rapid.Bool(), true)
	e := store.LinkEdit{
		Title: text.Draw(t, "title"), Note: text.Draw(t, "note"), Private: bit.Draw(t, "private"), Archived: bit.Draw(t, "archived"),
		UserTS: rapid.Ptr(h.second(), true).Draw(t, "user_ts"), Modified: h.second().Draw(t, "modified"),
		Tags: rapid.Ptr(h.tags(), true).Draw(t, "tags"), ForwardQuery: rapid.Ptr(rapid.SampledFrom([]store.Choice{store.Default, store.On, store.Off}), true).Draw(t, "forward query"),
		Expires: rapid.Ptr(h.second(), true).Draw(t, "expires"), MaxClicks: rapid.Ptr(rapid.Int64Range(0, 3), true).Draw(t, "max clicks"),
		ExpiredURL: text.Draw(t, "expired URL"),
	}
	if rapid.Bool().Draw(t, "leads elsewhere") {
		e.LongURL, e.AggregateHash = new(h.name(t, "long URL")), click.Hash(h.name(t, "aggregate")+rapid.SampledFrom([]string{"", "a"}).Draw(t, "free"))
	}
	got, err = h.store.EditLink(context.Background(), got.ID, e)
	want, wantErr = h.model.EditLink(context.Background(), want.ID, e)
	if h.match.errors(t, err, wantErr) {
		return
	}
	h.match.link(t, got, want)
	versions, err := h.store.Versions(context.Background(), got.ID)
	wantVersions, wantErr := h.model.Versions(context.Background(), want.ID)
	if h.match.errors(t, err, wantErr) || !slices.Equal(versions, wantVersions) {
		t.Fatalf("the versions are %+v, in the model %+v", versions, wantVersions)
	}
}

// tags draws from few tags, so that they repeat.
func (h *linkHistory) tags() *rapid.Generator[store.Tags] {
	return rapid.SampledFrom([]store.Tags{"", "a", "a,b", "b,ü"})
}

// tag is one of them, or none.
func (h *linkHistory) tag(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "a", "b", "ü", "A"}).Draw(t, "tag")
}

// second draws from few seconds, so that they repeat.
func (h *linkHistory) second() *rapid.Generator[int64] { return rapid.Int64Range(-3, 3) }

func (h *linkHistory) listLinks(t *rapid.T) {
	got, want := h.users(t)
	bit := rapid.Ptr(rapid.Bool(), true)
	f := store.LinkFilter{
		CreatedFrom: h.second().Draw(t, "created from"), CreatedTo: h.second().Draw(t, "created to"),
		ModifiedFrom: h.second().Draw(t, "modified from"), Archived: bit.Draw(t, "archived"), Private: bit.Draw(t, "private"), Limit: 1 << 20,
	}
	if rapid.Bool().Draw(t, "has keyword") {
		f.Keyword = click.Hash(h.name(t, "keyword"))
	}
	f.Tag = h.tag(t)
	f.Query = rapid.SampledFrom([]string{"", "", "TITLE", "a"}).Draw(t, "query")
	f.WithoutNotes = rapid.Bool().Draw(t, "without notes")
	f.User = got.ID
	links, all, err := h.store.ListLinks(context.Background(), f)
	f.User = want.ID
	wantLinks, wantAll, wantErr := h.model.ListLinks(context.Background(), f)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if all != wantAll || len(links) != all {
		t.Fatalf("%d links of %d are listed, in the model of %d", len(links), all, wantAll)
	}
	if !slices.IsSortedFunc(links, func(a, b store.Link) int { return cmp.Or(cmp.Compare(b.UserTS, a.UserTS), cmp.Compare(b.ID, a.ID)) }) {
		t.Fatalf("links are not listed by descending time and id: %v", links)
	}
	h.sameLinks(t, links, wantLinks)
}

// sameLinks compares links by hash, because their ids may differ.
func (h *linkHistory) sameLinks(t *rapid.T, got, want []store.Link) {
	if len(got) != len(want) {
		t.Fatalf("%d links, in the model %d", len(got), len(want))
	}
	for _, links := range [][]store.Link{got, want} {
		slices.SortFunc(links, func(a, b store.Link) int {
			return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(min(a.User, 1), min(b.User, 1)))
		})
	}
	var ids, wantIDs []click.LinkID
	for i := range got {
		h.match.link(t, got[i], want[i])
		ids, wantIDs = append(ids, got[i].ID), append(wantIDs, want[i].ID)
	}
	hashes, err := h.store.Hashes(context.Background(), ids)
	wantHashes, wantErr := h.model.Hashes(context.Background(), wantIDs)
	if !h.match.errors(t, err, wantErr) && !slices.Equal(hashes, wantHashes) {
		t.Fatalf("hashes %q, in the model %q", hashes, wantHashes)
	}
}

func (h *linkHistory) linksOfURL(t *rapid.T) {
	longURL := h.name(t, "long URL")
	got, want := h.users(t)
	l, err := h.store.LinkOfURL(context.Background(), got.ID, longURL)
	wantLink, wantErr := h.model.LinkOfURL(context.Background(), want.ID, longURL)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, l, wantLink)
	}
	all, err := h.store.LinksOfURL(context.Background(), longURL)
	wantAll, wantErr := h.model.LinksOfURL(context.Background(), longURL)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(all) != len(wantAll) {
		t.Fatalf("%d links of a long URL, in the model %d", len(all), len(wantAll))
	}
	for i := range all {
		h.match.link(t, all[i], wantAll[i])
	}
	l, err = h.store.VisibleAggregateOfURL(context.Background(), got.ID, longURL)
	wantLink, wantErr = h.model.VisibleAggregateOfURL(context.Background(), want.ID, longURL)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, l, wantLink)
	}
	for i := range all {
		l, err := h.store.VisibleAggregate(context.Background(), got.ID, all[i].ID)
		wantLink, wantErr := h.model.VisibleAggregate(context.Background(), want.ID, wantAll[i].ID)
		if !h.match.errors(t, err, wantErr) {
			h.match.link(t, l, wantLink)
		}
	}
	seen, wantSeen := store.Visible(all, got.ID), store.Visible(wantAll, want.ID)
	if len(seen) != len(wantSeen) {
		t.Fatalf("%d links of a long URL are visible, in the model %d", len(seen), len(wantSeen))
	}
}

func (h *linkHistory) countLinks(t *rapid.T) {
	got, want := h.users(t)
	edges := rapid.SliceOfNDistinct(rapid.Int64Range(-5, 5), 2, 6, rapid.ID).Draw(t, "edges")
	slices.Sort(edges)
	tag := h.tag(t)
	counts, err := h.store.CountLinks(context.Background(), got.ID, tag, edges)
	wantCounts, wantErr := h.model.CountLinks(context.Background(), want.ID, tag, edges)
	if !h.match.errors(t, err, wantErr) && !slices.Equal(counts, wantCounts) {
		t.Fatalf("between %v %v links were made, in the model %v", edges, counts, wantCounts)
	}
	first, some, err := h.store.FirstLink(context.Background(), got.ID, tag)
	wantFirst, wantSome, wantErr := h.model.FirstLink(context.Background(), want.ID, tag)
	if !h.match.errors(t, err, wantErr) && (first != wantFirst || some != wantSome) {
		t.Fatalf("FirstLink is %d, %t, in the model %d, %t", first, some, wantFirst, wantSome)
	}
	ids, err := h.store.TaggedLinks(context.Background(), got.ID, tag)
	wantIDs, wantErr := h.model.TaggedLinks(context.Background(), want.ID, tag)
	if h.match.errors(t, err, wantErr) {
		return
	}
	for i := range ids {
		ids[i] = h.match.links[ids[i]]
	}
	if slices.Sort(ids); !slices.Equal(ids, wantIDs) {
		t.Fatalf("the links %v have the tag %q, in the model %v", ids, tag, wantIDs)
	}
}

func (h *linkHistory) deleteLink(t *rapid.T) {
	name := click.Hash(h.name(t, "name"))
	got, err := h.store.LinkByName(context.Background(), "", name)
	want, wantErr := h.model.LinkByName(context.Background(), "", name)
	h.match.errors(t, err, wantErr)
	r, err := h.store.DeleteLink(context.Background(), got.ID)
	wantR, wantErr := h.model.DeleteLink(context.Background(), want.ID)
	if !h.match.errors(t, err, wantErr) && r != wantR {
		t.Fatalf("%+v was deleted, in the model %+v", r, wantR)
	}
}

func (h *linkHistory) deleteUser(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "rarely") > 0 {
		return
	}
	got, want := h.users(t)
	r, err := h.store.DeleteUser(context.Background(), got.ID)
	wantR, wantErr := h.model.DeleteUser(context.Background(), want.ID)
	if !h.match.errors(t, err, wantErr) && r != wantR {
		t.Fatalf("%+v was deleted, in the model %+v", r, wantR)
	}
}
