package links_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestSoleWriterAsksOnce: a known answer is used for ever; after a change that may be anything, a store
// that fails is asked once a second.
func TestSoleWriterAsksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{SoleWriter: true})
	a := w.importLink(store.ForeignLink{Login: "bob", Hash: "a", LongURL: "http://a/"})
	both := func() { w.resolves("sho.rt", "a", a); w.resolves("sho.rt", "none", store.Link{}) }
	both()
	w.clock.Add(1e7)
	w.asks(0, both)
	w.Changed(store.Change{All: true})
	w.store.inspect = down
	known := func() { w.resolves("sho.rt", "a", a) }
	w.asks(1, known)
	w.asks(0, known)
	w.clock.Add(1)
	w.asks(1, known)
	w.store.inspect = nil
	w.clock.Add(1)
	w.asks(1, known)
	w.clock.Add(1e7)
	w.asks(0, known)
}

// TestSoleWriterIsNeverStale: what is remembered until it changes is what the store answers now,
// after every change that the store has, for every name on every host.
func TestSoleWriterIsNeverStale(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		db, err := sql.Open(ctx, filepath.Join(t.TempDir(), "links.db"))
		if err != nil {
			rt.Fatal(err)
		}
		defer db.Close()
		now := func() time.Time { return time.Unix(1331822918, 0) }
		options := links.Options{Links: db, Now: now, Random: seedtest.Reader(t), SoleWriter: true}
		if rapid.Bool().Draw(rt, "with domains") {
			options.Domains = []string{"sho.rt", "j.mp"}
		}
		cached, err := links.New(options)
		if err != nil {
			rt.Fatal(err)
		}
		db.Tell(cached.Changed)
		pick := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(rt, label) }
		// anyLink is a link that exists, or the zero link.
		anyLink := func() store.Link {
			l, err := db.LinkByName(ctx, pick(modelHosts, "host"), click.Hash(pick(modelNames, "name")))
			if err != nil && !errors.Is(err, click.ErrNotFound) {
				rt.Fatal(err)
			}
			return l
		}
		allow := func(err error) {
			if err != nil && !errors.Is(err, click.ErrNotFound) && !errors.Is(err, click.ErrExists) && !errors.As(err, new(*links.TakenError)) {
				rt.Fatal(err)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"import": func(*rapid.T) {
				var some []store.ForeignLink
				for range rapid.IntRange(1, 3).Draw(rt, "links") {
					f := store.ForeignLink{
						Login: pick([]string{"bob", "cid"}, "login"), Hash: click.Hash(pick(modelNames, "hash")), Created: 1,
						AggregateHash: click.Hash(pick(modelNames, "aggregate")), LongURL: pick([]string{"http://a/", "http://b/"}, "long URL"),
						Details: store.LinkDetails{Title: pick([]string{"", "a title"}, "title")},
					}
					if rapid.Bool().Draw(rt, "with keyword") {
						f.Domain, f.Keyword = pick(modelHosts, "domain"), click.Hash(pick(modelNames, "keyword"))
					}
					some = append(some, f)
				}
				_, err := db.ImportLinks(ctx, some)
				allow(err)
			},
			"make": func(*rapid.T) {
				u, err := db.UserByLogin(ctx, "bob")
				if err != nil {
					return
				}
				_, _, err = db.MakeLink(ctx, store.NewLink{
					User: u.ID, LongURL: pick([]string{"http://a/", "http://c/"}, "long URL"), Created: 2,
					Hash: click.Hash(pick(modelNames, "hash")), AggregateHash: click.Hash(pick(modelNames, "aggregate")),
				})
				allow(err)
			},
			"name": func(*rapid.T) {
				k := store.Keyword{Link: anyLink().ID, Domain: pick(modelHosts, "domain"), Keyword: click.Hash(pick(modelNames, "keyword"))}
				_, err := db.NameLink(ctx, k, rapid.Bool().Draw(rt, "overwrite"))
				allow(err)
			},
			"edit": func(*rapid.T) {
				e := store.LinkEdit{AggregateHash: click.Hash(pick(modelNames, "aggregate")), Modified: 3}
				text := pick([]string{"http://a/", "http://b/", "http://c/"}, "text")
				if rapid.Bool().Draw(rt, "long URL") {
					e.LongURL = &text
				} else {
					e.Note = &text
				}
				_, err := db.EditLink(ctx, anyLink().ID, e)
				allow(err)
			},
			"delete": func(*rapid.T) {
				_, err := db.DeleteLink(ctx, anyLink().ID)
				allow(err)
			},
			"delete the user": func(*rapid.T) {
				_, err := db.DeleteUser(ctx, anyLink().User)
				allow(err)
			},
			"": func(*rapid.T) {
				asking := options
				asking.SoleWriter = false
				uncached, err := links.New(asking)
				if err != nil {
					rt.Fatal(err)
				}
				for _, host := range modelHosts {
					for _, name := range modelNames {
						got, err := cached.Resolve(ctx, host, name)
						if err != nil && !errors.Is(err, click.ErrNotFound) {
							rt.Fatal(err)
						}
						if want, _ := uncached.Resolve(ctx, host, name); got != want {
							rt.Fatalf("%q on %q gave\n%+v, and the store has\n%+v", name, host, got, want)
						}
					}
				}
			},
		})
	})
}
