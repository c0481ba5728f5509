package feed

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// combined reads access logs in the combined format of Apache and nginx, with
// or without the host of the request in front:
//
//	[host[:port] ]address ident user [02/Jan/2006:15:04:05 -0700] "GET /name HTTP/1.1" status bytes "referrer" "agent"
//
// The address may be a list, as proxies make it (X-Forwarded-For), and each address may
// have a port. The user may have blanks. Prefixes of syslog and Docker, numbers after the
// bytes, and everything after the agent are ignored. Invalid UTF-8 matters only in the
// name of a link.
type combined struct{ accessLog }

var combinedFormat = format{name: "combined", parser: func(im *Importer) parser {
	return combined{accessLogOf(im)}.parse
}}

var (
	errCombined = notOfFormat{errors.New("not a line of the combined log format")}
	errCommon   = notOfFormat{errors.New("not a line of the combined log format: no referrer and no user agent. It seems to be the common log format")}
)

func (f combined) parse(line []byte, c *chunk) error {
	head, at, rest, err := cutTime(string(line))
	if err != nil {
		return err
	}
	host, addresses, ok := parseHead(head)
	if !ok {
		return errCombined
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return errCombined
	}
	numbers, rest, ok := strings.Cut(rest, ` "`)
	fields := strings.Fields(numbers) // status, bytes, and what some add: times
	switch {
	case !ok && len(fields) == 2:
		return errCommon
	case !ok || len(fields) < 2:
		return errCombined
	}
	status, err := strconv.Atoi(fields[0])
	if err != nil {
		return notOfFormat{fmt.Errorf("the status %.100q is not a number", fields[0])}
	}
	referrer, rest, ok := quoted(`"` + rest)
	if !ok {
		return errCombined
	}
	agent, _, ok := quoted(strings.TrimPrefix(rest, " "))
	if !ok {
		return errCombined
	}
	if referrer == "-" {
		referrer = ""
	}
	method, target, _ := strings.Cut(request, " ")
	target, _, _ = strings.Cut(target, " ")
	return f.add(visit{
		at: at.Truncate(time.Second), host: host, addresses: addresses, method: method, target: target, status: status, referrer: referrer, agent: agent,
	}, c)
}

// cutTime cuts a line at its time, which is the first text in brackets that is a time:
// there may be brackets before it, around an IPv6 address or in the name of a user.
func cutTime(line string) (head string, at time.Time, rest string, err error) {
	err = errCombined
	for from := 0; ; {
		i := strings.Index(line[from:], " [")
		if i < 0 {
			return "", at, "", err
		}
		head, rest = line[:from+i], line[from+i+2:]
		from += i + 2
		stamp, after, ok := strings.Cut(rest, "] ")
		if !ok {
			continue
		}
		if at, ok := parseTime(stamp); ok {
			return head, at, after, nil
		}
		if strings.HasPrefix(after, `"`) && !strings.Contains(stamp, "[") { // at the place of the time
			return "", at, "", notOfFormat{fmt.Errorf("cannot read the time %.100q", stamp)}
		}
	}
}

// parseTime reads the time of an access log, in the usual form or in that of ISO 8601
// (nginx's $time_iso8601). A leap second counts as the second before it.
func parseTime(stamp string) (time.Time, bool) {
	if at, err := time.Parse("2/Jan/2006:15:04:05 -0700", strings.Replace(stamp, ":60 ", ":59 ", 1)); err == nil {
		return at, true
	}
	at, err := time.Parse(time.RFC3339, stamp)
	return at, err == nil
}

// parseHead takes apart the text before the time: the host of the request, empty if
// there is none, and the addresses of the client and of proxies, as they are written.
func parseHead(head string) (host string, addresses []string, ok bool) {
	// Apache writes a user without a name as two quotes.
	fields := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(head, `""`, "-"), `"`, " "))
	fields = fields[prefixed(fields):]
	if len(fields) > 3 && !strings.HasSuffix(fields[0], ",") && !strings.HasPrefix(fields[1], ",") && isHost(fields) {
		host, fields = fields[0], fields[1:]
	}
	more := true
	for more && len(fields) > 0 {
		addresses = append(addresses, strings.Split(fields[0], ",")...)
		more = strings.HasSuffix(fields[0], ",") || len(fields) > 1 && strings.HasPrefix(fields[1], ",")
		fields = fields[1:]
	}
	return host, addresses, len(fields) >= 2
}

// prefixed is the number of fields at the start that syslog or Docker wrote, and not the
// web server. The client's address then is the one before the "-" of the ident.
func prefixed(fields []string) int {
	address := func(i int) bool { return parseAddress(strings.Trim(fields[i], ",")).IsValid() }
	if len(fields) < 3 || address(0) {
		return 0
	}
	for i := 1; i+2 < len(fields); i++ {
		if !address(i) || fields[i+1] != "-" && !strings.HasSuffix(fields[i], ",") {
			continue
		}
		switch before := fields[i-1]; {
		case strings.HasSuffix(before, ","): // a list that begins with a word
			return 0
		case before == "-", before == "|", strings.HasSuffix(before, ":"), strings.Count(before, ":") > 1:
			return i
		default: // the host of the request
			return i - 1
		}
	}
	return 0
}

// isHost reports whether the first of at least four fields is the host of the request,
// not the client's address. The second field then is an address or a name of the client.
func isHost(fields []string) bool {
	if parseAddress(fields[1]).IsValid() {
		return true
	}
	return fields[1] != "-" && !parseAddress(fields[0]).IsValid()
}

// quoted reads a string in quotes at the start. As both servers write it, a backslash
// escapes a quote and itself, and \xHH is a byte. Other backslashes stay.
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
		case s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x':
			if n, err := strconv.ParseUint(s[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}
