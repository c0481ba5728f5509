package feed

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/footfall/footfall/click"
)

// combined reads access logs in the combined format of Apache and nginx, with
// or without the host of the request in front:
//
//	[host[:port] ]address ident user [02/Jan/2006:15:04:05 -0700] "GET /name HTTP/1.1" status bytes "referrer" "agent"
//
// What follows is ignored. A click is a GET that was redirected; the rest is
// skipped.
type combined struct {
	now     func() time.Time // later clicks are refused
	isBot   func(agent string) bool
	country func(netip.Addr) click.Country
}

var errCombined = errors.New("not a line of the combined log format")

func (f *combined) parse(line []byte, c *chunk) error {
	if !utf8.Valid(line) {
		return errors.New("not UTF-8")
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return errors.New("the line holds a zero byte")
	}
	head, rest, ok := strings.Cut(string(line), " [")
	if !ok {
		return errCombined
	}
	fields := strings.Fields(head)
	host := ""
	if len(fields) == 4 {
		host, _, _ = strings.Cut(fields[0], ":")
		fields = fields[1:]
	}
	if len(fields) != 3 {
		return errCombined
	}
	address := fields[0]
	stamp, rest, ok := strings.Cut(rest, "] ")
	if !ok {
		return errCombined
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", stamp)
	if err != nil {
		return fmt.Errorf("the time %.100q is none of an access log", stamp)
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return errCombined
	}
	fields = strings.SplitN(strings.TrimSpace(rest), " ", 3)
	if len(fields) < 3 {
		return errCombined
	}
	status, err := strconv.Atoi(fields[0])
	if err != nil {
		return fmt.Errorf("the status %.100q is no number", fields[0])
	}
	referrer, rest, ok := quoted(fields[2])
	if !ok {
		return errCombined
	}
	agent, _, ok := quoted(strings.TrimPrefix(rest, " "))
	if !ok {
		return errCombined
	}
	switch status {
	case 301, 302, 303, 307, 308:
	default:
		return errSkip
	}
	method, path, _ := strings.Cut(request, " ")
	path, _, _ = strings.Cut(path, " ")
	if method != "GET" {
		return errSkip
	}
	if err := inTime(at.Unix(), f.now().Unix()); err != nil {
		return err
	}
	name, err := nameOf(path)
	if err != nil {
		return err
	}
	if name == "" {
		return errSkip // the front page led elsewhere
	}
	if referrer == "-" {
		referrer = ""
	}
	e := entry{
		click: click.Click{Time: at.Unix() * 1000, Referrer: click.ParseReferrer(referrer), Bot: f.isBot(agent), Imported: true},
		to:    target{domain: host, name: name},
	}
	if a, err := netip.ParseAddr(address); err == nil { // else a name, or a dash
		e.click.Country = f.country(a)
	}
	c.entries = append(c.entries, e)
	return nil
}

// nameOf is the name in a request's target.
func nameOf(path string) (string, error) {
	if _, rest, ok := strings.Cut(path, "://"); ok { // as proxies ask
		_, rest, _ = strings.Cut(rest, "/")
		path = "/" + rest
	}
	path, _, _ = strings.Cut(path, "?")
	name, err := url.PathUnescape(strings.TrimPrefix(path, "/"))
	if err != nil || !utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0 {
		return "", fmt.Errorf("the path %.100q is badly escaped", path)
	}
	return name, nil
}

// quoted takes a string in quotes from the beginning. A backslash escapes a
// quote and itself, as both servers write them; of other escapes it stays.
func quoted(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], true
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
