package v3_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// now is the time of every call: 2013-03-14 12:59:25 UTC. In New York clocks changed
// four days before.
var now = time.Unix(1363265965, 0)

// ann and cat have links, bob has none. ann and cat have one link each of
// http://google.com/. 1RmnUT is a link and its own aggregate link. Three long URLs of
// cat have spellings that shorten would change or refuse.
var fixtureLinks = []store.ForeignLink{
	{Login: "ann", Hash: "ze6poY", AggregateHash: "900913", LongURL: "http://google.com/", Created: 1331669360, Domain: "go.nasa.gov", Keyword: "goog"},
	{Login: "ann", Hash: "xr5jgq", AggregateHash: "16tOHV", LongURL: "http://nytimes.com/?a=1&b=<2>", Created: 1331669349},
	{Login: "cat", Hash: "a5YvlH", AggregateHash: "900913", LongURL: "http://google.com/", Created: 1331669300},
	{Login: "cat", Hash: "hidden", AggregateHash: "hiddeN", LongURL: "http://secret.example/", Created: 1331669400},
	{Login: "cat", Hash: "tvagov", AggregateHash: "tvaall", LongURL: "http://www.tva.gov", Created: 1212926401},
	{Login: "cat", Hash: "umlaut", AggregateHash: "umlall", LongURL: "http://path.example/ü", Created: 1212926402},
	{Login: "cat", Hash: "ftpftp", AggregateHash: "ftpall", LongURL: "ftp://files.example/a b", Created: 1212926403},
	{Login: "cat", Hash: "1RmnUT", AggregateHash: "1RmnUT", LongURL: "http://www.nasa.gov/", Created: 1212926400},
}

// fixtureClicks are n clicks each. Most golden files are about the clicks of ann.
var fixtureClicks = []struct {
	at, hash, country, referrer string
	n                           int
}{
	{"2013-03-14T12:59:10Z", "ze6poY", "US", "http://twitter.com/", 3},
	{"2013-03-14T12:40:00Z", "ze6poY", "GB", "", 1},
	{"2013-03-14T11:00:00Z", "xr5jgq", "", "", 2},
	{"2013-03-13T23:00:00Z", "ze6poY", "US", "https://news.ycombinator.com/item?id=1", 5},
	{"2013-03-13T22:00:00Z", "xr5jgq", "NZ", "yxG0tQXMY40=", 2},
	{"2013-03-13T22:00:00Z", "ze6poY", "OM", "http://news.ycombinator.com/<b>", 2},
	{"2013-03-13T22:00:00Z", "ze6poY", "", "http://www.example.org/a b&c", 2},
	{"2013-03-10T06:30:00Z", "ze6poY", "CA", "direct", 7},
	{"2013-01-01T05:00:00Z", "xr5jgq", "US", "android-app://com.example/", 1},
	{"1980-01-01T00:00:00Z", "xr5jgq", "US", "", 1},

	{"2013-03-14T12:58:10Z", "a5YvlH", "US", "http://t.co/x", 4},
	{"2013-03-11T12:00:00Z", "hidden", "", "", 3},
	{"2013-03-11T12:00:00Z", "hidden", "", "http://direct/", 2},
	{"2013-03-11T12:00:00Z", "hidden", "", "https://other/page", 2},
	{"2013-03-11T12:00:00Z", "hidden", "", "other", 1},
	{"2013-03-11T12:00:00Z", "hidden", "", "http://www.Facebook.com:8080/x", 1},
	{"2013-03-11T12:00:00Z", "hidden", "", "http://facebook.com.example:8080/", 1},
	{"2013-03-12T12:00:00Z", "hidden", "DE", "", 1},
	{"2013-03-12T12:00:00Z", "1RmnUT", "DE", "", 6},
}

// newAPI makes an API with these clicks, for the domains given, else sho.rt and j.mp.
// The token "good" belongs to ann, "new" to bob and "cat" to cat. "broken" makes Auth
// fail.
func newAPI(t testing.TB, domains ...string) *v3.API {
	kept := storetest.NewMemoryLinks()
	byHash := filled(t, kept)
	counts := new(storetest.MemoryCounts)
	count(t, counts, byHash)
	return apiOf(t, kept, counts, domains...)
}

// linksStore keeps links and users.
type linksStore interface {
	store.Links
	store.Users
}

