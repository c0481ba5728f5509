package feed_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// tape is a Recorder that keeps clicks and marks, in order.
type tape struct {
	clicks []click.Click
	marks  map[[32]byte][]store.Mark
	breaks int // records after which it fails; negative: never
}

var errBroken = errors.New("killed")

func newTape() *tape { return &tape{marks: map[[32]byte][]store.Mark{}, breaks: -1} }

func (r *tape) BeginImport(_ context.Context, source [32]byte) ([]store.Mark, func(), error) {
	marks := slices.Clone(r.marks[source])
	slices.SortStableFunc(marks, func(a, b store.Mark) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), bytes.Compare(a.Digest[:], b.Digest[:]))
	})
	return marks, func() {}, nil
}

func (r *tape) Import(_ context.Context, clicks []click.Click, mark store.Mark) error {
	if r.breaks == 0 {
		return errBroken
	}
	r.breaks--
	r.clicks = append(r.clicks, clicks...)
	marks := slices.DeleteFunc(r.marks[mark.Input], func(m store.Mark) bool { return m.Offset == mark.Offset && m.Digest == mark.Digest })
	r.marks[mark.Input] = append(marks, mark)
	return nil
}

func (r *tape) Drain(context.Context) error { return nil }

// now is after every click of the tests.
var now = time.Date(2014, 1, 1, 0, 0, 0, 0, time.UTC)

func importer(r feed.Recorder) *feed.Importer {
	m := storetest.NewMemoryLinks()
	names, err := links.New(links.Options{Links: m, Domains: []string{"sho.rt"}, Now: func() time.Time { return now }})
	if err != nil {
		panic(err) // it is a domain
	}
	return &feed.Importer{
		Recorder: r, Links: m, Users: m, Names: names, Now: func() time.Time { return now },
		After:     func(time.Duration) <-chan time.Time { return nil }, // nothing is due
		ReadAgent: readAgent,
		Proxy:     func(a netip.Addr) bool { return a == netip.MustParseAddr("8.8.8.8") },
		Place: func(a netip.Addr) click.Place {
			if a.Is4() {
				return paris
			}
			return berlin
		},
	}
}

// Addresses of IPv4 are in Paris, and those of IPv6 in Berlin.
var (
	paris  = click.Place{Country: click.Country{'F', 'R'}, Region: "IDF", City: "Paris"}
	berlin = click.Place{Country: click.Country{'D', 'E'}, Region: "BE", City: "Berlin"}
)

// readAgent takes all people for owners of the same phone.
func readAgent(agent string) useragent.Visitor {
	switch {
	case agent == "" || agent == "-":
		return useragent.Visitor{Kind: useragent.Bot, Family: useragent.NoAgent}
	case strings.Contains(agent, "bot"):
		return useragent.Visitor{Kind: useragent.Bot, Family: "robot"}
	}
	return useragent.Visitor{Agent: phone}
}

var phone = click.Agent{Device: click.Mobile, Browser: click.Safari, System: click.IOS}

// complete adds to the click of a person the agent, and region and city if it is in Paris or
// Berlin. The source is a link if c does not have another.
func complete(c click.Click) click.Click {
	if !c.Bot {
		c.Agent = click.Agent{Device: phone.Device, Browser: phone.Browser, System: phone.System, Source: max(c.Agent.Source, click.FromLink)}
	}
	for _, p := range []click.Place{paris, berlin} {
		if c.Country == p.Country && !c.Bot {
			c.Region, c.City = p.Region, p.City
		}
	}
	return c
}

func line(t int64, more string) string {
	return fmt.Sprintf(`{"t":%d,"h":"abc","g":"xyz","l":"ann","u":"http:\/\/example.org\/","hc":1300000000%s}`, t, more)
}

