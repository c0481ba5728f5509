package weburl

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Host returns the name of a host. Two hosts are the same if their names are equal.
// It takes the authority of a URL or the Host header of a request. The name is as
// ParseAuthority has it, without credentials, port and the root's dot. It is empty
// for a text that cannot be a host, or whose port is not a number.
func Host(authority string) string {
	host, port := cutPort(authority[strings.LastIndexByte(authority, '@')+1:])
	if strings.Trim(port, "0123456789") != "" {
		return ""
	}
	host = strings.TrimSuffix(host, ".")
	if strings.HasSuffix(host, ".") {
		return ""
	}
	host, err := parseHost(host)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(host, ".") // punycode makes one of an ideographic full stop
}

func parseHost(s string) (string, error) {
	if s == "" {
		return "", errors.New("the host is missing")
	}
	if len(s) > maxRawHost {
		return "", errors.New("the host is too long")
	}
	if inner, ok := strings.CutPrefix(s, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		if !ok || err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", errors.New("the host is not an IPv6 address")
		}
		return "[" + ip.String() + "]", nil
	}
	// An escape stands for its byte, as in browsers (WHATWG URL, 3.5).
	s, err := url.PathUnescape(s)
	if err != nil || !utf8.ValidString(s) {
		return "", errors.New("the host is badly escaped")
	}
	host := strings.ToLower(s)
	if strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if host, err = idna.Lookup.ToASCII(s); err != nil {
			return "", errors.New("the host is not an internationalised domain name")
		}
	}
	return host, checkHost(host)
}

const (
	maxHost  = 253 // RFC 1035, 2.3.4, as text without the root's dot
	maxLabel = 63
	// maxRawHost bounds the host that is turned into punycode, which takes time.
	maxRawHost = 4 * maxHost
)

// checkHost takes letters, digits, hyphens and underscores in any place: the
// standards refuse some hosts with - and _ that exist and answer.
func checkHost(host string) error {
	name := strings.TrimSuffix(host, ".") // of the root
	if len(name) > maxHost {
		return errors.New("the host is too long")
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > maxLabel {
			return errors.New("a part of the host is empty or too long")
		}
		for i := range len(label) {
			if b := label[i]; (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' {
				return errors.New("the host has a character that hosts may not have")
			}
		}
		last = label
	}
	// Browsers take a host that ends in a number for an IPv4 address, also in
	// spellings such as 0x7f.1 (WHATWG URL, 3.5). Only the usual spelling is taken.
	number := strings.Trim(last, "0123456789") == ""
	if hex, ok := strings.CutPrefix(last, "0x"); ok && strings.Trim(hex, "0123456789abcdef") == "" {
		number = true
	}
	if !number {
		return nil
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return errors.New("the host is neither a name nor an IPv4 address")
	}
	return nil
}
