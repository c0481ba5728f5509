package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// LinkHistories runs the same random histories on a store and on a model, which may be
// another engine, and compares all answers. Both are empty. Ids may differ, but each id of
// the model always matches the same id of the store.
//
// The histories share one store, because a database for each would take longer than
// the history. So the names of each have a suffix of their own.
func LinkHistories(t *testing.T, s, model LinkStore) {
	m := &historyMatch{
		links:      make(map[click.LinkID]click.LinkID),
		modelLinks: make(map[click.LinkID]click.LinkID),
		users:      map[click.UserID]click.UserID{click.Nobody: click.Nobody},
		modelUsers: map[click.UserID]click.UserID{click.Nobody: click.Nobody},
	}
	history := 0
	seedtest.Check(t, func(t *rapid.T) {
		history++
		h := linkHistory{match: m, store: s, model: model, suffix: fmt.Sprintf(" %d", history)}
		t.Repeat(map[string]func(*rapid.T){
			"import": h.importLinks, "make": h.makeLink, "name": h.linkByName, "id": h.linkByID,
			"names in use": h.namesInUse, "name link": h.nameLink, "keyword": h.linkByKeyword, "holder": h.nameHolder,
			"user": h.addUser, "import users": h.importUsers, "login": h.userByLogin, "users": h.listUsers,
			"token": h.addToken, "owner": h.userByToken, "remove token": h.removeToken, "remove tokens": h.removeTokens, "tokens": h.countTokens, "list tokens": h.listTokens, "name of user": h.setFullName, "role": h.setRole, "password": h.password,
			"session": h.addSession, "sessions": h.listSessions, "remove session": h.removeSession, "remove sessions": h.removeSessions,
			"share": h.addShare, "shares": h.listShares, "remove share": h.removeShare,
			"delete link": h.deleteLink, "delete user": h.deleteUser, "edit": h.editLink, "list": h.listLinks, "of URL": h.linksOfURL, "made": h.countLinks,
		})
	})
}

// historyMatch matches ids of the store with ids of the model.
type historyMatch struct {
	links, modelLinks map[click.LinkID]click.LinkID
	users, modelUsers map[click.UserID]click.UserID
}

func pair[ID click.LinkID | click.UserID](t *rapid.T, to, back map[ID]ID, got, want ID) {
	_, knownGot := to[got]
	_, knownWant := back[want]
	if !knownGot && !knownWant {
		to[got], back[want] = want, got
	}
	if to[got] != want || back[want] != got {
		t.Fatalf("id %d was id %d of the model, and is now its id %d", got, to[got], want)
	}
}

func (m *historyMatch) link(t *rapid.T, got, want store.Link) {
	pair(t, m.links, m.modelLinks, got.ID, want.ID)
	pair(t, m.links, m.modelLinks, got.Aggregate, want.Aggregate)
	pair(t, m.users, m.modelUsers, got.User, want.User)
	got.ID, got.Aggregate, got.User = want.ID, want.Aggregate, want.User
	if got != want {
		t.Fatalf("a link differs from the model's:\n got %+v\nwant %+v", got, want)
	}
}

func (m *historyMatch) user(t *rapid.T, got, want store.User) {
	pair(t, m.users, m.modelUsers, got.ID, want.ID)
	got.ID = want.ID
	if got != want {
		t.Fatalf("a user differs from the model's:\n got %+v\nwant %+v", got, want)
	}
}

// errors reports whether both failed, and checks that they failed in the same way.
func (m *historyMatch) errors(t *rapid.T, got, want error) bool {
	for _, kind := range []error{click.ErrNotFound, click.ErrExists, store.ErrText} {
		if errors.Is(got, kind) != errors.Is(want, kind) {
			t.Fatalf("the store answers %v, and the model %v", got, want)
		}
	}
	if (got == nil) != (want == nil) {
		t.Fatalf("the store answers %v, and the model %v", got, want)
	}
	return got != nil
}

type linkHistory struct {
	match        *historyMatch
	store, model LinkStore
	suffix       string
}

// former is the hash of an aggregate link, or empty.
func (h *linkHistory) former(t *rapid.T) click.Hash {
	if rapid.Bool().Draw(t, "former is known") {
		return click.Hash(h.name(t, "former"))
	}
	return ""
}

