package links_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

func TestNamesAreResolvedByHostThenAnywhere(t *testing.T) {
	t.Parallel()
	for _, domains := range [][]string{{"sho.rt", "1.usa.gov"}, nil} {
		w := newWorld(t, links.Options{Domains: domains})
		a := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", AggregateHash: "agg", LongURL: "http://a/", Domain: "1.USA.gov", Keyword: "word"})
		b := w.importLink(store.ForeignLink{Login: "bob", Hash: "other", AggregateHash: "agg2", LongURL: "http://b/", Domain: "strange.example", Keyword: "word"})
		c := w.importLink(store.ForeignLink{Login: "bob", Hash: "wörd", AggregateHash: "agg3", LongURL: "http://c/", Domain: "strange.example", Keyword: "hash"})
		for round := range 3 { // asked, remembered, and asked again
			for _, host := range []string{"sho.rt", "1.usa.gov", "1.USA.GOV", "1.usa.gov:8080", "1.usa.gov.", "", "a\x00b", "\xff", strings.Repeat("h", 999)} {
				w.resolves(host, "word", a)
				w.resolves(host, "hash", a)
				w.resolves(host, "wörd", c)
			}
			for _, host := range []string{"strange.example", "Strange.Example:443", "strange.example."} {
				w.resolves(host, "word", b)
				w.resolves(host, "hash", c)
				w.resolves(host, "other", b)
			}
			aggregate, err := w.store.LinkByID(context.Background(), a.Aggregate)
			if err != nil {
				t.Fatal(err)
			}
			w.resolves("sho.rt", "agg", aggregate)
			w.resolves("sho.rt", "HASH", c) // a keyword
			w.resolves("sho.rt", "OTHER", store.Link{})
			if round == 1 {
				w.clock.Add(60)
			}
		}
	}
}

func TestImpossibleNamesAreNotLookedUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	longest := strings.Repeat("n", links.MaxName)
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: click.Hash(longest), LongURL: "http://a/"})
	for _, name := range []string{"v3", "healthz", "-/x", ".well-known/x"} { // imported as they may be
		w.importLink(store.ForeignLink{Login: "bob", Hash: click.Hash(name), LongURL: "http://a/"})
	}
	w.importLink(store.ForeignLink{Login: "bob", Hash: click.Hash(longest + "n"), LongURL: "http://a/"})
	w.importLink(store.ForeignLink{Login: "bob", Hash: "a\nb", LongURL: "http://a/"})
	w.asks(0, func() {
		for _, name := range []string{"", longest + "n", "a\nb", "a\x00", "\x7f", "\xff", "a\xc3", "v3", "healthz", "-/x", ".well-known/x"} {
			w.resolves("sho.rt", name, store.Link{})
		}
	})
	w.asks(1, func() { w.resolves("sho.rt", longest, l) })
	w.asks(2, func() { w.resolves("sho.rt", "a b", store.Link{}) }) // and as a keyword in any case
}

func TestAnswersAreRememberedForAMinute(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
	again := func() {
		w.resolves("sho.rt", "hash", l)
		w.resolves("strange.example", "hash", l)
		w.resolves("sho.rt", "nope", store.Link{})
		w.resolves("strange.example", "nope", store.Link{}) // unknown on one host, unknown on all
		w.resolves("", "nope", store.Link{})
	}
	w.asks(4, again) // two about the unknown name: as it is, and in any case
	w.clock.Add(59)
	w.asks(0, again)
	w.clock.Add(1)
	w.asks(4, again)
	w.clock.Add(-1) // a clock set back must not make answers live longer
	w.asks(4, again)
	w.asks(0, again)
}

func TestALinkIsFoundAsSoonAsItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Random: spelt("hash000", "agg0000")})
	for _, host := range []string{"sho.rt", "other.example", ""} {
		w.resolves(host, "hash000", store.Link{})
		w.resolves(host, "agg0000", store.Link{})
	}
	l := w.shorten("http://a/")
	for _, host := range []string{"sho.rt", "other.example", ""} {
		w.resolves(host, "hash000", l)
		if a, err := w.Resolve(context.Background(), host, "agg0000"); err != nil || a.ID != l.Aggregate {
			t.Errorf("an aggregate link just made gave %+v, %v", a, err)
		}
	}
}

// A link that another process made is found as soon as Shorten returns it here.
func TestALinkIsFoundAsSoonAsItIsReturned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	w.resolves("sho.rt", "hash", store.Link{})
	l, _, err := w.store.MakeLink(context.Background(), store.NewLink{User: w.user, LongURL: "http://a/", Hash: "hash", AggregateHash: "agg"})
	if err != nil {
		t.Fatal(err)
	}
	w.resolves("sho.rt", "hash", store.Link{})
	if got := w.shorten("http://a/"); got != l {
		t.Fatalf("the same long URL gave %+v, not %+v", got, l)
	}
	w.resolves("sho.rt", "hash", l)
}

