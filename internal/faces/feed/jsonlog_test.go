package feed_test

import (
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/useragent"
)

// jsonLine is a line of a JSON log, and what comes of it.
type jsonLine struct {
	format, line string
	want         *click.Click // without link and user; nil for no click
	to           string
	reason       string
}

const (
	caddyHead   = `{"level":"info","ts":1360529736.25,"logger":"http.log.access","msg":"handled request","request":`
	traefikHead = `{"ClientAddr":"10.0.0.9:51000","ClientHost":"1.2.3.4","DownstreamStatus":301,"RequestAddr":"sho.rt","RequestHost":"sho.rt","RequestMethod":"GET","RequestPath":"/abc?x=1","StartUTC":"2013-02-10T20:55:36.25Z","level":"info","msg":"","time":"2013-02-10T20:55:36Z"`
)

// caddyRequest is a line of Caddy with the client's addresses and headers as they are given.
func caddyRequest(addresses, headers string) string {
	return caddyHead + `{` + addresses + `,"proto":"HTTP/2.0","method":"GET","host":"sho.rt","uri":"/abc?x=1","headers":` + headers + `},"status":301}`
}

func TestJSONLogs(t *testing.T) {
	const instant = 1360529736250
	fr, de := click.Country{'F', 'R'}, click.Country{'D', 'E'}
	const firefox = `{"User-Agent":["Firefox"],"Referer":["http://t.co/x?y"]}`
	client := `"remote_ip":"1.2.3.4","remote_port":"1","client_ip":"1.2.3.4"`
	good := caddyRequest(client, firefox)
	kept := func(more string) string { return traefikHead + `,"request_User-Agent":"Firefox"` + more + `}` }
	for _, c := range []jsonLine{
		{"caddy", good, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", caddyRequest(client, `{"User-Agent":["a bot"]}`), &click.Click{Country: fr, Bot: true, BotFamily: "robot"}, "abc", ""},
		{"caddy", caddyRequest(client, `{}`), &click.Click{Country: fr, Bot: true, BotFamily: useragent.NoAgent}, "abc", ""},
		{"caddy", strings.Replace(good, `?x=1`, `?r=qr`, 1), &click.Click{Country: fr, Referrer: "http://t.co/x", Agent: click.Agent{Source: click.FromQR}}, "abc", ""},
		// The visitor: what Caddy says, older versions too, and through proxies that it does not know.
		{"caddy", caddyRequest(`"remote_ip":"10.0.0.9","client_ip":"2001:db8::1"`, firefox), &click.Click{Country: de, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", caddyRequest(`"remote_ip":"2001:db8::1"`, firefox), &click.Click{Country: de, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", caddyRequest(`"remote_addr":"[2001:db8::1]:4711"`, firefox), &click.Click{Country: de, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", caddyRequest(`"remote_ip":"10.0.0.9","client_ip":"10.0.0.9"`, `{"User-Agent":["Firefox"],"X-Forwarded-For":["9.9.9.9","2001:db8::1"]}`), &click.Click{Country: de}, "abc", ""},
		{"caddy", caddyRequest(client, `{"User-Agent":["Firefox"],"X-Forwarded-For":["2001:db8::1"]}`), &click.Click{Country: fr}, "abc", ""},
		{"caddy", caddyRequest(`"x":1`, `{"User-Agent":["Firefox"]}`), &click.Click{}, "abc", ""},
		// The forms of time.
		{"caddy", strings.Replace(good, "1360529736.25", "1360529736250", 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, "1360529736.25", "1360529736250000000", 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, "1360529736.25", `"2013-02-10T13:55:36.250-0700"`, 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, "1360529736.25", `"2013-02-10T20:55:36.25Z"`, 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, "1360529736.25", `"2013/02/10 20:55:36"`, 1), nil, "", `cannot read the time "2013/02/10 20:55:36", or it has no zone`},
		{"caddy", strings.Replace(good, "1360529736.25", "1e300", 1), nil, "", "the time of the click"},
		{"caddy", strings.Replace(good, "1360529736.25", "2000000000", 1), nil, "", "in the future"},
		{"caddy", strings.Replace(good, `"ts":1360529736.25,`, "", 1), nil, "", `no "ts"`},
		// Hosts and names.
		{"caddy", strings.Replace(good, `"sho.rt","uri":"/abc`, `"old.example:443","uri":"/abc`, 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "other", ""},
		{"caddy", strings.Replace(good, `/abc?x=1`, `/w%C3%B6rd/`, 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, `/abc?x=1`, `/nope`, 1), nil, "", `no link "nope"`},
		{"caddy", strings.Replace(good, `/abc?x=1`, `/`, 1), nil, "", ""},
		// No clicks.
		{"caddy", strings.Replace(good, `"status":301`, `"status":404`, 1), nil, "", ""},
		{"caddy", strings.Replace(good, `"GET"`, `"HEAD"`, 1), nil, "", ""},
		{"caddy", `{"level":"info","ts":1360529736.25,"logger":"tls","msg":"cleaning storage unit"}`, nil, "", ""},
		{"caddy", strings.Replace(strings.Replace(good, "http.log.access", "http.handlers.reverse_proxy", 1), "handled request", "upstream roundtrip", 1), nil, "", ""},
		{"caddy", strings.Replace(strings.Replace(good, "http.log.access", "http.handlers.rewrite", 1), `"status":301`, `"x":1`, 1), nil, "", ""},
		{"caddy", strings.Replace(good, "http.log.access", "http.log.access.log0", 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(good, `"logger":"http.log.access",`, "", 1), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.Replace(strings.Replace(good, `"logger":"http.log.access",`, "", 1), "handled request", "upstream roundtrip", 1), nil, "", ""},
		// A redirect from http to https, and others.
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["https://sho.rt/abc?x=1"]}}`, nil, "", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["https://SHO.rt:443/%61bc"]}}`, nil, "", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["https://old.example/abc"]}}`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["/abc/"]}}`, nil, "", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["http://www.sho.rt/abc"]}}`, nil, "", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["/other"]}}`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":["http://a/"]}}`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"caddy", strings.TrimSuffix(good, "}") + `,"resp_headers":{"Location":[]}}`, &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		// Other lines.
		{"caddy", strings.Replace(good, `"headers":`, `"other":`, 1), nil, "", "not have the user agent"},
		{"caddy", caddyRequest(client, `null`), nil, "", "not have the user agent"},
		{"caddy", caddyRequest(client, `{"User-Agent":["REDACTED"]}`), nil, "", "not have the user agent"},
		{"caddy", caddyRequest(client, `{"User-Agent":"Firefox"}`), nil, "", "not have the user agent"},
		{"caddy", caddyRequest(client, `{"User-Agent":[1]}`), nil, "", "not have the user agent"},
		{"caddy", caddyRequest(client, `{"User-Agent":["Firefox"],"Referer":["REDACTED"]}`), &click.Click{Country: fr}, "abc", ""},
		{"caddy", caddyRequest(client, `{"User-Agent":["Firefox"],"Referer":["http://t.co/a","http://u.co/b"]}`), &click.Click{Country: fr, Referrer: "http://t.co/a"}, "abc", ""},
		{"caddy", caddyRequest(client, `{"User-Agent":["Firefox"],"Referer":["http://t.co/a\u0000b"]}`), &click.Click{Country: fr}, "abc", ""},
		{"caddy", caddyRequest(client, `{"User-Agent":["Firefox"],"Sec-Purpose":["prefetch;prerender"]}`), nil, "", ""},
		{"caddy", strings.Replace(good, `"status":301`, `"status":"301"`, 1), nil, "", `"status" is not a whole number`},
		{"caddy", strings.Replace(good, `"status":301`, `"status":-301`, 1), nil, "", `"status" is not an HTTP status`},
		{"caddy", caddyHead + `"x","status":301}`, nil, "", `no "request"`},
		{"caddy", kept(""), nil, "", `no "request"`},
		{"caddy", `1.2.3.4 - - [10/Feb/2013:13:55:36 -0700] "GET /abc HTTP/1.1" 301 5 "-" "Firefox"`, nil, "", "not JSON"},

		{"traefik", kept(`,"request_Referer":"http://t.co/x?y"`), &click.Click{Country: fr, Referrer: "http://t.co/x"}, "abc", ""},
		{"traefik", strings.Replace(kept(""), `"1.2.3.4"`, `"1.2.3.4, 2001:db8::1, 10.0.0.3"`, 1), &click.Click{Country: de}, "abc", ""},
		{"traefik", strings.Replace(strings.Replace(kept(""), `"1.2.3.4"`, `""`, 1), "10.0.0.9:51000", "1.2.3.4:5", 1), &click.Click{Country: fr}, "abc", ""},
		{"traefik", strings.Replace(kept(""), `"RequestHost":"sho.rt"`, `"RequestHost":"old.example"`, 1), &click.Click{Country: fr}, "other", ""},
		{"traefik", traefikHead + `,"request_Accept":"*/*"}`, &click.Click{Country: fr, Bot: true, BotFamily: useragent.NoAgent}, "abc", ""},
		{"traefik", strings.Replace(kept(""), `?x=1`, `?r=qr`, 1), &click.Click{Country: fr, Agent: click.Agent{Source: click.FromQR}}, "abc", ""},
		{"traefik", kept(`,"downstream_Location":"https://sho.rt/abc?x=1"`), nil, "", ""},
		{"traefik", traefikHead + `,"RouterName":"web-to-websecure@internal"}`, nil, "", ""},
		{"traefik", kept(`,"RouterName":"links@docker"`), &click.Click{Country: fr}, "abc", ""},
		{"traefik", traefikHead + `}`, nil, "", "not have the user agent"},
		{"traefik", traefikHead + `,"request_Referer":"http://t.co/x"}`, nil, "", "not have the user agent"},
		{"traefik", traefikHead + `,"request_User-Agent":"REDACTED","request_Accept":"REDACTED"}`, nil, "", "not have the user agent"},
		{"traefik", kept(`,"request_Referer":"REDACTED"`), &click.Click{Country: fr}, "abc", ""},
		{"traefik", kept(`,"request_Sec-Purpose":"prefetch"`), nil, "", ""},
		{"traefik", kept(`,"RequestScheme":"http"`), nil, "", "does not say where the redirect leads"},
		{"traefik", kept(`,"RequestScheme":"http","downstream_Location":"REDACTED"`), nil, "", "does not say where the redirect leads"},
		{"traefik", kept(`,"RequestScheme":"http","downstream_Location":"https://sho.rt/abc?x=1"`), nil, "", ""},
		{"traefik", kept(`,"RequestScheme":"http","downstream_Location":"http://a/"`), &click.Click{Country: fr}, "abc", ""},
		{"traefik", kept(`,"RequestScheme":"http","OriginStatus":301`), &click.Click{Country: fr}, "abc", ""},
		{"traefik", kept(`,"RequestScheme":"https"`), &click.Click{Country: fr}, "abc", ""},
		{"traefik", strings.Replace(traefikHead, "301", "404", 1) + `}`, nil, "", ""},
		{"traefik", strings.Replace(kept(""), `"/abc?x=1"`, `""`, 1), nil, "", ""},
		{"traefik", strings.Replace(kept(""), `"RequestMethod":"GET",`, "", 1), nil, "", `no "RequestMethod"`},
		{"traefik", strings.Replace(kept(""), `"DownstreamStatus":301`, `"DownstreamStatus":502`, 1), nil, "", ""},
		{"traefik", strings.Replace(kept(""), `"GET"`, `"POST"`, 1), nil, "", ""},
		{"traefik", strings.Replace(kept(""), `20:55:36.25Z"`, `"`, 1), nil, "", "cannot read the time"},
		{"traefik", strings.Replace(kept(""), `"DownstreamStatus":301,`, "", 1), nil, "", `no "DownstreamStatus"`},
		{"traefik", `{"level":"info","msg":"Starting provider","time":"2013-02-10T20:55:36Z"}`, nil, "", ""},
		{"traefik", good, nil, "", `no "RequestMethod"`},
		{"traefik", "[]", nil, "", "not a JSON object"},
	} {
		tape := newTape()
		im := importer(tape)
		abc, other := makeLinks(t, im)
		r, rejected := imports(t, im, c.format, "\n"+c.line+"\n")
		if reason := strings.Join(rejected, "\n"); (reason == "") != (c.reason == "") || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %s\nwas rejected with %q, want %q", c.format, c.line, reason, c.reason)
		}
		if r.Lines != 2 || r.Lines != r.Clicks+r.Skipped+r.Rejected || r.Rejected != uint64(len(rejected)) {
			t.Errorf("%s: %s\nis imported as %+v", c.format, c.line, r)
		}
		if c.want == nil {
			if len(tape.clicks) > 0 {
				t.Errorf("%s: %s\nis imported as %+v", c.format, c.line, tape.clicks)
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
			t.Errorf("%s: %s\nis imported as %+v, want %+v", c.format, c.line, tape.clicks, want)
		}
	}
}

func FuzzCaddy(f *testing.F) {
	f.Add([]byte(caddyRequest(`"client_ip":"1.2.3.4"`, `{"User-Agent":["Firefox"]}`)))
	f.Add([]byte(`{"ts":"x","request":{"headers":[1],"uri":5}}`))
	fuzzFormat(f, "caddy")
}

func FuzzTraefik(f *testing.F) {
	f.Add([]byte(traefikHead + `,"request_User-Agent":"Firefox"}`))
	f.Add([]byte(traefikHead + `}`))
	fuzzFormat(f, "traefik")
}
