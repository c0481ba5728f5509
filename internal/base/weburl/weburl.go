// Package weburl takes URLs and hosts apart as people, browsers, logs and files
// write them. It is the one place that says when two hosts are the same.
//
// Which hosts are ours, and what a path means, is decided elsewhere: see package links.
package weburl

import (
	"errors"
	"strconv"
	"strings"
)

// CutScheme cuts a text after a scheme (RFC 3986, 3.1) and "://". The scheme is in
// lower case. ok is false for a text that does not begin so.
func CutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	if !ok || scheme == "" {
		return "", "", false
	}
	for i := range len(scheme) {
		b := scheme[i] | 0x20
		letter := b >= 'a' && b <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(scheme[i]))) {
			return "", "", false
		}
	}
	return strings.ToLower(scheme), rest, true
}

// Split takes a URL apart: "HTTP://Ann@A:80/b?c" is "http", "Ann@A:80" and "/b?c".
// ok is false for a text that CutScheme does not take.
func Split(s string) (scheme, authority, rest string, ok bool) {
	scheme, rest, ok = CutScheme(s)
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	return scheme, rest[:end], rest[end:], ok
}

// Authority is a host in the spelling of long URLs, and its port if that is not the
// default port of the scheme. The host may end in the root's dot.
type Authority struct{ Host, Port string }

// String returns the authority as it stands in a URL.
func (a Authority) String() string {
	if a.Port == "" {
		return a.Host
	}
	return a.Host + ":" + a.Port
}

// Same reports whether both are the same host on the same port.
func (a Authority) Same(b Authority) bool {
	return a.Port == b.Port && Host(a.Host) == Host(b.Host)
}

// ParseAuthority takes a host with or without a port, as it stands in a URL of the
// scheme. The host becomes lower case, an internationalised one punycode (UTS #46,
// lookup), an escape its byte, and an address its usual form. Credentials are
// refused, as is a port outside 1 to 65535. The error says why, in a few words.
func ParseAuthority(scheme, s string) (a Authority, err error) {
	host, port := cutPort(s)
	if a.Host, err = parseHost(host); err != nil || port == "" {
		return a, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return Authority{}, errors.New("the port is not a number from 1 to 65535")
	}
	if port = strconv.FormatUint(n, 10); port != DefaultPort(scheme) {
		a.Port = port
	}
	return a, nil
}

// DefaultPort returns the port of a scheme: 443 for https, 21 for ftp, otherwise 80.
func DefaultPort(scheme string) string {
	switch scheme {
	case "https":
		return "443"
	case "ftp":
		return "21"
	}
	return "80"
}

func cutPort(authority string) (host, port string) {
	if i := strings.LastIndexByte(authority, ':'); i > strings.LastIndexByte(authority, ']') {
		return authority[:i], authority[i+1:]
	}
	return authority, ""
}
