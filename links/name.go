package links

import (
	"cmp"
	"context"
	"errors"
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
// ours: one that may be on our domains; or one on Bitly's, or on those that
// imported keywords lie on, that Find finds.
func (l *Links) own(ctx context.Context, longURL, host string) (bool, error) {
	if l.named(longURL, host) {
		return true, nil
	}
	p := parsePlace(longURL)
	if p.name == "" || len(p.name) > MaxName {
		return false, nil
	}
	if !bitlys(p.host) {
		// Our domains were looked at, and on another port they are somebody
		// else's.
		if has, err := l.links.HasDomain(ctx, p.host); err != nil || !has {
			return false, err
		}
	}
	_, err := l.Find(ctx, longURL, host)
	if errors.Is(err, click.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// named tells whether longURL is on one of our domains, with a path of one
// segment that may be a hash, whether it is one yet or not.
func (l *Links) named(longURL, host string) bool {
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