// filled adds users and links, and returns the links by their hashes.
func filled(t testing.TB, kept linksStore) map[string]store.Link {
	t.Helper()
	for _, login := range []string{"ann", "bob"} {
		if _, err := kept.AddUser(t.Context(), login, 1331567982); err != nil {
			t.Fatal(err)
		}
	}
	imported, err := kept.ImportLinks(t.Context(), fixtureLinks)
	if err != nil {
		t.Fatal(err)
	}
	byHash := map[string]store.Link{}
	for _, l := range imported {
		byHash[string(l.Hash)] = l
	}
	private, title := true, "Nobody's <business>"
	if _, err := kept.EditLink(t.Context(), byHash["hidden"].ID, store.LinkEdit{Private: &private, Title: &title, Modified: 1331669500}); err != nil {
		t.Fatal(err)
	}
	return byHash
}

// apiOf makes an API of filled stores.
func apiOf(t testing.TB, kept linksStore, counts store.ClickCounts, domains ...string) *v3.API {
	t.Helper()
	if domains == nil {
		domains = []string{"sho.rt", "j.mp"}
	}
	short, err := links.New(links.Options{
		Links: kept, Domains: domains, Now: func() time.Time { return now }, Random: &dice{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v3.New(v3.Options{
		Auth: fixtureAuth{kept}, Links: short, Store: kept,
		Clicks: metrics.New(counts), Shortens: func(tag string) *metrics.Metrics { return metrics.New(links.Creations{Links: kept, Tag: tag}) },
		Now: func() time.Time { return now },
		Log: logtest.To(t),
	})
}

// count adds the clicks to counts.
func count(t testing.TB, counts store.Counting, byHash map[string]store.Link) {
	t.Helper()
	b := &store.Batch{To: 1, MinutesFrom: now.Unix() - 7200 - now.Unix()%3600}
	cells, minutes := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
	add := func(c click.Click, n int) {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k] += uint64(n) })
		if c.Time/1000 >= b.MinutesFrom {
			rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k] += uint64(n) })
		}
	}
	for i, f := range fixtureClicks {
		at, err := time.Parse(time.RFC3339, f.at)
		if err != nil {
			t.Fatal(err)
		}
		l := byHash[f.hash]
		c := click.Click{
			Time: at.UnixMilli(), User: l.User, Link: l.ID,
			Country: click.ParseCountry(f.country), Referrer: click.ParseReferrer(f.referrer),
		}
		switch i % 4 {
		case 0:
			c.Agent = click.Agent{Device: click.Mobile, Browser: click.Safari, System: click.IOS, Source: click.FromQR}
			c.Region, c.City = "TX", "Austin"
		case 1:
			c.Agent = click.Agent{Device: click.Desktop, Browser: click.Chrome, System: click.Windows, Source: click.FromLink}
			c.Region = "NY"
		case 2:
			c.Agent = click.Agent{Device: click.Tablet, Browser: click.OtherBrowser, System: click.IOS, Source: click.FromLink}
			c.City = "Springfield"
		} // else it is of an older version
		add(c, f.n)
		if i < 3 {
			c.Bot, c.BotFamily = true, [...]click.BotFamily{"", "Googlebot", click.OtherBots}[i]
			add(c, 3-i)
		}
	}
	for k, n := range cells {
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
	}
	for k, n := range minutes {
		b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
	}
	if err := counts.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// fixtureAuth has a few tokens, and apiKeys made of the login.
type fixtureAuth struct{ users store.Users }

func (a fixtureAuth) User(ctx context.Context, token string) (store.User, error) {
	switch token {
	case "good":
		return a.users.UserByLogin(ctx, "ann")
	case "new":
		return a.users.UserByLogin(ctx, "bob")
	case "cat":
		return a.users.UserByLogin(ctx, "cat")
	case "broken":
		return store.User{}, errors.New("disk /secret/path is on fire")
	case "away":
		return store.User{}, fmt.Errorf("database: %w", click.ErrUnavailable)
	case "panic":
		panic("a bug")
	}
	return store.User{}, click.ErrNotFound
}

func (a fixtureAuth) UserByKey(ctx context.Context, login, apiKey string) (store.User, error) {
	u, err := a.users.UserByLogin(ctx, login)
	switch {
	case errors.Is(err, click.ErrNotFound):
		return store.User{}, auth.ErrUnknownLogin
	case apiKey != "R_"+login:
		return store.User{}, auth.ErrKey
	}
	return u, err
}

// Known remembers the credentials of cat.
func (fixtureAuth) Known(token string) bool { return token == "cat" }

func (fixtureAuth) KnownKey(login, apiKey string) bool { return login == "cat" && apiKey == "R_cat" }

func (a fixtureAuth) APIKey(_ context.Context, u store.User) (string, error) {
	return "R_" + u.Login, nil
}

// dice is a source of randomness that gives the same hashes in every run.
type dice struct{ n byte }

func (d *dice) Read(b []byte) (int, error) {
	for i := range b {
		d.n += 7
		b[i] = d.n
	}
	return len(b), nil
}
