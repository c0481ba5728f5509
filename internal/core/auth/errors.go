package auth

import "errors"

var (
	// ErrUnknownLogin: nobody has that login.
	ErrUnknownLogin = errors.New("unknown login")
	// ErrKey: the apiKey is not the one of the login.
	ErrKey = errors.New("wrong apiKey")
	// ErrPassword: the password is not the one of the login, or the login has
	// none. A face must not let it be told from ErrUnknownLogin.
	ErrPassword = errors.New("wrong password")
	// ErrTooMany: the login was guessed at too often. The next guess is free
	// GuessEvery from now at the latest.
	ErrTooMany = errors.New("too many wrong passwords")
	// ErrBusy: too many passwords wait to be looked at.
	ErrBusy = errors.New("too many passwords wait to be looked at")
)