func TestLines(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"a click", line(1360000000, `,"c":"US","r":"http:\/\/t.co\/a?b=c"`), "US http://t.co/a"},
		{"no country", line(1360000000, `,"c":null,"r":"direct"`), " "},
		{"an unknown country", line(1360000000, `,"c":"Europe"`), " "},
		{"keep-alive", `{"_heartbeat_": 1331923261}`, "skipped"},
		{"blank", "   ", "skipped"},
		{"carriage return", line(1360000000, `,"c":"FR"`) + "\r", "FR "},
		{"the first moment", line(315532800, ""), " "},
		{"before 1980", line(315532799, ""), "the time of the click is 1979-12-31T23:59:59Z, which is before 1980-01-01"},
		{"now", line(now.Unix(), ""), " "},
		{"in the future", line(now.Unix()+1, ""), "the time of the click is 2014-01-01T00:00:01Z, which is in the future"},
		{"cut off", line(1360000000, "")[:40], "not JSON; is the line cut off?"},
		{"two objects", line(1360000000, "") + "{}", "not JSON; is the line cut off?"},
		{"a list", `[1]`, "not a JSON object"},
		{"no time", `{"h":"a","l":"b","u":"http://c/"}`, `no "t"`},
		{"a time in words", `{"t":"1360000000","h":"a","l":"b","u":"http://c/"}`, `"t" is not a whole number`},
		{"a fraction of a time", `{"t":1360000000.5,"h":"a","l":"b","u":"http://c/"}`, `"t" is not a whole number`},
		{"no hash", `{"t":1360000000,"l":"b","u":"http://c/"}`, `no "h"`},
		{"an empty hash", `{"t":1360000000,"h":"","l":"b","u":"http://c/"}`, `"h" is empty`},
		{"a hash that is a number", `{"t":1360000000,"h":5,"l":"b","u":"http://c/"}`, `"h" is not a string`},
		{"a script for a URL", `{"t":1360000000,"h":"a","l":"b","u":"javascript:alert(1)"}`, `"u" is "javascript:alert(1)", and links may not lead there: it is not an http, https or ftp URL`},
		{"ftp", `{"t":1360000000,"h":"a","l":"b","u":"ftp://ftp.example.org/x"}`, " "},
		{"no login", `{"t":1360000000,"h":"a","u":"http://c/"}`, `no "l"`},
		{"a login of another encoding", "{\"t\":1360000000,\"h\":\"a\",\"l\":\"\xe9\",\"u\":\"http://c/\"}", `"l" is not UTF-8`},
		{"a hash with a zero byte", `{"t":1360000000,"h":"a\u0000","l":"b","u":"http://c/"}`, `"h" holds a zero byte`},
		{"a login with a blank", `{"t":1360000000,"h":"a","l":"a b","u":"http://c/"}`, `"l": login has the character U+0020: login must be 1 to 64 bytes of printable UTF-8 without blanks`},
		{"a login with a control character", `{"t":1360000000,"h":"a","l":"a\u0007","u":"http://c/"}`, `"l": login has the character U+0007: login must be 1 to 64 bytes of printable UTF-8 without blanks`},
		{"a hash of the server's", `{"t":1360000000,"h":"v3","l":"b","u":"http://c/"}`, `"h": "v3" cannot be the name of a link, because it is one of the server's own`},
		{"an aggregate hash of the server's", `{"t":1360000000,"h":"a","g":"oauth","l":"b","u":"http://c/"}`, `"g": "oauth" cannot be the name of a link, because it is one of the server's own`},
		{"a keyword of the server's", `{"t":1360000000,"h":"a","hh":"x","kw":"-/x","l":"b","u":"http://c/"}`, `"kw": "-/x" cannot be the name of a link, because it is one of the server's own`},
		{"a hash with a line in it", `{"t":1360000000,"h":"a\nb","l":"b","u":"http://c/"}`, `"h": "a\nb" holds a control character, and cannot be the name of a link`},
		{"too long a hash", `{"t":1360000000,"h":"` + strings.Repeat("x", 129) + `","l":"b","u":"http://c/"}`, `"h": the name of a link has 129 bytes; at most 128 are allowed`},
		{"a number with a leading zero", `{"t":01360000000,"h":"a","l":"b","u":"http://c/"}`, "not JSON; is the line cut off?"},
		{"a control character in a string", "{\"t\":1360000000,\"h\":\"a\",\"l\":\"b\",\"u\":\"http://c/\x01\"}", "not JSON; is the line cut off?"},
		{"an unknown escape", `{"t":1360000000,"h":"a","l":"b","u":"http://c/","x":"\q"}`, "not JSON; is the line cut off?"},
		{"deep JSON", strings.Repeat("[", 1<<19), "not JSON; is the line cut off?"},
		{"many values", line(1360000000, `,"c":"FR","x":[`+strings.Repeat("1,", 90_000)+"1]"), "FR "},
		{"too many values", line(1360000000, `,"c":"FR","x":[`+strings.Repeat("{},", 100_000)+"{}]"), "the line has more than 100000 commas"},
		{"zero bytes", "{" + strings.Repeat("\x00", 5000), "not JSON; is the line cut off?"},
		{"too long a line", strings.Repeat("x", 1<<20+1), "the line is longer than 1048576 bytes"},
		{"an endless line", strings.Repeat("x", 5<<20), "the line is longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTape()
			got := ""
			// The lines before and after are good, and stay so.
			in := line(1350000000, `,"c":"AA"`) + "\n" + c.line + "\n" + line(1350000000, `,"c":"ZZ"`) + "\n"
			result, err := importer(r).Import(t.Context(), "bitly-feed", strings.NewReader(in), func(l feed.Rejected) {
				if got = l.Reason; l.Line != 2 {
					t.Errorf("line %d is rejected, want 2", l.Line)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case result.Skipped == 1:
				got = "skipped"
			case len(r.clicks) == 3:
				got = r.clicks[1].Country.String() + " " + string(r.clicks[1].Referrer)
			}
			if n := len(r.clicks); got != c.want || r.clicks[0].Country.String() != "AA" || r.clicks[n-1].Country.String() != "ZZ" {
				t.Errorf("got %q and %d clicks, want %q", got, n, c.want)
			}
			if result.Lines != 3 || result.Lines != result.Clicks+result.Known+result.Skipped+result.Rejected {
				t.Errorf("the result does not add up to 3 lines: %+v", result)
			}
		})
	}
}

