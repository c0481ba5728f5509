package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/faces/feed"
)

func TestCombined(t *testing.T) {
	const at = "[10/Feb/2013:13:55:36 -0700]"
	const instant = 1360529736000
	scanned := click.Agent{Source: click.FromQR}
	fr, de := click.Country{'F', 'R'}, click.Country{'D', 'E'}
	for _, c := range []struct {
		line   string
		want   *click.Click // without link and user; nil for no click
		to     string
		reason string
	}{
		{`1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 301 5 "http://t.co/x?y" "Firefox"`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{`2001:db8::1 - - ` + at + ` "GET /abc?x=/y HTTP/1.1" 302 - "-" "Firefox" "more" 0.01`, &click.Click{Country: de}, "abc", ""},
		{`sho.rt 1.2.3.4 id ann ` + at + ` "GET /w%C3%B6rd HTTP/2.0" 308 0 "-" "a \"bot\" \\"`, &click.Click{Country: fr, Bot: true, BotFamily: "robot"}, "abc", ""},
		{`old.example:443 1.2.3.4 - - ` + at + ` "GET /abc HTTP/1.1" 307 0 "-" "-"`, &click.Click{Country: fr, Bot: true, BotFamily: useragent.NoAgent}, "other", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc?utm_source=poster&r=qr HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr, Agent: scanned}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc?r=qrs HTTP/1.1" 301 5 "-" "Firefox"`, &click.Click{Country: fr}, "abc", ""},
		{`1.2.3.4 - - ` + at + ` "GET /abc?r=qr HTTP/1.1" 301 5 "-" "a bot"`, &click.Click{Country: fr, Bot: true, BotFamily: "robot"}, "abc", ""},
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
		{`1.2.3.4 - - [10/Feb/2033:13:55:36 -0700] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "2033-02-10T20:55:36Z, which is in the future"},
		// Bytes that are not UTF-8 in parts that are not kept, and zeros before the line.
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
		// Prefixes of syslog and Docker.
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
		// Superfluous slashes.
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
		abc, other := makeLinks(t, im)
		r, rejected := imports(t, im, "combined", "\n"+c.line+"\n")
		if reason := strings.Join(rejected, "\n"); (reason == "") != (c.reason == "") || c.reason != "" && (!strings.HasPrefix(reason, "2: ") || !strings.Contains(reason, c.reason)) {
			t.Errorf("%s\nwas rejected with %q, want %q", c.line, reason, c.reason)
		}
		if r.Lines != 2 || r.Lines != r.Clicks+r.Skipped+r.Rejected || r.Rejected != uint64(len(rejected)) {
			t.Errorf("%s\nis imported as %+v", c.line, r)
		}
		if c.want == nil {
			if len(tape.clicks) > 0 {
				t.Errorf("%s\nis imported as %+v", c.line, tape.clicks)
			}
			continue
		}
		l := abc
		if c.to == "other" {
			l = other
		}
		want := complete(*c.want)
		want.Time, want.User, want.Link, want.Imported = instant, l.User, l.ID, true
		if len(tape.clicks) != 1 || tape.clicks[0] != want {
			t.Errorf("%s\nis imported as %+v, want %+v", c.line, tape.clicks, want)
		}
	}
}

// TestGrownLog: only the new lines of a log that has grown count, and no line of one that was
// rotated, also if lines were rejected after their links were looked for.
func TestGrownLog(t *testing.T) {
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
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

func FuzzCombined(f *testing.F) {
	f.Add([]byte(`sho.rt 1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /abc HTTP/1.1" 301 5 "http://t.co/" "Fire\"fox"`))
	f.Add([]byte(`1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET http://x/%61bc HTTP/1.1" 301 - "-" "-" x`))
	fuzzFormat(f, "combined")
}
