package store

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
)

// User owns links and asks for their clicks.
type User struct {
	ID click.UserID // never reused
	// Login is the user's name on the wire, unique, case-sensitive.
	Login   string
	Created int64 // Unix second
	// FullName is how the user wants to be called; empty where he never said.
	FullName string
	// KeyVersion tells the user's apiKeys apart: 0 of the first one, and another
	// number of each that took the last one's place.
	KeyVersion int64
}

// TokenDigest is the SHA-256 of an access token; the token itself is not kept.
type TokenDigest [32]byte

// Users keeps users and what they prove themselves with. A call that returns
// without error is durable. Implementations are safe for concurrent use.
type Users interface {
	// AddUser makes a user, or fails with click.ErrExists, or with ErrText
	// where the login does not pass CheckText.
	AddUser(ctx context.Context, login string, created int64) (User, error)
	// UserByLogin and UserByID fail with click.ErrNotFound.
	UserByLogin(ctx context.Context, login string) (User, error)
	UserByID(ctx context.Context, id click.UserID) (User, error)
	// ListUsers lists at most limit users by ascending login, bytewise, from
	// the first login after the given one. A limit below 1 lists none.
	ListUsers(ctx context.Context, after string, limit int) ([]User, error)
	// AddToken gives a user another token. click.ErrNotFound where there is no
	// such user, click.ErrExists where the digest is known.
	AddToken(ctx context.Context, user click.UserID, digest TokenDigest, created int64) error
	// AddPassingToken is AddToken for a token that gives way to newer ones of its
	// kind: of the user's passing tokens the keep newest by created stay, this one
	// in any case.
	AddPassingToken(ctx context.Context, user click.UserID, digest TokenDigest, created int64, keep int) error
	// RemoveToken fails with click.ErrNotFound where the user has no such token.
	RemoveToken(ctx context.Context, user click.UserID, digest TokenDigest) error
	// RemoveTokens removes all tokens of a user and says how many there were.
	// click.ErrNotFound where there is no such user.
	RemoveTokens(ctx context.Context, user click.UserID) (int, error)
	// CountTokens is how many tokens a user has; 0 where there is no such user.
	CountTokens(ctx context.Context, user click.UserID) (int, error)
	// UserByToken fails with click.ErrNotFound.
	UserByToken(ctx context.Context, digest TokenDigest) (User, error)
	// SetFullName fails with click.ErrNotFound where there is no such user, and
	// with ErrText where the name is not empty and does not pass CheckText.
	SetFullName(ctx context.Context, user click.UserID, name string) error
	// SetKeyVersion fails with click.ErrNotFound where there is no such user.
	SetKeyVersion(ctx context.Context, user click.UserID, version int64) error
	// SetPassword keeps what proves the user's password; it is never empty, and
	// made and understood by package auth alone. click.ErrNotFound where there
	// is no such user, ErrText where it does not pass CheckText.
	SetPassword(ctx context.Context, user click.UserID, proof string) error
	// Password is the last proof set; click.ErrNotFound where there is no such
	// user, or none was set.
	Password(ctx context.Context, user click.UserID) (proof string, err error)
	// DeleteUser removes a user with his tokens, and all his links as
	// Links.DeleteLink does. The login is free from then on.
	// click.ErrNotFound.
	DeleteUser(ctx context.Context, user click.UserID) (DeletedRows, error)
	// Secret is the secret of the installation: the first one that it was
	// called with, kept for good. Many may offer one at the same time, and all
	// get the same.
	Secret(ctx context.Context, offer [32]byte) ([32]byte, error)
}
