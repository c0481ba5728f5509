package links

import (
	"fmt"
	"io"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

const (
	// hashLength is the length of the first hash drawn: 62⁷ are 3.5·10¹².
	hashLength = 7
	// maxDraws bounds the draws for a link. Each is one character longer than the last.
	maxDraws = 5

	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Reserved reports whether the path /name belongs to the server itself, so that no link has
// the name: v3, v4, oauth, healthz, robots.txt, favicon.ico, .well-known, -, and all paths
// below them.
func Reserved(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "v3", "v4", "oauth", "healthz", "robots.txt", "favicon.ico", ".well-known", "-":
		return true
	}
	return false
}

// draw makes a name of base62 characters, all equally likely.
func (l *Links) draw(length int) (click.Hash, error) {
	hash := make([]byte, 0, length)
	var bits [16]byte
	for len(hash) < length {
		if _, err := io.ReadFull(l.random, bits[:]); err != nil {
			return "", fmt.Errorf("links: draw a hash: %w", err)
		}
		for _, b := range bits {
			// Six bits of each byte, without the two values that are not in base62.
			if i := b >> 2; int(i) < len(base62) && len(hash) < length {
				hash = append(hash, base62[i])
			}
		}
	}
	return click.Hash(hash), nil
}
