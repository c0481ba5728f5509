package feed

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/valyala/fastjson"
)

// errNoHeaders: without headers of the request, every click would be one of a bot.
var errNoHeaders = notOfFormat{errors.New("the line has no headers of the request, and so no user agent and no referrer")}

// caddy reads access logs of Caddy 2, which are JSON: ts, status, and request with
// client_ip (since 2.7), remote_ip (since 2.5) or remote_addr, method, host, uri and headers.
// Lines of Caddy's other logs are skipped.
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
	request := v.Get("request")
	switch {
	case request == nil && v.Exists("ts") && v.Exists("msg"):
		return errSkip
	case request == nil || request.Type() != fastjson.TypeObject:
		return notOfFormat{errors.New("no \"request\"")}
	case request.Get("headers") == nil:
		return errNoHeaders
	}
	visit := visit{
		referrer: header(request.Get("headers"), "Referer"), agent: header(request.Get("headers"), "User-Agent"),
		addresses: strings.Split(header(request.Get("headers"), "X-Forwarded-For"), ","),
		location:  header(v.Get("resp_headers"), "Location"),
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

// header returns the values of a header, joined by commas. The name is in canonical form.
func header(headers *fastjson.Value, name string) string {
	var values []string
	for _, value := range headers.GetArray(name) {
		values = append(values, string(value.GetStringBytes()))
	}
	return strings.Join(values, ",")
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
// ClientHost, RequestMethod, RequestHost, RequestPath, and the headers of the request as
// request_NAME, which Traefik writes only if accessLog.fields.headers says so. ClientHost
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
	if !v.Exists("RequestMethod") && v.Exists("level") && v.Exists("time") {
		return errSkip
	}
	var visit visit
	var at, clients, address, router string
	err = fields{
		{"RequestMethod", &visit.method, aText}, {"RequestHost", &visit.host, aText | optional}, {"RequestPath", &visit.target, aText},
		{"StartUTC", &at, aText}, {"ClientHost", &clients, aText | optional}, {"ClientAddr", &address, aText | optional},
		{"request_User-Agent", &visit.agent, aText | optional}, {"request_Referer", &visit.referrer, aText | optional},
		{"downstream_Location", &visit.location, aText | optional}, {"RouterName", &router, aText | optional},
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
	if visit.agent == "" && !hasHeaders(v) {
		return errNoHeaders
	}
	if clients == "" {
		clients = address
	}
	visit.addresses = strings.Split(clients, ",")
	return f.add(visit, c)
}

// hasHeaders reports whether a line of Traefik has a header of the request.
func hasHeaders(v *fastjson.Value) (has bool) {
	v.GetObject().Visit(func(key []byte, _ *fastjson.Value) {
		has = has || strings.HasPrefix(string(key), "request_")
	})
	return has
}

// statusOf takes an HTTP status.
func statusOf(v *fastjson.Value, key string) (int, error) {
	n, err := integer(v, key)
	if err == nil && (n < 0 || n > 999) {
		err = fmt.Errorf("%q is not an HTTP status", key)
	}
	return int(n), err
}
