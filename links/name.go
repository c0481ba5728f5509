package links

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/footfall/footfall/click"
)

const (
	// hashLength is how long hashes are at first: 62⁷ are 3.5·10¹².
	hashLength = 7
	// maxDraws bounds the draws for one link; each is a character longer.
	maxDraws = 5

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Reserved tells whether the path /name belongs to the installation itself, so
// that name is never a hash and never resolved: v3, v4, oauth, healthz,
// robots.txt, favicon.ico, .well-known, -, and all that lies below them.
func Reserved(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "v3", "v4", "oauth", "healthz", "robots.txt", "favicon.ico", ".well-known", "-":
		return true
	}
	return false
}

// draw makes a name of base62 characters, each as likely as any other.
func (l *Links) draw(length int) (click.Hash, error) {
	hash := make([]byte, 0, length)
	var bits [16]byte
	for len(hash) < length {
		if _, err := io.ReadFull(l.random, bits[:]); err != nil {
			return "", fmt.Errorf("links: draw a hash: %w", err)
		}
		for _, b := range bits {
			// Six bits of each byte, without the two values that are too many.
			if i := b >> 2; int(i) < len(base62) && len(hash) < length {
				hash = append(hash, base62[i])
			}
		}
	}
	return click.Hash(hash), nil
}

// own tells whether longURL, which came from ParseLongURL, is a short link of
// ours: on one of our domains, with a path of one segment that may be a hash.
func (l *Links) own(longURL, host string) bool {
	scheme, rest, _ := strings.Cut(longURL, "://")
	i := strings.IndexByte(rest, '/')
	path, _, _ := strings.Cut(rest[i+1:], "#")
	path, _, _ = strings.Cut(path, "?")
	// Whoever visits it will have it unescaped.
	if name, err := url.PathUnescape(path); err == nil {
		path = name
	}
	if path == "" || strings.Contains(path, "/") || Reserved(path) {
		return false
	}
	its, err := parseAuthority(scheme, rest[:i])
	if err != nil {
		return false
	}
	ours, err := l.ours(host)
	if err != nil {
		return false
	}
	port := cmp.Or(its.port, defaultPort(scheme))
	return slices.ContainsFunc(ours, func(o authority) bool {
		return hostname(o.host) == hostname(its.host) && (o.port == "" || o.port == port)
	})
}
