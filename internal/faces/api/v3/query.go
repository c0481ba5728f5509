package v3

import (
	"net/url"
	"strconv"
	"strings"
)

// query is the parameters of a call, their names in lower case: clients spell
// apiKey, longUrl and access_token in many ways, and values in one. Of a name
// given twice, in whatever case, the first value that is not empty counts; an
// empty value is an absent one.
type query map[string][]string

// parseQuery reads a raw query string. Nothing in it is an error: what is not
// well escaped is taken as it stands, and fails where it is no valid value.
func parseQuery(raw string) query {
	q := query{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		q.add(unescape(name), unescape(value))
	}
	return q
}

// add adds a value, unless it is empty.
func (q query) add(name, value string) {
	if name != "" && value != "" {
		name = lower(name)
		q[name] = append(q[name], value)
	}
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// lower folds the case of ASCII alone: no other letter is one of a name.
func lower(s string) string {
	b := []byte(s)
	for i := range b {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}

// all is the values of the first name that has any.
func (q query) all(names ...string) []string {
	for _, name := range names {
		if v := q[lower(name)]; len(v) > 0 {
			return v
		}
	}
	return nil
}

// get is the first value of the first name that has one, or "".
func (q query) get(names ...string) string {
	if v := q.all(names...); len(v) > 0 {
		return v[0]
	}
	return ""
}

// number is whether a parameter was a number, and whether it was within int64.
type number int

const (
	notANumber number = iota
	tooLarge          // beyond int64
	tooSmall
	aNumber
)

// parseInt takes an optional sign and ASCII digits. A leading blank is a plus
// sign that nobody escaped.
func parseInt(s string) (int64, number) {
	digits, negative := s, false
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		digits, negative = s[1:], s[0] == '-'
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, notANumber
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err == nil && negative:
		return -n, aNumber
	case err == nil:
		return n, aNumber
	case negative:
		return 0, tooSmall
	}
	return 0, tooLarge
}

// parseBool takes true, false, 1 and 0 in any case.
func parseBool(s string) (value, ok bool) {
	switch {
	case s == "1" || strings.ToLower(s) == "true":
		return true, true
	case s == "0" || strings.ToLower(s) == "false":
		return false, true
	}
	return false, false
}

// isCallback tells whether s is a name that JSONP may call: letters, digits,
// _ $ and . but no digit in front, 128 bytes at most.
func isCallback(s string) bool {
	for i := range len(s) {
		b := s[i]
		switch {
		case 'a' <= b|0x20 && b|0x20 <= 'z', b == '_', b == '$', b == '.':
		case '0' <= b && b <= '9' && i > 0:
		default:
			return false
		}
	}
	return s != "" && len(s) <= 128
}
