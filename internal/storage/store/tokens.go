package store

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
)

// TokenDigest is the SHA-256 of an access token; the token itself is not kept.
type TokenDigest [32]byte

// Token is an access token of a user.
type Token struct {
	Digest TokenDigest
	User   click.UserID
	// Name says to its user what the token is for. It passes CheckText, or is empty.
	Name string
	// Session is set for a session token, which newer ones replace.
	Session bool
	// Created and Used are Unix seconds. Used is the last use, or a time shortly before it; 0 if
	// it was not used since engines keep that.
	Created, Used int64
}

// Tokens keeps the access tokens of users. A call that returns without error is durable.
// Deleting a user deletes their tokens.
type Tokens interface {
	// AddToken gives a user another token. click.ErrNotFound if there is no such user,
	// click.ErrExists if the digest is known, ErrText for a name that cannot be kept. Of a
	// session token it also removes the user's other session tokens except the newest by
	// created, as many as keep says less one. Of other tokens keep is ignored.
	AddToken(ctx context.Context, t Token, keep int) error
	// TouchTokens sets the last use of each token, as a Unix second, unless it is later already.
	// Tokens that do not exist are left out.
	TouchTokens(ctx context.Context, used map[TokenDigest]int64) error
	// ListTokens lists at most limit tokens of a user: session tokens after all others, newer
	// ones first, and those of one second bytewise by their digests. A limit below 1 lists none.
	ListTokens(ctx context.Context, user click.UserID, limit int) ([]Token, error)
	// RemoveToken fails with click.ErrNotFound if the user has no such token.
	RemoveToken(ctx context.Context, user click.UserID, digest TokenDigest) error
	// RemoveTokens removes all tokens of a user and returns how many there were.
	// click.ErrNotFound if there is no such user.
	RemoveTokens(ctx context.Context, user click.UserID) (int, error)
	// CountTokens returns how many tokens a user has; 0 if there is no such user.
	CountTokens(ctx context.Context, user click.UserID) (int, error)
	// UserByToken fails with click.ErrNotFound.
	UserByToken(ctx context.Context, digest TokenDigest) (User, error)
}
