package links_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

func TestShorten(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	l, made, err := w.Shorten(ctx, links.Request{User: w.user, LongURL: " HTTP://Google.com"})
	if err != nil || !made {
		t.Fatalf("a first link gave %+v, made %t, %v", l, made, err)
	}
	want := store.Link{
		ID: l.ID, User: w.user, Hash: l.Hash, Aggregate: l.Aggregate, AggregateHash: l.AggregateHash,
		LongURL: "http://google.com/", Created: 1331822918, Modified: 1331822918,
		LinkDetails: store.LinkDetails{UserTS: 1331822918},
	}
	if l != want || l.Hash == l.AggregateHash {
		t.Errorf("a first link is %+v, want %+v", l, want)
	}
	for _, hash := range []click.Hash{l.Hash, l.AggregateHash} {
		if len(hash) != 7 || strings.Trim(string(hash), base62) != "" {
			t.Errorf("%q is no hash of 7 characters", hash)
		}
	}
	w.clock.Add(5)
	if again, made, err := w.Shorten(ctx, links.Request{User: w.user, LongURL: "http://google.com:80/"}); again != l || made || err != nil {
		t.Errorf("the same long URL again gave %+v, made %t, %v", again, made, err)
	}
	for _, c := range []struct {
		request links.Request
		want    error
	}{
		{links.Request{User: w.user, LongURL: "nonsense", Domain: "nonsense"}, links.ErrURL},
		{links.Request{User: w.user, LongURL: "http://sho.rt/abc", Domain: "nonsense"}, links.ErrOwnLink},
		{links.Request{User: w.user, LongURL: "http://a.example/", Domain: "nonsense"}, links.ErrDomain},
		{links.Request{User: w.user, LongURL: "\xff\x00"}, links.ErrURL},
		{links.Request{User: w.user + 1, LongURL: "http://a.example/"}, click.ErrNotFound},
		{links.Request{LongURL: "http://a.example/"}, click.ErrNotFound},
	} {
		if l, made, err := w.Shorten(ctx, c.request); !errors.Is(err, c.want) || made || l != (store.Link{}) {
			t.Errorf("%+v gave %+v, made %t, %v; want %v", c.request, l, made, err, c.want)
		}
	}
}

// TestShortenImportedURL: imports keep spellings. A user's link under the spelling
// given is the answer, even if the spelling would be refused otherwise.
func TestShortenImportedURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Domains: []string{"sho.rt"}})
	for i, longURL := range []string{
		"http://www.tva.gov", "HTTP://Upper.example/", "http://path.example/ü", "ftp://a.example/", "http://a b/", "http://u:p@a.example/",
		"http://sho.rt/abc", "no URL at all", " http://blank.example/ ", "http://" + strings.Repeat("x", links.MaxLongURL),
	} {
		have := w.importLink(store.ForeignLink{Login: "ann", Hash: click.Hash(fmt.Sprint("h", i)), AggregateHash: click.Hash(fmt.Sprint("g", i)), LongURL: longURL})
		r := links.Request{User: w.user, LongURL: longURL, Details: store.LinkDetails{Title: "new"}}
		if err := w.Check(context.Background(), r); err != nil {
			t.Errorf("%.40q, which the user has, may not be shortened: %v", longURL, err)
		}
		if got, made, err := w.Shorten(context.Background(), r); got != have || made || err != nil {
			t.Errorf("%.40q, which the user has, gave %+v, made %t, %v", longURL, got, made, err)
		}
		r.Domain = "nonsense"
		if got, _, err := w.Shorten(context.Background(), r); !errors.Is(err, links.ErrDomain) {
			t.Errorf("%.40q on a domain of others gave %+v, %v", longURL, got, err)
		}
		// Other users do not have it: their link is made as any other is.
		other := links.Request{User: w.importLink(store.ForeignLink{Login: "bob", Hash: "bob", LongURL: "http://bob/"}).User, LongURL: longURL}
		parsed, err := links.ParseLongURL(longURL)
		if err == nil && longURL == "http://sho.rt/abc" {
			err = links.ErrOwnLink
		}
		if refused := w.Check(context.Background(), other); (refused == nil) != (err == nil) {
			t.Errorf("%.40q, which another user has, may be shortened: %v; want %v", longURL, refused, err)
		}
		got, made, refused := w.Shorten(context.Background(), other)
		if made != (err == nil) || made && (got.LongURL != parsed || got.AggregateHash == have.AggregateHash) || (refused == nil) != made {
			t.Errorf("%.40q, which another user has, gave %+v, made %t, %v; want %v", longURL, got, made, refused, err)
		}
	}
	// click.Nobody is not a user, although it owns aggregate links.
	if got, _, err := w.Shorten(context.Background(), links.Request{LongURL: "http://www.tva.gov"}); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("without a user: %+v, %v; want click.ErrNotFound", got, err)
	}
}

