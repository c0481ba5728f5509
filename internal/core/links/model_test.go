package links_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// history is the answers of the store for every name on every host over time.
type history struct {
	*world
	moments []moment
	made    map[string]bool // names that Shorten returned, and that Name gave on every domain
	down    bool
}

type moment struct {
	clock int64
	down  bool
	// answers are those about names as they are, and anyCase those about keywords in any
	// case; the zero link for an unknown name.
	answers, anyCase map[[2]string]store.Link
}

var (
	modelHosts = []string{"sho.rt", "j.mp", "strange.example", ""}
	modelNames = []string{"0000000", "1111111", "2222222", "3333333", "4444444", "5555555", "x", "y", "X", "Y"}
)

func (h *history) note() {
	m := moment{clock: h.clock.Load(), down: h.down, answers: map[[2]string]store.Link{}, anyCase: map[[2]string]store.Link{}}
	for _, host := range modelHosts {
		for _, name := range modelNames {
			m.answers[[2]string{host, name}], _ = h.store.MemoryLinks.LinkByName(context.Background(), host, click.Hash(name))
			m.anyCase[[2]string{host, name}], _ = h.store.MemoryLinks.LinkByKeyword(context.Background(), host, click.Hash(name))
		}
	}
	h.moments = append(h.moments, m)
}

// may reports whether the answer was that of the store at most a minute ago; or, if the store
// failed until a second ago, any link that it ever returned. The answers about a name as it
// is and in any case may be of different times.
func (h *history) may(host, name string, l store.Link) bool {
	now := h.clock.Load()
	at := [2]string{host, name}
	var exact, unknown, anyCase, ever bool
	failed := h.down
	for _, m := range h.moments {
		age := now - m.clock
		recently := age >= 0 && age < 60
		exact = exact || recently && m.answers[at] == l && l.ID != 0
		unknown = unknown || recently && m.answers[at].ID == 0
		anyCase = anyCase || recently && m.anyCase[at] == l
		ever = ever || m.answers[at] == l || m.anyCase[at] == l
		failed = failed || m.down && age > -60 && age <= 1
	}
	if l == (store.Link{}) {
		return unknown && anyCase && !h.made[name]
	}
	return exact || unknown && anyCase || failed && ever
}

func TestRandomHistoriesAreNeverAnsweredTooOld(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(rt *rapid.T) {
		h := &history{
			world: newWorld(t, links.Options{Domains: []string{"sho.rt", "j.mp"}, Random: &repeated{}}),
			made:  map[string]bool{},
		}
		h.note()
		pick := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(rt, label) }
		rt.Repeat(map[string]func(*rapid.T){
			"time": func(rt *rapid.T) {
				h.clock.Add(rapid.SampledFrom([]int64{1, 2, 20, 59, 60, 61, -1, -70}).Draw(rt, "seconds"))
				h.note()
			},
			"import": func(*rapid.T) {
				f := store.ForeignLink{Login: "bob", Hash: click.Hash(pick(modelNames, "hash")), LongURL: "http://imported/"}
				if domain := pick(modelHosts, "domain"); domain != "" {
					f.Domain, f.Keyword = domain, click.Hash(pick(modelNames, "keyword"))
				}
				h.importLink(f)
				h.note()
			},
			"shorten": func(rt *rapid.T) {
				longURL := pick([]string{"http://a/", "http://b/", "http://c/"}, "long URL")
				l, _, err := h.Shorten(context.Background(), links.Request{User: h.user, LongURL: longURL})
				if err != nil {
					return // the hashes are used up
				}
				h.note()
				h.made[string(l.Hash)], h.made[string(l.AggregateHash)] = true, true
			},
			"name": func(rt *rapid.T) {
				n := links.Naming{Name: pick([]string{"x", "y", "X", "Y"}, "name"), Domain: pick([]string{"", "sho.rt", "j.mp"}, "domain")}
				l, _, err := h.Shorten(context.Background(), links.Request{User: h.user, LongURL: pick([]string{"http://a/", "http://b/"}, "long URL")})
				if err == nil {
					n.Overwrite = rapid.Bool().Draw(rt, "overwrite")
					err = h.Name(context.Background(), l, n)
				}
				h.note()
				if err != nil || h.down {
					return
				}
				// It is found at once, in any case, unless an import made it something else.
				for _, name := range []string{strings.ToLower(n.Name), strings.ToUpper(n.Name)} {
					for _, host := range modelHosts {
						if n.Domain != "" && host != n.Domain {
							continue
						}
						got, err := h.Resolve(context.Background(), host, name)
						if err != nil || !h.may(host, name, got) || name == n.Name && got.ID != l.ID {
							rt.Fatalf("%q on %q was given to %+v, and leads to %+v, %v", n.Name, host, l, got, err)
						}
					}
				}
			},
			"fail": func(rt *rapid.T) {
				h.down = !h.down
				h.store.inspect = nil
				if h.down {
					h.store.inspect = down
				}
				h.note()
			},
			"resolve": func(rt *rapid.T) {
				for range 4 {
					host, name := pick(modelHosts, "host"), pick(modelNames, "name")
					l, err := h.Resolve(context.Background(), host, name)
					switch {
					case errors.Is(err, click.ErrUnavailable) && h.down:
					case err != nil && !errors.Is(err, click.ErrNotFound), !h.may(host, name, l):
						rt.Fatalf("%q on %q gave %+v, %v, which was not so within the last minute", name, host, l, err)
					}
				}
			},
		})
	})
}

// TestNewLinksAreFoundAfterEarlierQuestions: many ask for names before their links exist.
func TestNewLinksAreFoundAfterEarlierQuestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Random: &repeated{}})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	for g := range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := g; ctx.Err() == nil; i++ {
				c := base62[i%len(base62)]
				name := fmt.Sprintf("%[1]c%[1]c%[1]c%[1]c%[1]c%[1]c%[1]c", c)
				if l, err := w.Resolve(ctx, "sho.rt", name); err == nil && string(l.Hash) != name {
					t.Errorf("%q led to %+v", name, l)
				}
				if i%8 == 0 {
					w.clock.Add(1)
				}
			}
		}()
	}
	for i := range len(base62) / 2 {
		l := w.shorten(fmt.Sprintf("http://a.example/%d", i))
		for _, host := range []string{"sho.rt", "other.example"} {
			w.resolves(host, string(l.Hash), l)
			if a, err := w.Resolve(context.Background(), host, string(l.AggregateHash)); err != nil || a.ID != l.Aggregate {
				t.Errorf("%q, just made, gave %+v, %v", l.AggregateHash, a, err)
			}
		}
	}
	stop()
	for range 8 {
		<-done
	}
}
