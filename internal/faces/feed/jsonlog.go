package feed

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"github.com/footfall/footfall/internal/core/useragent"
)

var (
	// errNoHeaders: without a user agent every click would be one of a bot.
	errNoHeaders = notOfFormat{errors.New("the line does not have the user agent of the request")}
	// errNoLocation: a redirect from http to https is followed by the visit proper.
	errNoLocation = notOfFormat{errors.New("the line does not say where the redirect leads, and it may be one from http to https")}
)

// redacted is the value of a header that a proxy kept out of its log.
const redacted = "REDACTED"

// caddy reads access logs of Caddy 2, which are JSON: ts, status, and request with
// client_ip (since 2.7), remote_ip (since 2.5) or remote_addr, method, host, uri and headers.
// Lines of other logs are skipped, also if they are about requests.
type caddy struct {
	accessLog
	parser fastjson.Parser
}

var caddyFormat = format{name: "caddy", parser: func(im *Importer) parser {
	return (&caddy{accessLog: accessLogOf(im)}).parse
}}

func (f *caddy) parse(line []byte, c *chunk) error {
	v, err := object(&f.parser, line)
	if err != nil {
		return err
	}
	if !caddyAccess(v) {
		return errSkip
	}
	request := v.Get("request")
	if request == nil || request.Type() != fastjson.TypeObject {
		return notOfFormat{errors.New("no \"request\"")}
	}
	headers, err := headersOf(request)
	if err != nil {
		return err
	}
	visit := visit{
		referrer: headers.Get("Referer"), agent: headers.Get("User-Agent"), prefetch: useragent.IsPrefetch(headers),
		addresses: strings.Split(strings.Join(headers["X-Forwarded-For"], ","), ","),
	}
	if to := stringsOf(v.Get("resp_headers", "Location")); len(to) > 0 {
		visit.location = to[0]
	}
	if visit.at, err = caddyTime(v.Get("ts")); err != nil {
		return err
	}
	if visit.status, err = statusOf(v, "status"); err != nil {
		return err
	}
	var client string
	err = fields{
		{"method", &visit.method, aText}, {"host", &visit.host, aText | optional}, {"uri", &visit.target, aText},
	}.from(request)
	for _, key := range []string{"client_ip", "remote_ip", "remote_addr"} {
		if err == nil && client == "" {
			client, err = text(request, key, false)
		}
	}
	if err != nil {
		return err
	}
	visit.addresses = append(visit.addresses, client)
	return f.add(visit, c)
}

// caddyAccess reports whether a line may be of an access log: other logs of Caddy have
// other names of loggers, or if names are not logged, other messages.
func caddyAccess(v *fastjson.Value) bool {
	const access = "http.log.access"
	if logger := v.Get("logger"); logger != nil {
		name := string(logger.GetStringBytes())
		return name == access || strings.HasPrefix(name, access+".")
	}
	return !v.Exists("ts") || !v.Exists("msg") || string(v.GetStringBytes("msg")) == "handled request"
}

// logged are the headers of a request that matter.
var logged = []string{"User-Agent", "Referer", "X-Forwarded-For", "Sec-Purpose", "Purpose", "X-Moz", "X-Purpose"}

// headersOf takes the headers that matter from a request of Caddy. It fails with
// errNoHeaders if they are not logged.
func headersOf(request *fastjson.Value) (http.Header, error) {
	all := request.Get("headers")
	if all == nil || all.Type() != fastjson.TypeObject {
		return nil, errNoHeaders
	}
	headers := http.Header{}
	for _, name := range logged {
		if values := stringsOf(all.Get(name)); len(values) > 0 && values[0] != redacted {
			headers[name] = values
		} else if name == "User-Agent" && all.Exists(name) {
			return nil, errNoHeaders
		}
	}
	return headers, nil
}

// stringsOf returns the strings of an array.
func stringsOf(v *fastjson.Value) (all []string) {
	for _, value := range v.GetArray() {
		if value.Type() == fastjson.TypeString {
			all = append(all, string(value.GetStringBytes()))
		}
	}
	return all
}

// caddyTimes are the forms of "ts" as a text that Caddy's time_format offers, except
// those without a zone.
var caddyTimes = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "02/Jan/2006:15:04:05 -0700"}