// All characters are equally likely: of 70,000, each is expected 1,129 times with a
// deviation of 33. A byte modulo 62 would give eight of them 1,367 times.
func TestHashesAreDrawnEvenly(t *testing.T) {
	t.Parallel()
	const made, expected, apart = 1000, 226, 5 * 15
	w := newWorld(t, links.Options{Random: rand.NewChaCha8([32]byte{1})})
	seen := map[rune]int{}
	for i := range made {
		l := w.shorten(fmt.Sprintf("http://a.example/%d", i))
		for _, c := range string(l.Hash + l.AggregateHash) {
			seen[c]++
		}
	}
	for _, c := range base62 {
		if n := seen[c]; n < expected-apart || n > expected+apart {
			t.Errorf("%q was drawn %d times, not about %d", c, n, expected)
		}
	}
}

func TestHashesThatAreTakenAreDrawnAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		drawn           []string
		hash, aggregate click.Hash
	}{
		{"free", []string{"abcdefg", "ABCDEFG"}, "abcdefg", "ABCDEFG"},
		{"a link has it", []string{"takenli", "x", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"an aggregate link has it", []string{"x", "takenag", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"a keyword has it", []string{"takenke", "x", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"it is the same twice", []string{"abcdefg", "abcdefg", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"it is reserved", []string{"healthz", "x", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"the other one is reserved", []string{"x", "healthz", "8888888888", "9999999999"}, "88888888", "99999999"},
		{"twice", []string{"takenli", "x", "takenag0", "x0000000", "8888888888", "9999999999"}, "888888888", "999999999"},
	} {
		w := newWorld(t, links.Options{Random: spelt(c.drawn...)})
		w.importLink(store.ForeignLink{Login: "bob", Hash: "takenli", AggregateHash: "takenag", LongURL: "http://b/", Domain: "j.mp", Keyword: "takenke"})
		w.importLink(store.ForeignLink{Login: "bob", Hash: "x0000000", AggregateHash: "takenag0", LongURL: "http://c/"})
		l, made, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: "http://a/", Host: "sho.rt"})
		if err != nil || !made || l.Hash != c.hash || l.AggregateHash != c.aggregate {
			t.Errorf("%s: %+v, made %t, %v; want %q and %q", c.name, l, made, err, c.hash, c.aggregate)
		}
	}
}

func TestShortenGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, links.Options{Random: bytes.NewReader(make([]byte, 1000))}) // both hashes 0, always
	if l, _, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: "http://a/", Host: "h"}); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("hashes that are always taken gave %+v, %v; want click.ErrUnavailable", l, err)
	}
	w = newWorld(t, links.Options{Random: strings.NewReader("too short")})
	if l, _, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: "http://a/", Host: "h"}); err == nil {
		t.Errorf("a link was made without enough randomness: %+v", l)
	}
}

func TestReserved(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"v3": true, "v4": true, "oauth": true, "healthz": true, "robots.txt": true, "favicon.ico": true,
		".well-known": true, "-": true, "-/": true, "-/links/x": true, "v3/user/clicks": true, ".well-known/acme": true,
		"": false, "v5": false, "V3": false, "v33": false, "v": false, "--": false, "-x": false, "a/v3": false,
		"robots": false, "well-known": false, "/v3": false,
	} {
		if got := links.Reserved(name); got != want {
			t.Errorf("Reserved(%q) is %t", name, got)
		}
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	two := []string{"Sho.rt", "bücher.example:8080"}
	for _, c := range []struct {
		domains     []string
		asked, host string
		want        string
	}{
		{two, "", "elsewhere.example", "sho.rt"},
		{two, "", "", "sho.rt"},
		{two, "SHO.RT", "", "sho.rt"},
		{two, "sho.rt:80", "", "sho.rt"},
		{two, "BÜCHER.example:8080", "", "xn--bcher-kva.example:8080"},
		{two, "bit.ly", "", "sho.rt"},
		{two, "J.MP", "", "sho.rt"},
		{two, "bitly.com", "", "sho.rt"},
		{two, "bücher.example", "", ""},
		{two, "sho.rt:81", "", ""},
		{two, "elsewhere.example", "elsewhere.example", ""},
		{two, "bit.ly:80", "", "sho.rt"},
		{two, "bit.ly:81", "", ""},
		{two, "SHO.rt.", "", "sho.rt"},
		{two, "http://sho.rt", "", ""},
		{two, " ", "", ""},
		{[]string{"sho.rt", "j.mp"}, "j.mp", "", "j.mp"},
		{nil, "", "LocalHost:8080", "localhost:8080"},
		{nil, "", "[::1]:8080", "[::1]:8080"},
		{nil, "", "h.example:80", "h.example"},
		{nil, "localhost:8080", "localhost:8080", "localhost:8080"},
		{nil, "bit.ly", "h.example", "h.example"},
		{nil, "other.example", "h.example", ""},
		{nil, "", "", ""},
		{nil, "", "a b", ""},
		{nil, "", "h.example/x", ""},
		{nil, "", "\"><script>", ""},
	} {
		w := newWorld(t, links.Options{Domains: c.domains})
		got, err := w.Domain(c.asked, c.host)
		if got != c.want || (c.want == "") != errors.Is(err, links.ErrDomain) {
			t.Errorf("of %q, asked for %q on %q: %q, %v; want %q", c.domains, c.asked, c.host, got, err, c.want)
		}
	}
}

