package feed_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// imports imports an input and returns what became of it.
func imports(t testing.TB, im *feed.Importer, format, in string) (feed.Result, []string) {
	t.Helper()
	var rejected []string
	r, err := im.Import(t.Context(), format, strings.NewReader(in), func(l feed.Rejected) {
		rejected = append(rejected, fmt.Sprintf("%d: %s", l.Line, l.Reason))
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, rejected
}

// known makes the links that the inputs speak of.
func known(t testing.TB, im *feed.Importer) (abc, other store.Link) {
	t.Helper()
	made, err := im.Links.ImportLinks(t.Context(), []store.ForeignLink{
		{Login: "ann", Hash: "abc", AggregateHash: "agg", LongURL: "http://a/", Created: 5, Domain: "sho.rt", Keyword: "wörd"},
		{Login: "ann", Hash: "other", LongURL: "http://b/", Created: 5},
		{Login: "ann", Hash: "other", LongURL: "http://b/", Created: 5, Domain: "old.example", Keyword: "abc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made[0], made[1]
}

func TestCombined(t *testing.T) {
	const at = "[10/Feb/2013:13:55:36 -0700]"
	const instant = 1360529736000
	fr, de := click.Country{'F', 'R'}, click.Country{'D', 'E'}
	for _, c := range []struct {
		line string
		want *click.Click // without link and user; nil where there is none
		to   string
		told string
	}{
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "http://t.co/x?y" "Firefox"`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{`2001:db8::1 - - ` + at + ` "GET /abc?x=/y HTTP/1.1" 302 - "-" "Firefox" "more" 0.01`, &click.Click{Country: de}, "abc", ""},
		{`sho.rt 1.2.3.4 id ann ` + at + ` "GET /w%C3%B6rd HTTP/2.0" 308 0 "-" "a \"bot\" \\"`, &click.Click{Country: fr, Bot: true}, "abc", ""},
		{`old.example:443 1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 307 0 "-" "-"`, &click.Click{Country: fr, Bot: true}, "other", ""},
		{`host.example.net - - ` + at + ` "GET http://sho.rt/abc HTTP/1.1" 303 0 "nonsense" "Firefox"`, &click.Click{Referrer: "nonsense"}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 404 5 "-" "Firefox"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 200 5 "-" "Firefox"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "HEAD /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "POST /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "GET / HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "-" 408 - "-" "-"`, nil, "", ""},
		{`1.2.3.4 - - ` + at + ` "GET /nope HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", `no link "nope"`},
		{`1.2.3.4 - - ` + at + ` "GET /%zz HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "badly escaped"},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5`, nil, "", "no referrer and no user agent"},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-"`, nil, "", "combined"},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1`, nil, "", "combined"},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" x 5 "-" "Firefox"`, nil, "", "status"},
		{`1.2.3.4 - - [10/Feb/2013] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "time"},
		{`1.2.3.4 - - [10/Feb/2033:13:55:36 -0700] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "2033-02-10T20:55:36Z, is in the future"},
		// Dirt in what is not kept.
		{"1.2.3.4 - - " + at + " \"GET /abc?q=\xc4\xfa HTTP/1.1\" 301 5 \"-\" \"Op\xe9ra\"", &click.Click{Country: fr}, "abc", ""},
		{"1.2.3.4 - Jos\xe9 " + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Fire` + "\x00" + `fox"`, &click.Click{Country: fr}, "abc", ""},
		{"1.2.3.4 - - " + at + ` "GET /abc HTTP/1.1" 301 5 "http://ref.example/caf` + "\xe9" + `" "Firefox"`, &click.Click{Country: fr, Referrer: "http://ref.example/caf\uFFFD"}, "abc", ""},
		{strings.Repeat("\x00", 300) + `1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{strings.Repeat("\x00", 300), nil, "", ""},
		{"1.2.3.4 - - " + at + ` "GET /ab` + "\xff" + ` HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "badly escaped"},
		// Lists of addresses, ports, users with blanks.
		{`1.2.3.4, 10.0.0.1 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4,10.0.0.1,100.64.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`2001:db8::1, 8.8.8.8, 10.0.0.1 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "abc", ""},
		{`2001:db8::1, 1.2.3.4, 10.0.0.1 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`"2001:db8::1, 192.168.0.1" - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "abc", ""},
		{`unknown, 1.2.3.4 , 10.0.0.1 - ann ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4, unknown - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{}, "abc", ""},
		{`old.example:443 1.2.3.4, 10.0.0.1 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "other", ""},
		{`1.2.3.4:4711 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`[2001:db8::1]:4711 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "abc", ""},
		{`::ffff:1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - Jane Q. Doe ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`old.example 1.2.3.4 - Jane Doe ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "other", ""},
		{`host.example.net - Jane Doe ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{}, "abc", ""},
		{`old.example host.example.net - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{}, "other", ""},
		// Brackets before the time, and users without a name.
		{`old.example [2001:db8::1]:4711 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "other", ""},
		{`2001:db8::1, [2001:db8::2]:4711 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "abc", ""},
		{`1.2.3.4 - [1.2.3.4] - - ` + at + ` "GET /abc HTTP/2.0" 301 5 "-" "Firefox" 563 0.102 [up-80] 10.96.4.34:80`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - Jane [admin] Doe ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - "" ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - [x] [yesterday] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", `the time "yesterday"`},
		// What syslog and Docker put before the line.
		{`Feb 10 13:55:36 web1 nginx: 1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`<190>Feb 10 13:55:36 web1 nginx[77]: old.example 1.2.3.4 - ann ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "other", ""},
		{`<190>1 2013-02-10T20:55:36Z web1 nginx - - - 2001:db8::1, 10.0.0.1 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: de}, "abc", ""},
		{`web_1  | 1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`2013-02-10T20:55:36.000000000Z 1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`host.example.net - Jane 8.8.8.8 Doe Jr ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{}, "abc", ""},
		// Bytes as nginx and Apache escape them; both write a real backslash otherwise.
		{`1.2.3.4 - - ` + at + ` "GET /w\xC3\xB6rd HTTP/1.1" 301 5 "http://ref.example/caf\xC3\xA9" "Firefox"`, &click.Click{Country: fr, Referrer: "http://ref.example/café"}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "http://ref.example/\\xC3\x5Cx41\xzz\x" "Firefox"`, &click.Click{Country: fr, Referrer: `http://ref.example/\xC3\x41\xzz\x`}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "\x16\x03\x01" 400 157 "-" "-"`, nil, "", ""},
		// Other numbers than status and bytes, other times.
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 1470 0.003 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - [2013-02-10T13:55:36-07:00] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - [10/Feb/2013:13:55:36.789 -0700] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		// Slashes too many.
		{`1.2.3.4 - - ` + at + ` "GET /abc/ HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc// HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET //abc HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET http://sho.rt//abc/ HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /a%00 HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "badly escaped"},
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"` + "\r", &click.Click{Country: fr}, "abc", ""},
		{"1.2.3.4 - - \xff", nil, "", "combined"},
		{"garbage", nil, "", "combined"},
		{`1.2.3.4 - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "combined"},
		{`1.2.3.4, - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "combined"},
	} {
		tape := newTape()
		im := importer(tape)
		abc, other := known(t, im)
		r, rejected := imports(t, im, "combined", "\n"+c.line+"\n")
		if told := strings.Join(rejected, "\n"); (told == "") != (c.told == "") || c.told != "" && (!strings.HasPrefix(told, "2: ") || !strings.Contains(told, c.told)) {
			t.Errorf("%s\nwas rejected with %q, want %q", c.line, told, c.told)
		}
		if r.Lines != 2 || r.Lines != r.Clicks+r.Skipped+r.Rejected || r.Rejected != uint64(len(rejected)) {
			t.Errorf("%s\nbecame %+v", c.line, r)
		}
		if c.want == nil {
			if len(tape.clicks) > 0 {
				t.Errorf("%s\nbecame %+v", c.line, tape.clicks)
			}
			continue
		}
		l := abc
		if c.to == "other" {
			l = other
		}
		want := *c.want
		want.Time, want.User, want.Link, want.Imported = instant, l.User, l.ID, true
		if len(tape.clicks) != 1 || tape.clicks[0] != want {
			t.Errorf("%s\nbecame %+v, want %+v", c.line, tape.clicks, want)
		}
	}
}

// TestGrownLog: a log that has grown brings what is new, and one that was
// rotated nothing; also where lines were rejected once their links were looked
// for.
func TestGrownLog(t *testing.T) {
	tape := newTape()
	im := importer(tape)
	known(t, im)
	line := func(second int, name string) string {
		return fmt.Sprintf("1.2.3.4 - - [10/Feb/2013:13:55:%02d -0700] \"GET /%s HTTP/1.1\" 301 5 \"-\" \"Firefox\"\n", second, name)
	}
	log := line(1, "abc") + line(2, "nope") + line(3, "other")
	for _, step := range []struct {
		more string
		want feed.Result
	}{
		{"", feed.Result{Lines: 3, Clicks: 2, Rejected: 1, NoLink: 1}},
		{"", feed.Result{Lines: 3, Known: 2, Rejected: 1, NoLink: 1}},
		{line(4, "abc") + line(5, "nope"), feed.Result{Lines: 5, Clicks: 1, Known: 2, Rejected: 2, NoLink: 2}},
		{line(6, "abc"), feed.Result{Lines: 6, Clicks: 1, Known: 3, Rejected: 2, NoLink: 2}},
	} {
		log += step.more
		if r, _ := imports(t, im, "combined", log); r != step.want {
			t.Errorf("%+v, want %+v", r, step.want)
		}
	}
	if len(tape.clicks) != 4 {
		t.Errorf("%d clicks", len(tape.clicks))
	}
}

func TestNDJSON(t *testing.T) {
	for _, c := range []struct{ line, told string }{
		{`{"ts":1360000000500,"hash":"abc"}`, ""},
		{`{"ts":4000000000000,"hash":"abc"}`, "2096-10-02T07:06:40Z, is in the future"},
		{`{"type":"counts","ts":1359999900000,"hash":"abc","clicks":2}`, ""},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":4000000000000}`, `"created", 2096-10-02T07:06:40Z, is in the future`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":-1}`, `"created", 1969-12-31T23:59:59Z, is before 1970`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"modified":4000000000}`, `"modified", 2096-10-02T07:06:40Z, is in the future`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"user_ts":4102444800}`, `"user_ts", 2100-01-01T00:00:00Z, is after 2099`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"user_ts":4000000000}`, ""},
		{`{"type":"user","login":"u","created":99999999999}`, `"created", 5138-11-16T09:46:39Z, is in the future`},
		{`{"ts":1360000000.5,"link":"http://sho.rt/abc?x","country":"us","referrer":"http://t.co/"}`, ""},
		{`{"type":"click","ts":1360000000,"hash":"abc","bot":true}`, ""},
		{`{"type":"click","ts":1360000000,"hash":"agg","aggregate":true}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2}`, ""},
		{`{"ts":1360000000,"link":"old.example/nope"}`, `no link "nope"`},
		{`{"ts":1360000000,"link":"sho.rt/"}`, "names no link"},
		{`{"ts":1360000000}`, `no "link"`},
		{`{"ts":"1360000000","hash":"abc"}`, `"ts"`},
		{`{"ts":1e300,"hash":"abc"}`, `"ts"`},
		{`{"ts":-5,"hash":"abc"}`, "before"},
		{`{"ts":4000000000,"hash":"abc"}`, "future"},
		{`{"ts":1360000000,"hash":"abc","aggregate":true}`, `no link "abc"`},
		{`{"type":"counts","ts":1360000000,"hash":"abc","clicks":2}`, "quarter-hour"},
		{`{"type":"counts","ts":1359999900,"hash":"abc"}`, "0 clicks"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":10001}`, "may be"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":10000,"bots":1}`, "may bring"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":-1}`, "may be"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1}}`, "add up"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"referrers":{"x":3}}`, "add up"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"referrers":[]}`, "no object"},
		{`{"type":"link","user":"u","hash":"h","long_url":"javascript:x","created":1}`, "is no http, https or ftp URL"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/"}`, `"created"`},
		{`{"type":"user","created":1}`, `"login"`},
		{`{"type":"token"}`, "none of"},
		{`[]`, "object"},
		{`{`, "JSON"},
		{`{"ts":1360000000,"hash":"abc","country":"USA"}`, `"country" is "USA": two letters are expected, or None`},
		{`{"ts":1360000000,"hash":"abc","country":"U1"}`, `"country" is "U1"`},
		{`{"ts":1360000000,"hash":"abc","country":"None"}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":""}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":null,"bot":null}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":5}`, `"country" is not a string`},
		{`{"ts":1360000000,"hash":"abc","bot":"yes"}`, `"bot" is neither true nor false`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"USA":1}}`, `"countries" is "USA"`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"None":1}}`, ""},
		{`{"type":"user","login":"a b","created":1}`, `"login": login has the character U+0020`},
		{`{"type":"link","user":"\t","hash":"h","long_url":"http://a/","created":1}`, `"user": login has the character U+0009`},
		{`{"type":"link","user":"u","hash":"robots.txt","long_url":"http://a/","created":1}`, "one of the server's own"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"keywords":[{"domain":"d","keyword":"v4"}]}`, "one of the server's own"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"keywords":{}}`, `"keywords" is no list`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"private":1}`, `"private" is neither`},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1}`, ""},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://c/","created":1}`, `the hash "abc" is another link's here, which is of ann and leads to http://a/`},
		{`{"type":"link","user":"bob","hash":"abc","long_url":"http://a/","created":1}`, `the hash "abc" is another link's here, which is of ann and leads to http://a/`},
		{`{"type":"link","user":"ann","hash":"new","long_url":"http://c/","created":1,"keywords":[{"domain":"SHO.rt","keyword":"wörd"}]}`, `the keyword "wörd" on sho.rt is that of the link abc here; the rest of the line is taken`},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1,"keywords":[{"domain":"SHO.rt","keyword":"wörd"}]}`, ""},
		{"\ufeff" + `{"ts":1360000000,"hash":"abc"}`, ""},
		{"\x00\x00" + `{"ts":1360000000,"hash":"abc"}`, ""},
		{`{"ts":1360000000,"link":"sho.rt/a%00b"}`, "names no link"},
	} {
		im := importer(newTape())
		known(t, im)
		_, rejected := imports(t, im, "ndjson", c.line+"\n")
		if told := strings.Join(rejected, "\n"); (told == "") != (c.told == "") || !strings.Contains(told, c.told) {
			t.Errorf("%s\nwas rejected with %q, want %q", c.line, told, c.told)
		}
	}
}

// cells is a store of which only the cells are asked for.
type cells struct {
	store.Reader
	list []rollup.Cell
}

func (c cells) Cells(context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		for _, cell := range c.list {
			if !yield(cell, nil) {
				return
			}
		}
	}
}

// count is the cells of clicks.
func count(clicks []click.Click) cells {
	m := new(storetest.MemoryClicks)
	b := store.Batch{To: 1}
	for _, c := range clicks {
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1}) })
	}
	if err := m.Record(context.Background(), &b); err != nil {
		panic(err)
	}
	var all cells
	for c := range m.Cells(context.Background()) {
		all.list = append(all.list, c)
	}
	return all
}

// TestExportComesBack: what was exported is imported to the same users, links
// and counts, and exports to the same lines.
func TestExportComesBack(t *testing.T) {
	seedtest.Check(t, func(r *rapid.T) {
		ctx := t.Context()
		from := importer(newTape())
		if _, err := from.Users.AddUser(ctx, "cat", 77); err != nil {
			r.Fatal(err)
		}
		abc, other := known(t, from)
		if err := from.Users.SetFullName(ctx, abc.User, "Ann"); err != nil {
			r.Fatal(err)
		}
		title, yes, ts := "title", true, int64(9)
		if _, err := from.Links.EditLink(ctx, other.ID, store.LinkEdit{Title: &title, Private: &yes, UserTS: &ts, Modified: 10}); err != nil {
			r.Fatal(err)
		}
		targets := []store.Link{abc, other, {ID: abc.Aggregate}}
		var clicks []click.Click
		for range rapid.IntRange(0, 20).Draw(r, "clicks") {
			l := rapid.SampledFrom(targets).Draw(r, "link")
			c := click.Click{
				Time: 1360000000000 + 1000*rapid.Int64Range(0, 4000).Draw(r, "time"), User: l.User, Link: l.ID, Imported: true,
				Country:  rapid.SampledFrom([]click.Country{{}, {'U', 'S'}, {'D', 'E'}}).Draw(r, "country"),
				Referrer: rapid.SampledFrom([]click.Referrer{"", "other", "http://t.co/", "direkt ü"}).Draw(r, "referrer"),
				Bot:      rapid.IntRange(0, 5).Draw(r, "bot") == 0,
			}
			if c.Bot {
				c.Country, c.Referrer = click.Country{}, ""
			}
			clicks = append(clicks, slices.Repeat([]click.Click{c}, rapid.IntRange(1, 3).Draw(r, "times"))...)
		}
		if rapid.IntRange(0, 19).Draw(r, "many") == 0 && len(clicks) > 0 { // more than a line brings
			clicks = append(clicks, slices.Repeat(clicks[:1], 12_000)...)
		}
		var out bytes.Buffer
		x := feed.Exporter{Links: from.Links, Users: from.Users}
		if err := x.Counts(ctx, &out, count(clicks)); err != nil {
			r.Fatal(err)
		}
		tape := newTape()
		to := importer(tape)
		result, rejected := imports(t, to, "ndjson", out.String())
		if len(rejected) > 0 || result.Clicks != uint64(len(clicks)) {
			r.Fatalf("%+v of %d clicks, rejected %q", result, len(clicks), rejected)
		}
		var again bytes.Buffer
		x = feed.Exporter{Links: to.Links, Users: to.Users}
		if err := x.Counts(ctx, &again, count(tape.clicks)); err != nil {
			r.Fatal(err)
		}
		sorted := func(s string) []string { return slices.Sorted(strings.Lines(s)) }
		if !slices.Equal(sorted(again.String()), sorted(out.String())) {
			r.Fatalf("exported\n%s\ncame back as\n%s", out.String(), again.String())
		}

		// And clicks as they are.
		out.Reset()
		err := x.Clicks(ctx, &out, func(yield func(click.Click, error) bool) {
			for _, c := range tape.clicks {
				if !yield(c, nil) {
					return
				}
			}
		})
		if err != nil {
			r.Fatal(err)
		}
		third := newTape()
		end := importer(third)
		end.Links, end.Users, end.Names = to.Links, to.Users, to.Names
		if _, rejected = imports(t, end, "ndjson", out.String()); len(rejected) > 0 || !slices.Equal(third.clicks, tape.clicks) {
			r.Fatalf("%d clicks came back as %d, rejected %q", len(tape.clicks), len(third.clicks), rejected)
		}
	})
}

func fuzzFormat(f *testing.F, format string) {
	f.Fuzz(func(t *testing.T, in []byte) {
		tape := newTape()
		im := importer(tape)
		known(t, im)
		result, err := im.Import(t.Context(), format, bytes.NewReader(in), func(feed.Rejected) {})
		if err == nil && (result.Clicks != uint64(len(tape.clicks)) || result.Lines < result.Skipped+result.Rejected) {
			t.Fatalf("%+v does not add up; %d clicks", result, len(tape.clicks))
		}
		for _, c := range tape.clicks {
			if c.Link == 0 || c.Time < click.Earliest.UnixMilli() || c.Time > now.UnixMilli()+999 {
				t.Fatalf("%+v", c)
			}
		}
		if err != nil {
			return
		}
		again, err := im.Import(t.Context(), format, bytes.NewReader(in), func(feed.Rejected) {})
		result.Known, result.Clicks = result.Clicks, 0
		if err != nil || again != result {
			t.Fatalf("again %+v (%v), want %+v", again, err, result)
		}
	})
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"type":"user","login":"u","created":1}` + "\n" + `{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"title":"t","keywords":[{"domain":"d","keyword":"k"}]}` + "\n"))
	f.Add([]byte(`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"bots":1,"countries":{"US":2},"referrers":{"direct":1,"x":1}}`))
	f.Add([]byte(`{"ts":1360000000.5,"link":"sho.rt/abc","country":"US","referrer":"http://t.co/"}`))
	fuzzFormat(f, "ndjson")
}

func FuzzCombined(f *testing.F) {
	f.Add([]byte(`sho.rt 1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /abc HTTP/1.1" 301 5 "http://t.co/" "Fire\"fox"`))
	f.Add([]byte(`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET http://x/%61bc HTTP/1.1" 301 - "-" "-" x`))
	fuzzFormat(f, "combined")
}
