package auth

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxLogin is the length of a login, in bytes.
const MaxLogin = 64

// ErrLogin is for a login that no user can have.
var ErrLogin = errors.New("login must be 1 to 64 bytes of printable UTF-8 without blanks")

// ValidLogin fails with ErrLogin, and says why, for a login that is empty, longer than
// MaxLogin, not UTF-8, or has a character that is blank or does not print. Logins are
// case-sensitive and are not normalised.
func ValidLogin(login string) error {
	switch {
	case login == "":
		return fmt.Errorf("login is empty: %w", ErrLogin)
	case len(login) > MaxLogin:
		return fmt.Errorf("login has %d bytes: %w", len(login), ErrLogin)
	case !utf8.ValidString(login):
		return fmt.Errorf("login is not UTF-8: %w", ErrLogin)
	}
	for _, r := range login {
		// IsPrint accepts the ASCII blank, and no other blank.
		if r == ' ' || !unicode.IsPrint(r) {
			return fmt.Errorf("login has the character %U: %w", r, ErrLogin)
		}
	}
	return nil
}
