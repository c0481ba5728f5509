package store

import (
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
)

// FoldName returns the same text for names that differ only in case, by Unicode's simple
// case folding: each character becomes the first one that it folds with. A name that is
// not UTF-8 stays as it is.
func FoldName(name click.Hash) string {
	if !utf8.ValidString(string(name)) {
		return string(name)
	}
	folded := make([]byte, 0, len(name)+utf8.UTFMax)
	for _, r := range string(name) {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		} else if r >= utf8.RuneSelf {
			r = firstFolded(r)
		}
		folded = utf8.AppendRune(folded, r)
	}
	return string(folded)
}

// firstFolded is the lowest of the characters that fold with r.
func firstFolded(r rune) rune {
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}