// The store answers that there is no such link, then the link is made, and only then the
// answer arrives.
func TestAnAnswerFromBeforeALinkWasMadeDoesNotHideIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, links.Options{Random: &repeated{}})
		deliver := make(chan struct{})
		w.store.inspect = func(_ context.Context, _ click.Hash, l store.Link, err error) (store.Link, error) {
			if err != nil {
				<-deliver
			}
			return l, err
		}
		early := make(chan error)
		go func() {
			_, err := w.Resolve(context.Background(), "sho.rt", "0000000")
			early <- err
		}()
		synctest.Wait()
		l := w.shorten("http://a/")
		w.resolves("sho.rt", "0000000", l) // while the old question is still under way
		w.resolves("other.example", "0000000", l)
		close(deliver)
		if err := <-early; !errors.Is(err, click.ErrNotFound) {
			t.Errorf("a question from before the link was made is answered with %v, want click.ErrNotFound", err)
		}
		w.resolves("third.example", "0000000", l)
		w.clock.Add(60)
		w.resolves("sho.rt", "0000000", l)
	})
}

func TestEqualQuestionsAskTheStoreOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, links.Options{})
		l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
		answer := make(chan struct{})
		w.store.inspect = func(ctx context.Context, _ click.Hash, l store.Link, err error) (store.Link, error) {
			<-answer
			if ctx.Err() != nil {
				return store.Link{}, ctx.Err()
			}
			return l, err
		}
		first, leave := context.WithCancel(context.Background())
		left := make(chan error)
		go func() {
			_, err := w.Resolve(first, "sho.rt", "hash")
			left <- err
		}()
		synctest.Wait()
		done := make(chan struct{})
		for range 64 {
			go func() {
				w.resolves("sho.rt", "hash", l)
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		leave() // the question goes on
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that left got %v, want context.Canceled", err)
		}
		close(answer)
		for range 64 {
			<-done
		}
		if n := w.store.asked.Load(); n != 1 {
			t.Errorf("65 equal questions asked the store %d times, want 1", n)
		}
	})
}

func TestUnavailableStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
	w.resolves("sho.rt", "hash", l)
	w.resolves("sho.rt", "nope", store.Link{})
	unavailable := func(name string) {
		t.Helper()
		if got, err := w.Resolve(context.Background(), "sho.rt", name); !errors.Is(err, click.ErrUnavailable) || errors.Is(err, click.ErrNotFound) {
			t.Errorf("without the store, %q gave %+v, %v; want click.ErrUnavailable", name, got, err)
		}
	}
	w.store.inspect = down
	w.resolves("sho.rt", "hash", l)
	w.resolves("sho.rt", "nope", store.Link{})
	unavailable("never asked")
	w.clock.Add(1_000_000)
	w.resolves("sho.rt", "hash", l) // old, and better than nothing
	unavailable("nope")             // which may have been made since
	w.asks(0, func() { w.resolves("sho.rt", "hash", l) })
	w.clock.Add(1)
	w.asks(1, func() { w.resolves("sho.rt", "hash", l) })
	w.store.inspect = func(context.Context, click.Hash, store.Link, error) (store.Link, error) {
		return store.Link{}, click.ErrNotFound // it is back, and the link is gone
	}
	w.clock.Add(1)
	w.resolves("sho.rt", "hash", store.Link{})
	w.store.inspect = down
	w.clock.Add(60)
	unavailable("hash")
}

func TestHangingStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, links.Options{})
		l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
		w.resolves("sho.rt", "hash", l)
		w.clock.Add(60)
		w.store.inspect = func(ctx context.Context, _ click.Hash, _ store.Link, _ error) (store.Link, error) {
			<-ctx.Done()
			return store.Link{}, ctx.Err()
		}
		start := time.Now() // of the bubble
		w.resolves("sho.rt", "hash", l)
		if _, err := w.Resolve(context.Background(), "sho.rt", "new"); !errors.Is(err, click.ErrUnavailable) {
			t.Errorf("a store that hangs gave %v, not click.ErrUnavailable", err)
		}
		if waited := time.Since(start); waited != 4*time.Second {
			t.Errorf("two questions to a store that hangs took %v, not 2 s each", waited)
		}
		w.clock.Add(60)
		gone, leave := context.WithTimeout(context.Background(), time.Second)
		defer leave()
		if got, err := w.Resolve(gone, "sho.rt", "hash"); got != l || err != nil {
			t.Errorf("a caller that left before the store answered got %+v, %v; want the old answer", got, err)
		}
		w.resolves("sho.rt", "hash", l) // and waits for the rest of the question
	})
}