// TestDomainOfInvalidHost: a request without a valid host gets short URLs with the
// host of Options.
func TestDomainOfInvalidHost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ own, host, want string }{
		{"127.0.0.1:8080", "", "127.0.0.1:8080"},
		{"127.0.0.1:8080", "a_b c", "127.0.0.1:8080"},
		{"127.0.0.1:8080", "sho.rt", "sho.rt"},
		{"", "", ""},
	} {
		got, err := newWorld(t, links.Options{Host: c.own}).Domain("", c.host)
		if got != c.want || (err == nil) != (c.want != "") || err != nil && !errors.Is(err, links.ErrDomain) {
			t.Errorf("host %q, own host %q: %q, %v; want %q", c.host, c.own, got, err, c.want)
		}
	}
}

func TestShortURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scheme, domain, hash, want string }{
		{"", "sho.rt", "abc", "http://sho.rt/abc"},
		{"http", "localhost:8080", "abc", "http://localhost:8080/abc"},
		{"https", "sho.rt", "a b/ü?#", "https://sho.rt/a%20b/%C3%BC%3F%23"},
		{"", "sho.rt", "a/../b", "http://sho.rt/a%2F..%2Fb"},
		{"", "sho.rt", "/a", "http://sho.rt/%2Fa"},
	} {
		if got := newWorld(t, links.Options{Scheme: c.scheme}).ShortURL(c.domain, click.Hash(c.hash)); got != c.want {
			t.Errorf("%+v gave %q", c, got)
		}
	}
}

func TestNewRefusesInvalidOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []links.Options{
		{Scheme: "ftp"}, {Scheme: "HTTP"}, {Domains: []string{""}}, {Domains: []string{"http://sho.rt"}},
		{Domains: []string{"sho.rt", "sho.rt/"}}, {Domains: []string{"sho.rt:0"}}, {Domains: []string{"1.2.3"}},
	} {
		if _, err := links.New(o); err == nil {
			t.Errorf("New accepts the invalid options %+v", o)
		}
	}
}

