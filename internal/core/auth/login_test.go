package auth_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/core/auth"
)

func TestValidLogin(t *testing.T) {
	for _, c := range []struct {
		login string
		valid bool
	}{
		{"bitly", true}, {"o_d63rn9enb", true}, {"nasatwitter", true}, {"tweetdeckapi", true}, {"R2-D2.x", true},
		{"a", true}, {"ann@example.com", true}, {"jürgen", true}, {"日本語", true}, {"🐾", true}, {"a/b?c&d", true},
		{strings.Repeat("a", 64), true}, {strings.Repeat("ü", 32), true},
		{"", false}, {strings.Repeat("a", 65), false}, {strings.Repeat("ü", 32) + "a", false},
		{" ", false}, {"a b", false}, {"ann ", false}, {"\tann", false}, {"ann\n", false}, {"a\u00a0b", false}, {"a\u3000b", false},
		{"a\x00", false}, {"a\x7f", false}, {"a\u0085", false}, {"a\u200b", false}, {"\u202eann", false}, {"\ufeffann", false},
		{"\xff", false}, {"a\xc3", false}, {"\xed\xa0\x80", false}, {"\ue000", false},
	} {
		if err := auth.ValidLogin(c.login); (err == nil) != c.valid || (err != nil && !errors.Is(err, auth.ErrLogin)) {
			t.Errorf("%q: %v, want valid=%v", c.login, err, c.valid)
		}
	}
}

func FuzzValidLogin(f *testing.F) {
	for _, login := range []string{"bitly", "a b", "\xff", "ü", "\u2028", ""} {
		f.Add(login)
	}
	f.Fuzz(func(t *testing.T, login string) {
		if auth.ValidLogin(login) != nil {
			return
		}
		if login == "" || len(login) > auth.MaxLogin || !utf8.ValidString(login) ||
			strings.ContainsFunc(login, unicode.IsSpace) || strings.ContainsFunc(login, unicode.IsControl) {
			t.Errorf("the login %q is valid", login)
		}
	})
}
