package links

import (
	"fmt"
	"io"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
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