// name draws from few names, so that they repeat.
func (h *linkHistory) name(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"a", "A", "b", "ü", "'", "c d", "日"}).Draw(t, label) + h.suffix
}

func (h *linkHistory) domain(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "j.mp", "J.MP", "bit.ly", "ümlaut.example", "ÜMLAUT.example"}).Draw(t, "domain")
}

func (h *linkHistory) importLinks(t *rapid.T) {
	links := make([]store.ForeignLink, rapid.IntRange(0, 12).Draw(t, "links"))
	for i := range links {
		links[i] = store.ForeignLink{
			Login: h.name(t, "login"), Hash: click.Hash(h.name(t, "hash")), LongURL: h.name(t, "long URL"),
			Created: rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3)).Draw(t, "created"), // some in the same second
		}
		if rapid.Bool().Draw(t, "has aggregate") {
			links[i].AggregateHash = click.Hash(h.name(t, "aggregate"))
		}
		if rapid.Bool().Draw(t, "has keyword") {
			links[i].Domain, links[i].Keyword = h.domain(t), click.Hash(h.name(t, "keyword"))
		}
		links[i].Details.Private = rapid.Bool().Draw(t, "private")
		if rapid.Bool().Draw(t, "detailed") {
			links[i].Details.Title = rapid.SampledFrom([]string{"", "a title"}).Draw(t, "title")
			links[i].Details.Note = rapid.SampledFrom([]string{"", "a note"}).Draw(t, "note")
			links[i].Details.Archived = rapid.Bool().Draw(t, "archived")
			links[i].Details.UserTS = rapid.Int64Range(0, 3).Draw(t, "user_ts")
			links[i].Modified = rapid.Int64Range(0, 3).Draw(t, "modified")
			links[i].Details.Tags = h.tags().Draw(t, "tags")
			links[i].Details.Expires = rapid.Int64Range(0, 3).Draw(t, "expires")
		}
		if rapid.IntRange(0, 3).Draw(t, "led elsewhere") == 3 {
			links[i].Versions = &[]store.Version{{LongURL: h.name(t, "long URL"), Since: 1, AggregateHash: h.former(t)}, {LongURL: links[i].LongURL, Since: 2}}
		}
		if rapid.IntRange(0, 99).Draw(t, "spoilt") == 99 {
			links[i].LongURL = "\xff"
		}
	}
	got, err := h.store.ImportLinks(context.Background(), links)
	want, wantErr := h.model.ImportLinks(context.Background(), links)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("an import of %d links returned %d", len(want), len(got))
	}
	for i := range got {
		h.match.link(t, got[i], want[i])
	}
}

func (h *linkHistory) makeLink(t *rapid.T) {
	login := h.name(t, "login")
	gotUser, err := h.store.UserByLogin(context.Background(), login)
	wantUser, wantErr := h.model.UserByLogin(context.Background(), login)
	h.match.errors(t, err, wantErr) // click.Nobody cannot make links
	n := store.NewLink{
		LongURL: h.name(t, "long URL"), Hash: click.Hash(h.name(t, "hash")),
		AggregateHash: click.Hash(h.name(t, "aggregate")), Created: rapid.Int64Range(-3, 3).Draw(t, "created"),
	}
	n.Tags = h.tags().Draw(t, "tags")
	if rapid.Bool().Draw(t, "free names") {
		n.Hash, n.AggregateHash = n.Hash+"h", n.AggregateHash+"a"
	}
	n.User = gotUser.ID
	got, made, err := h.store.MakeLink(context.Background(), n)
	n.User = wantUser.ID
	want, wantMade, wantErr := h.model.MakeLink(context.Background(), n)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if made != wantMade {
		t.Fatalf("a link was made: %t, in the model: %t", made, wantMade)
	}
	h.match.link(t, got, want)
}

func (h *linkHistory) linkByName(t *rapid.T) {
	domain, name := h.domain(t), click.Hash(h.name(t, "name"))
	got, err := h.store.LinkByName(context.Background(), domain, name)
	want, wantErr := h.model.LinkByName(context.Background(), domain, name)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, got, want)
	}
}

func (h *linkHistory) linkByKeyword(t *rapid.T) {
	domain, name := h.domain(t), click.Hash(h.name(t, "name"))
	got, err := h.store.LinkByKeyword(context.Background(), domain, name)
	want, wantErr := h.model.LinkByKeyword(context.Background(), domain, name)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, got, want)
	}
}

