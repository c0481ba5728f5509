package store_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestFoldName(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"spring-sale", "Spring-Sale", "SPRING-SALE"}, {"çay", "ÇAY"}, {"σς", "ΣΣ"}, {"k", "K", "\u212a"}, {"ß", "ẞ"}, {"я/1", "Я/1"},
	} {
		for _, name := range same {
			if got, want := store.FoldName(click.Hash(name)), store.FoldName(click.Hash(same[0])); got != want {
				t.Errorf("%q is folded to %q, and %q to %q", name, got, same[0], want)
			}
		}
	}
	for _, apart := range [][2]string{{"a", "b"}, {"i", "İ"}, {"i", "ı"}, {"ss", "ß"}, {"\xff", "\ufffd"}, {"[", "{"}, {"@", "`"}} {
		if store.FoldName(click.Hash(apart[0])) == store.FoldName(click.Hash(apart[1])) {
			t.Errorf("%q and %q are folded to the same text", apart[0], apart[1])
		}
	}
}

// TestFoldNameEqualsEqualFold: two texts fold to the same text if strings.EqualFold says
// that they are equal, and only then.
func TestFoldNameEqualsEqualFold(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(t *rapid.T) {
		letters := rapid.StringOfN(rapid.SampledFrom([]rune("aAkK\u212asSſßẞiIİıσςΣ@`{[é")), 0, 3, -1)
		a, b := letters.Draw(t, "a"), letters.Draw(t, "b")
		if got, want := store.FoldName(click.Hash(a)) == store.FoldName(click.Hash(b)), strings.EqualFold(a, b); got != want {
			t.Errorf("%q and %q fold to the same text: %t, and EqualFold says %t", a, b, got, want)
		}
	})
}
