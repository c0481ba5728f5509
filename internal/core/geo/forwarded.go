package geo

import (
	"net/netip"
	"strings"
)

// cutLast splits s before its last sep outside quoted strings. It reads backwards, so that
// an open quote further left hides nothing.
func cutLast(s string, sep byte) (before, after string) {
	quoted := false
	for i := len(s) - 1; i >= 0; i-- {
		switch {
		case s[i] == '"' && !(quoted && escaped(s[:i])):
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return "", s
}

// escaped reports whether s ends in a backslash that escapes the next byte.
func escaped(s string) bool {
	return (len(s)-len(strings.TrimRight(s, `\`)))%2 == 1
}

// forwardedNode reads the address in one element of Forwarded (RFC 7239, 4): pairs of name
// and value, at most one of them "for".
func forwardedNode(element string) (netip.Addr, bool) {
	var node netip.Addr
	for rest := element; rest != ""; {
		var pair string
		rest, pair = cutLast(rest, ';')
		name, value, _ := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		value, ok := unquote(value)
		if !ok || node.IsValid() {
			return netip.Addr{}, false
		}
		if node, ok = addressNode(value); !ok {
			return netip.Addr{}, false
		}
	}
	return node, node.IsValid()
}

// unquote returns the text of a token or a quoted string (RFC 9110, 5.6.4).
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s, !strings.Contains(s, `"`)
	}
	s = s[1 : len(s)-1]
	if !strings.ContainsAny(s, `\"`) {
		return s, true
	}
	var text strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '"' {
			return "", false
		}
		if s[i] == '\\' {
			if i++; i == len(s) {
				return "", false
			}
		}
		text.WriteByte(s[i])
	}
	return text.String(), true
}

// addressNode reads an address with or without a port. IPv6 may lack brackets if there is no
// port. It refuses "unknown", names such as "_hidden", and addresses with a zone, which
// have a meaning on one host only.
func addressNode(s string) (netip.Addr, bool) {
	if inside, ok := strings.CutPrefix(s, "["); ok {
		address, rest, closed := strings.Cut(inside, "]")
		if !closed || !strings.Contains(address, ":") || rest != "" && !port(rest) {
			return netip.Addr{}, false
		}
		s = address
	} else if i := strings.IndexByte(s, ':'); i >= 0 && port(s[i:]) {
		s = s[:i]
		if !strings.Contains(s, ".") {
			return netip.Addr{}, false
		}
	}
	if strings.Contains(s, "%") {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil
}

// port reports whether s is a colon and a port, which may be a name with an underscore (RFC
// 7239).
func port(s string) bool {
	s, ok := strings.CutPrefix(s, ":")
	if !ok || s == "" {
		return false
	}
	hidden := s[0] == '_' && len(s) > 1
	for i := range len(s) {
		b := s[i]
		digit := b >= '0' && b <= '9'
		if !digit && (!hidden || !strings.ContainsRune("._-", rune(b)) && (b|0x20 < 'a' || b|0x20 > 'z')) {
			return false
		}
	}
	return hidden || len(s) <= 5
}
