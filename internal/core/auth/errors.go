package auth

import "errors"

var (
	// ErrUnknownLogin is for a login that no user has.
	ErrUnknownLogin = errors.New("unknown login")
	// ErrKey is for an apiKey that is not the one of the login.
	ErrKey = errors.New("wrong apiKey")
	// ErrPassword is for a password that is not the one of the login, or a login without a
	// password. A face must not show a difference between it and ErrUnknownLogin.
	ErrPassword = errors.New("wrong password")
	// ErrTooMany is for a login with too many wrong passwords. The next one is checked
	// after GuessEvery at the latest.
	ErrTooMany = errors.New("too many wrong passwords")
	// ErrBusy is for too many passwords that wait to be checked.
	ErrBusy = errors.New("too many passwords wait to be checked")
	// ErrShareEnd is for a share that would have ended already.
	ErrShareEnd = errors.New("the share would have ended already")
	// ErrShareFrames is for sites that cannot be allowed to show a share in a frame, and for a
	// share with a password, which none can.
	ErrShareFrames = errors.New("a share is shown in frames of * or of up to 10 origins, and not with a password")
	// ErrShares is for a user who has MaxShares shares.
	ErrShares = errors.New("too many shares")
)
