package store

import (
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
)

// Share is a secret address at which anybody sees the clicks on one link or one tag of a user.
// The secret itself is not kept.
type Share struct {
	Digest TokenDigest // the SHA-256 of the secret
	User   click.UserID
	// Link is the hash of a link of the user, or Tag is a tag. The other one is empty.
	Link click.Hash
	Tag  string
	// Created, Ends and Used are Unix seconds. It ends at Ends; 0: never. Used is the last use,
	// or a time shortly before it; 0: it was not used.
	Created, Ends, Used int64
	// Proof is the proof of its password, which only package auth makes and reads; empty: it
	// has none.
	Proof string
	// Frames says which sites may show it in a frame, in the words of frame-ancestors of a
	// Content-Security-Policy; empty: none.
	Frames string
}

// Check fails with ErrText if a text of the share cannot be kept, or if it does not have
// either a link or a tag.
func (s *Share) Check() error {
	if (s.Link == "") == (s.Tag == "") {
		return fmt.Errorf("a share is of a link or of a tag: %w", ErrText)
	}
	for _, t := range [...]struct{ name, text string }{{"link", string(s.Link)}, {"tag", s.Tag}, {"password", s.Proof}, {"frames", s.Frames}} {
		if t.text == "" {
			continue
		}
		if err := CheckText(t.name, t.text); err != nil {
			return err
		}
	}
	return nil
}

// Shares keeps the shares of users. A call that returns without error is durable. Deleting a
// link or a user deletes their shares.
type Shares interface {
	// AddShare adds a share. click.ErrNotFound if there is no such user, or the user has no
	// such link; click.ErrExists if the digest is known; ErrText if it does not pass Check.
	AddShare(ctx context.Context, s Share) error
	// Share fails with click.ErrNotFound. An ended share is there until it is removed.
	Share(ctx context.Context, digest TokenDigest) (Share, User, error)
	// TouchShare sets the last use of a share. It is no error if there is no such share.
	TouchShare(ctx context.Context, digest TokenDigest, used int64) error
	// ListShares lists the shares of a user, newest first, and those of one second bytewise by
	// their digests.
	ListShares(ctx context.Context, user click.UserID) ([]Share, error)
	// RemoveShare fails with click.ErrNotFound if the user has no such share.
	RemoveShare(ctx context.Context, user click.UserID, digest TokenDigest) error
}