func TestOwnLinks(t *testing.T) {
	t.Parallel()
	two := []string{"sho.rt", "port.example:8080", "xn--bcher-kva.example"}
	for _, c := range []struct {
		domains       []string
		longURL, host string
		own           bool
	}{
		{two, "http://sho.rt/abc", "", true},
		{two, "https://SHO.rt:4433/abc?x#y", "", true},
		{two, "http://sho.rt./abc", "", true},
		{two, "http://sho.rt/%61bc", "", true},
		{two, "http://sho.rt/%zz", "", true},
		{two, "http://bücher.example/ü", "", true},
		{two, "http://port.example:8080/abc", "", true},
		{two, "http://port.example/abc", "", false},
		{two, "http://sho.rt", "", false},
		{two, "http://sho.rt/?abc", "", false},
		{two, "http://sho.rt/#abc", "", false},
		{two, "http://sho.rt/abc/", "", true},
		{two, "http://sho.rt:80/abc%2F", "", true},
		{two, "http://sho.rt//abc//", "", true},
		{two, "http://sho.rt/./abc", "", true},
		{two, "http://sho.rt/x/../abc", "", true},
		{two, "http://sho.rt/../../abc", "", true},
		{two, "http://sho.rt/x/y/.%2E/%2e%2E/abc?x/../y#/..", "", true},
		{two, "http://sho.rt/x\\..\\abc", "", true},
		{two, "http://sho.rt\\abc", "", false}, // no URL
		{two, "http://sho.rt/abc/..", "", false},
		{two, "http://sho.rt/v3/../abc", "", true},
		{two, "http://sho.rt/abc/../v3/x", "", false},
		{two, "http://sho.rt/deep/key", "", true},
		{two, "http://sho.rt/deep/./key/", "", true},
		{two, "http://SHO.rt.:8080/abc", "", true},
		{two, "http://sho\u3002rt/abc", "", true},              // an ideographic full stop
		{two, "http://\uff33\uff28\uff2f.rt/abc", "", true},    // fullwidth letters
		{two, "http://sho\u00ad.rt/abc", "", true},             // a soft hyphen, which is nothing
		{two, "http://\u2488\u24ea.0.0.1:8080/abc", "", false}, // no URL
		{two, "http://127.0.0.\uff11:8080/abc", "", true},      // a fullwidth digit
		{two, "http://127.0.0.1.:8080/abc", "", false},         // no URL
		{two, "http://127.0.0.1:8080/abc", "", true},
		{two, "http://127.0.0.1:8080/./abc", "", true},
		{two, "http://[::ffff:127.0.0.1]:8080/abc", "", true},
		{two, "http://localhost:8080/abc", "", true},
		{two, "http://LOCALHOST.:8080/abc", "", true},
		{two, "http://x.localhost:8080/abc", "", true},
		{two, "http://127.0.0.1:8081/abc", "", false},
		{two, "http://127.0.0.1/abc", "", false},
		{two, "http://192.0.2.1:8080/abc", "", false},
		{two, "http://127.0.0.1:8080/", "", false},
		{nil, "http://127.0.0.1:8080/abc", "", true},
		{two, "http://sho.rt/a/b", "", false},
		{two, "http://sho.rt/a%2fb", "", false},
		{two, "http://sho.rt/v3", "", false},
		{two, "http://sho.rt/%763", "", false},
		{two, "http://sho.rt/-/links", "", false},
		{two, "http://www.sho.rt/abc", "", false},
		{two, "http://bit.ly/abc", "bit.ly", false},
		{[]string{"sho.rt:443"}, "https://sho.rt/abc", "", true},
		{[]string{"sho.rt:443"}, "http://sho.rt/abc", "", false},
		{nil, "http://h.example/abc", "H.example", true},
		{nil, "http://h.example:99/abc", "h.example", true},
		{nil, "http://h.example:99/abc", "h.example:98", false},
		{nil, "http://h.example/abc", "other.example", false},

		// On Bitly's domains and on those of keywords, names of links.
		{two, "http://bit.ly/known", "", true},
		{two, "https://J.MP/known/?x#y", "", true},
		{two, "http://bitly.com/%6Bnown", "", true},
		{two, "http://bit.ly/aggregate", "", true},
		{two, "http://bit.ly/word", "", true},
		{two, "http://bit.ly/known+", "", false},
		{two, "http://bit.ly/a/known", "", false},
		{two, "http://bit.ly", "", false},
		{two, "http://bit.ly/v3", "", false},
		{two, "http://go.example/word", "", true},
		{two, "http://GO.example/known", "", true},
		{two, "http://go.example/other", "", false},
		{two, "http://go.example/" + strings.Repeat("x", links.MaxName+1), "", false},
		{two, "http://other.example/word", "", false},
		{two, "http://other.example/known", "", false},
		{two, "http://port.example/known", "", false},
		{two, "http://port.example:8080/known/", "", true},
		{two, "http://bit.ly/./known", "", true},
		{two, "http://go.example/x/../word/", "", true},
		{nil, "http://bit.ly/known", "", true},
		{nil, "http://go.example/word", "", true},
		{nil, "http://h.example:99/known", "h.example:98", false},
	} {
		w := newWorld(t, links.Options{Domains: c.domains, Here: func(a netip.Addr, port string) bool {
			return a == netip.MustParseAddr("127.0.0.1") && port == "8080"
		}})
		w.importLink(store.ForeignLink{Login: "bob", Hash: "deep", AggregateHash: "deeper", LongURL: "http://b/", Domain: "deep.example", Keyword: "deep/key"})
		w.importLink(store.ForeignLink{Login: "bob", Hash: "known", AggregateHash: "aggregate", LongURL: "http://b/", Domain: "go.example", Keyword: "word"})
		if c.host == "" {
			c.host = "any.example"
		}
		_, _, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: c.longURL, Host: c.host})
		if errors.Is(err, links.ErrOwnLink) != c.own || !c.own && err != nil && !errors.Is(err, links.ErrURL) {
			t.Errorf("of %q on %q, %q gave %v; want our own: %t", c.domains, c.host, c.longURL, err, c.own)
		}
		w.store.inspect = down
		if err := w.Check(context.Background(), links.Request{User: w.user, LongURL: c.longURL, Host: c.host}); errors.Is(err, click.ErrNotFound) || !c.own && err != nil && !errors.Is(err, click.ErrUnavailable) && !errors.Is(err, links.ErrURL) {
			t.Errorf("of %q on %q, while the store is away, %q gave %v", c.domains, c.host, c.longURL, err)
		}
	}
}