func (h *linkHistory) namesInUse(t *rapid.T) {
	names := []click.Hash{click.Hash(h.name(t, "name")), click.Hash(h.name(t, "another name"))}
	got, err := h.store.NamesInUse(context.Background(), names)
	want, wantErr := h.model.NamesInUse(context.Background(), names)
	if !h.match.errors(t, err, wantErr) && !maps.Equal(got, want) {
		t.Fatalf("of %q, %v are in use, in the model %v", names, got, want)
	}
}

func (h *linkHistory) nameHolder(t *rapid.T) {
	domain, name := h.domain(t), click.Hash(h.name(t, "name"))
	got, err := h.store.NameHolder(context.Background(), domain, name)
	want, wantErr := h.model.NameHolder(context.Background(), domain, name)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, got, want)
	}
}

func (h *linkHistory) nameLink(t *rapid.T) {
	named := click.Hash(h.name(t, "link"))
	got, err := h.store.LinkByName(context.Background(), "", named)
	want, wantErr := h.model.LinkByName(context.Background(), "", named)
	h.match.errors(t, err, wantErr) // link 0 cannot be named
	k := store.Keyword{Domain: h.domain(t), Keyword: click.Hash(h.name(t, "name"))}
	overwrite := rapid.Bool().Draw(t, "overwrite")
	k.Link = got.ID
	gotHolder, err := h.store.NameLink(context.Background(), k, overwrite)
	k.Link = want.ID
	wantHolder, wantErr := h.model.NameLink(context.Background(), k, overwrite)
	h.match.errors(t, err, wantErr)
	if wantHolder.ID != 0 || gotHolder.ID != 0 {
		h.match.link(t, gotHolder, wantHolder)
	}
}

func (h *linkHistory) linkByID(t *rapid.T) {
	if len(h.match.links) == 0 {
		return
	}
	want := click.LinkID(rapid.IntRange(1, len(h.match.links)).Draw(t, "id"))
	got, known := h.match.modelLinks[want]
	if !known { // an aggregate link that no answer had yet
		return
	}
	g, err := h.store.LinkByID(context.Background(), got)
	w, wantErr := h.model.LinkByID(context.Background(), want)
	if !h.match.errors(t, err, wantErr) {
		h.match.link(t, g, w)
	}
}

func (h *linkHistory) addUser(t *rapid.T) {
	login, created := h.name(t, "login"), rapid.Int64().Draw(t, "created")
	got, err := h.store.AddUser(context.Background(), login, created)
	want, wantErr := h.model.AddUser(context.Background(), login, created)
	if !h.match.errors(t, err, wantErr) {
		h.match.user(t, got, want)
	}
}

func (h *linkHistory) importUsers(t *rapid.T) {
	users := make([]store.ForeignUser, rapid.IntRange(0, 4).Draw(t, "users"))
	for i := range users {
		users[i] = store.ForeignUser{Login: h.name(t, "login"), Created: rapid.Int64().Draw(t, "created"),
			FullName: rapid.SampledFrom([]string{"", "Ann", "\xff"}).Draw(t, "full name")}
	}
	h.match.errors(t, h.store.ImportUsers(context.Background(), users), h.model.ImportUsers(context.Background(), users))
	for _, u := range users {
		got, err := h.store.UserByLogin(context.Background(), u.Login)
		want, wantErr := h.model.UserByLogin(context.Background(), u.Login)
		if !h.match.errors(t, err, wantErr) {
			h.match.user(t, got, want)
		}
	}
}

func (h *linkHistory) userByLogin(t *rapid.T) {
	login := h.name(t, "login")
	got, err := h.store.UserByLogin(context.Background(), login)
	want, wantErr := h.model.UserByLogin(context.Background(), login)
	if !h.match.errors(t, err, wantErr) {
		h.match.user(t, got, want)
	}
}

func (h *linkHistory) listUsers(t *rapid.T) {
	after, limit := h.name(t, "after"), rapid.IntRange(-1, 5).Draw(t, "limit")
	got, err := h.store.ListUsers(context.Background(), after, limit)
	want, wantErr := h.model.ListUsers(context.Background(), after, limit)
	if h.match.errors(t, err, wantErr) {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("%d users after %q, in the model %d", len(got), after, len(want))
	}
	for i := range got {
		h.match.user(t, got[i], want[i])
	}
}