// caddyTime reads a number of seconds, milliseconds or nanoseconds, or one of caddyTimes.
func caddyTime(ts *fastjson.Value) (time.Time, error) {
	if ts == nil {
		return time.Time{}, notOfFormat{errors.New("no \"ts\"")}
	}
	if n, err := ts.Float64(); err == nil {
		switch {
		case math.Abs(n) >= fromNanos:
			n /= 1e6
		case math.Abs(n) < fromMillis:
			n *= 1e3
		}
		return time.UnixMilli(int64(math.Round(n))), nil
	}
	stamp := string(ts.GetStringBytes())
	for _, form := range caddyTimes {
		if at, err := time.Parse(form, stamp); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("cannot read the time %.100q, or it has no zone", stamp)
}

// fromNanos is the first number that is an instant in nanoseconds, in March 1973.
const fromNanos = fromMillis * 1_000_000

// traefik reads access logs of Traefik 2 and 3 in JSON: StartUTC, DownstreamStatus,
// ClientHost, RequestMethod, RequestHost, RequestPath, and headers as request_NAME and
// downstream_NAME, which Traefik writes only if accessLog.fields.headers says so. ClientHost
// has X-Forwarded-For if there is one. Lines of Traefik's other log are skipped, and those
// of its own routers, which redirect from http to https.
type traefik struct {
	accessLog
	parser fastjson.Parser
}

var traefikFormat = format{name: "traefik", parser: func(im *Importer) parser {
	return (&traefik{accessLog: accessLogOf(im)}).parse
}}

func (f *traefik) parse(line []byte, c *chunk) error {
	v, err := object(&f.parser, line)
	if err != nil {
		return err
	}
	if !v.Exists("RequestMethod") && !v.Exists("DownstreamStatus") && !v.Exists("StartUTC") && v.Exists("level") && v.Exists("time") {
		return errSkip
	}
	var visit visit
	var at, clients, address, router, scheme string
	err = fields{
		{"RequestMethod", &visit.method, aText}, {"RequestHost", &visit.host, aText | optional}, {"RequestPath", &visit.target, aText | optional},
		{"StartUTC", &at, aText}, {"ClientHost", &clients, aText | optional}, {"ClientAddr", &address, aText | optional},
		{"request_User-Agent", &visit.agent, aText | optional}, {"request_Referer", &visit.referrer, aText | optional},
		{"downstream_Location", &visit.location, aText | optional}, {"RouterName", &router, aText | optional},
		{"RequestScheme", &scheme, aText | optional},
	}.from(v)
	if err != nil {
		return err
	}
	if visit.at, err = time.Parse(time.RFC3339, at); err != nil {
		return fmt.Errorf("cannot read the time %.100q", at)
	}
	if visit.status, err = statusOf(v, "DownstreamStatus"); err != nil {
		return err
	}
	if strings.HasSuffix(router, "@internal") {
		return errSkip
	}
	if visit.location == redacted {
		visit.location = ""
	}
	headers, others := traefikHeaders(v)
	visit.prefetch = useragent.IsPrefetch(headers)
	if visit.referrer == redacted {
		visit.referrer = ""
	}
	if visit.agent == redacted {
		visit.agent, others = "", false
	}
	if clients == "" {
		clients = address
	}
	visit.addresses = strings.Split(clients, ",")
	before := len(c.entries)
	if err := f.add(visit, c); err != nil {
		return err
	}
	switch {
	case visit.agent == "" && !others:
		err = errNoHeaders
	case scheme == "http" && visit.location == "" && !v.Exists("OriginStatus"): // Traefik answered itself
		err = errNoLocation
	}
	if err != nil {
		c.entries = c.entries[:before]
	}
	return err
}

// traefikHeaders returns the headers by which browsers announce that they fetch ahead,
// and whether the line has headers besides those that people keep by name: if it has, a
// user agent that is missing was not sent.
func traefikHeaders(v *fastjson.Value) (headers http.Header, others bool) {
	headers = http.Header{}
	v.GetObject().Visit(func(key []byte, value *fastjson.Value) {
		name, ok := strings.CutPrefix(string(key), "request_")
		switch {
		case !ok:
		case name != "User-Agent" && name != "Referer" && name != "X-Forwarded-For":
			others = true
			headers[name] = []string{string(value.GetStringBytes())}
		}
	})
	return headers, others
}

// statusOf takes an HTTP status.
func statusOf(v *fastjson.Value, key string) (int, error) {
	n, err := integer(v, key)
	if err == nil && (n < 0 || n > 999) {
		err = fmt.Errorf("%q is not an HTTP status", key)
	}
	return int(n), err
}