// A name with slashes at its ends is itself if there is such a link, otherwise the name
// without them.
func TestExtraSlashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	w.resolves("sho.rt", "hash/", store.Link{})
	hash := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/", Domain: "sho.rt", Keyword: "word"})
	w.ForgetImported(store.ForeignLink{Hash: "hash"})
	exact := w.importLink(store.ForeignLink{Login: "bob", Hash: "exact/", LongURL: "http://b/"})
	other := w.importLink(store.ForeignLink{Login: "bob", Hash: "exact", LongURL: "http://c/"})
	for name, want := range map[string]store.Link{
		"hash/": hash, "word/": hash, "exact/": exact, "exact": other, "exact//": exact,
		"hash//": hash, "/hash": hash, "//word//": hash, "/exact": other, "//exact/": other,
		"none/": {}, "/none": {}, "/": {}, "//": {}, "v3/": {}, "/v3": {}, "//v3/": {}, "/v3/x": {}, "a//hash": {}, strings.Repeat("x", links.MaxName) + "/": {},
	} {
		w.resolves("sho.rt", name, want)
	}
}

// Unknown names and names on hosts of others do not evict names on our hosts.
func TestFloodsDoNotEvictKnownLinks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
	w.resolves("sho.rt", "hash", l)
	for i := range 60_000 {
		name := "none" + string(rune('a'+i%26)) + time.Duration(i).String()
		w.resolves("sho.rt", name, store.Link{})
		w.resolves(name, "hash", l)
	}
	w.asks(0, func() { w.resolves("sho.rt", "hash", l) })
	entries, bytes := w.Remembered()
	if entries > 100_001 || bytes > 128<<20 {
		t.Errorf("after the flood, %d answers of %d bytes are remembered", entries, bytes)
	}
}

// The cache is bounded in bytes too.
func TestLongURLsDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	long := "http://a.example/" + strings.Repeat("x", 1<<20)
	var batch []store.ForeignLink
	for i := range 300 {
		batch = append(batch, store.ForeignLink{Login: "bob", Hash: click.Hash("h" + time.Duration(i).String()), LongURL: long})
	}
	got, err := w.store.ImportLinks(context.Background(), batch)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, l := range got {
			w.resolves("sho.rt", string(l.Hash), l)
		}
		if entries, bytes := w.Remembered(); bytes > 64<<20 || entries < 30 {
			t.Errorf("%d answers of %d bytes are remembered", entries, bytes)
		}
	}
}

// A newer answer replaces the old one.
func TestRenewedAnswersDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	var small []store.ForeignLink
	for i := range 100 {
		small = append(small, store.ForeignLink{Login: "bob", Hash: click.Hash(time.Duration(i).String()), LongURL: "http://a/"})
	}
	for _, f := range small {
		l := w.importLink(f)
		w.resolves("sho.rt", string(l.Hash), l)
	}
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a.example/" + strings.Repeat("x", 1<<20)})
	for range 20 {
		w.resolves("sho.rt", "hash", l)
		w.clock.Add(60)
	}
	if entries, bytes := w.Remembered(); entries != 101 {
		t.Errorf("of 101 answers, %d of %d bytes are remembered", entries, bytes)
	}
}

// A deleted link leaves the cache, and an answer from before the deletion does not enter
// it.
func TestForget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", AggregateHash: "agg", LongURL: "http://a/"})
	other := w.importLink(store.ForeignLink{Login: "bob", Hash: "other", AggregateHash: "agg", LongURL: "http://a/"})
	remove := func() {
		if _, err := w.store.DeleteLink(context.Background(), l.ID); err != nil {
			t.Error(err)
		}
		w.Forget(func(o *store.Link) bool { return o.ID == l.ID })
	}
	w.resolves("sho.rt", "other", other)
	w.store.inspect = func(_ context.Context, name click.Hash, found store.Link, err error) (store.Link, error) {
		if name == "hash" && err == nil {
			remove() // while the answer is on its way
		}
		return found, err
	}
	w.resolves("sho.rt", "hash", l)
	w.resolves("sho.rt", "hash", store.Link{})
	w.asks(0, func() { w.resolves("sho.rt", "other", other) })
	w.Forget(func(o *store.Link) bool { return o.ID == other.ID })
	w.asks(1, func() { w.resolves("sho.rt", "other", other) })
}

// TestZeroClock: a name that was never asked for is not in the cache, even if the clock
// shows the zero time.
func TestZeroClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{})
	l := w.importLink(store.ForeignLink{Login: "bob", Hash: "hash", LongURL: "http://a/"})
	w.clock.Store(time.Time{}.Unix())
	w.resolves("sho.rt", "hash", l)
}