// TestAgentsOfFeed: the feed's clicks are those of people, also with the agent of a bot.
func TestAgentsOfFeed(t *testing.T) {
	for more, want := range map[string]click.Agent{
		`,"a":"Firefox"`: {Device: phone.Device, Browser: phone.Browser, System: phone.System, Source: click.FromLink},
		`,"a":"a bot"`:   {Device: click.OtherDevice, Browser: click.OtherBrowser, System: click.OtherSystem, Source: click.FromLink},
		`,"a":""`:        {Source: click.FromLink},
		`,"a":null`:      {Source: click.FromLink},
		`,"a":5`:         {Source: click.FromLink},
		``:               {Source: click.FromLink},
	} {
		r := newTape()
		imports(t, importer(r), "bitly-feed", line(1360000000, more)+"\n")
		if len(r.clicks) != 1 || r.clicks[0].Agent != want || r.clicks[0].Bot || r.clicks[0].BotFamily != "" {
			t.Errorf("with %s: %+v, want the agent %+v", more, r.clicks, want)
		}
	}
}

// TestCutOffLine has the real line that was cut off when the feed was saved.
func TestCutOffLine(t *testing.T) {
	im := importer(newTape())
	const name = "2013-01-01-1356999061.gz"
	for _, want := range []feed.Result{
		{Lines: 1264, Clicks: 1148, Skipped: 115, Rejected: 1, Alien: 1},
		{Lines: 1264, Known: 1148, Skipped: 115, Rejected: 1, Alien: 1},
	} {
		f, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		at := uint64(0)
		got, err := im.Import(t.Context(), "bitly-feed", f, func(l feed.Rejected) { at = l.Line })
		if err != nil || at != 1264 || got != want {
			t.Errorf("%s: %+v (%v), rejected at line %d; want %+v, line 1264", name, got, err, at, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	_, _ = io.WriteString(w, strings.Repeat(line(1360000000, "")+"\n", 1000))
	_ = w.Close()
	damaged := bytes.Clone(z.Bytes())
	damaged[len(damaged)-6] ^= 1 // the checksum
	for _, c := range []struct {
		name, format, want string
		in                 []byte
	}{
		{"damaged gzip", "bitly-feed", "the gzip file is damaged in line 1001 or before (gzip: invalid checksum)", damaged},
		{"gzip and something else", "bitly-feed", "the gzip file is damaged after line 1000 (other data follow after its end)", slices.Concat(z.Bytes(), []byte("something else"))},
		{"gzip, zeros and something else", "bitly-feed", "the gzip file is damaged after line 1000 (other data follow after its end)", slices.Concat(z.Bytes(), make([]byte, 512), []byte("x"))},
		{"gzip and half a part", "bitly-feed", "the gzip file is cut off after 1000 whole lines", slices.Concat(z.Bytes(), z.Bytes()[:5])},
		{"cut gzip", "bitly-feed", "the gzip file is cut off after 1000 whole lines", z.Bytes()[:z.Len()-9]},
		{"no gzip after all", "bitly-feed", "the gzip file is cut off after 0 whole lines", []byte{0x1f, 0x8b, 8}},
		{"unknown format", "csv", `unknown format "csv": it must be one of `, nil},
	} {
		_, err := importer(newTape()).Import(t.Context(), c.format, bytes.NewReader(c.in), func(feed.Rejected) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestParts: a gzip file may have several members, and zeros after them.
func TestParts(t *testing.T) {
	part := func(from, n int) []byte {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		for i := range n {
			_, _ = io.WriteString(w, line(int64(1360000000+from+i), "")+"\n")
		}
		_ = w.Close()
		return z.Bytes()
	}
	for _, zeros := range []int{0, 1, 511, 100_000} {
		in := slices.Concat(part(0, 10), part(10, 0), part(10, 20), make([]byte, zeros))
		if r, rejected := imports(t, importer(newTape()), "bitly-feed", string(in)); r != (feed.Result{Lines: 30, Clicks: 30}) || len(rejected) > 0 {
			t.Errorf("with %d zeros: %+v, %q", zeros, r, rejected)
		}
	}
}

// TestOnce imports inputs that are repeated, killed, grown, cut off in the middle of a line,
// or different after a common start: every line counts exactly once.
func TestOnce(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		r := newTape()
		im := importer(r)
		// Two inputs that begin alike, each line with a time of its own.
		common := rapid.IntRange(1, 4000).Draw(t, "common")
		pad := strings.Repeat("x", rapid.SampledFrom([]int{0, 600, 3000}).Draw(t, "pad"))
		input := func(n int, from int64) string {
			var b strings.Builder
			for i := range n {
				b.WriteString(line(from+int64(i), `,"a":"`+pad+`"`) + "\n")
			}
			return b.String()
		}
		inputs := [2]string{}
		for i := range inputs {
			inputs[i] = input(common, 1_000_000_000) + input(rapid.IntRange(0, 4000).Draw(t, "own"), int64(1_100_000_000+i*50_000_000))
		}
		shared := rapid.Bool().Draw(t, "both")
		seen := map[int64]int{}
		for range rapid.IntRange(1, 6).Draw(t, "imports") {
			in := inputs[0]
			if shared && rapid.Bool().Draw(t, "second") {
				in = inputs[1]
			}
			r.breaks = rapid.IntRange(-1, 4).Draw(t, "breaks")
			_, err := im.Import(context.Background(), "bitly-feed", strings.NewReader(in), func(l feed.Rejected) { t.Fatalf("rejected: %+v", l) })
			if err != nil && !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
		}
		r.breaks = -1
		for i, in := range inputs {
			if i == 1 && !shared {
				break
			}
			got, err := im.Import(context.Background(), "bitly-feed", strings.NewReader(in), func(l feed.Rejected) { t.Fatalf("rejected: %+v", l) })
			if lines := uint64(strings.Count(in, "\n")); err != nil || got.Lines != lines || got.Clicks+got.Known != lines {
				t.Fatalf("%+v (%v), want %d lines", got, err, lines)
			}
		}
		for _, c := range r.clicks {
			seen[c.Time]++
		}
		for time, n := range seen {
			// The common start may count once for each of the two, if it has no
			// mark of the other.
			if n != 1 && !(shared && time < 1_000_000_000_000+int64(common)*1000) {
				t.Fatalf("the click of %d counts %d times", time, n)
			}
		}
	})
}

// TestGrown imports an input repeatedly while it grows, cut off anywhere.
func TestGrown(t *testing.T) {
	seedtest.Check(t, func(t *rapid.T) {
		r := newTape()
		im := importer(r)
		var b strings.Builder
		n := rapid.IntRange(1, 2500).Draw(t, "lines")
		for i := range n {
			b.WriteString(line(1_000_000_000+int64(i), `,"a":"`+strings.Repeat("y", 700)+`"`) + "\n")
		}
		in := b.String()
		first := strings.IndexByte(in, '\n') // so that the input has a name
		cuts := rapid.SliceOfN(rapid.IntRange(first, len(in)), 0, 5).Draw(t, "cuts")
		slices.Sort(cuts)
		for _, cut := range append(cuts, len(in)) {
			if _, err := im.Import(context.Background(), "bitly-feed", strings.NewReader(in[:cut]), func(feed.Rejected) {}); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.clicks) != n {
			t.Fatalf("%d clicks of %d lines, cut at %v", len(r.clicks), n, cuts)
		}
	})
}

func FuzzBitlyFeed(f *testing.F) {
	f.Add([]byte(line(1360000000, `,"c":"US"`)))
	f.Add([]byte(`{"_heartbeat_": 1331923261}`))
	f.Add([]byte("\x1f\x8b\x08"))
	fuzzFormat(f, "bitly-feed")
}
