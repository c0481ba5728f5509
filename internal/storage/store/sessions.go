package store

import (
	"context"

	"github.com/footfall/footfall/internal/base/click"
)

// SessionKind is what a session allows.
type SessionKind uint8

// The kinds of sessions.
const (
	SignedIn   SessionKind = 1 // a browser that is signed in
	Invitation SessionKind = 2 // a link that sets a password, once
	Entrance   SessionKind = 3 // a link that signs a browser in
)

// Session is a secret that a browser has of a user. The secret itself is not kept.
type Session struct {
	Digest TokenDigest // the SHA-256 of the secret
	User   click.UserID
	Kind   SessionKind
	// Created and Used are Unix seconds. Used is the last use, or a time shortly before it.
	Created, Used int64
	// Agent is the browser, and Place the network, that opened the session, as texts for its
	// user. Each passes CheckText, or is empty.
	Agent, Place string
}

// Sessions keeps the sessions of users. A call that returns without error is durable.
// Deleting a user deletes their sessions.
type Sessions interface {
	// AddSession adds a session, and removes the user's sessions of that kind except the newest
	// by created, as many as keep says, and never this one. click.ErrNotFound if there is no such
	// user, click.ErrExists if the digest is known, ErrText for texts that cannot be kept.
	AddSession(ctx context.Context, s Session, keep int) error
	// Session fails with click.ErrNotFound if there is no such session of that kind.
	Session(ctx context.Context, kind SessionKind, digest TokenDigest) (Session, User, error)
	// TouchSession sets the last use of a session. It is no error if there is no such session.
	TouchSession(ctx context.Context, digest TokenDigest, used int64) error
	// ListSessions lists the sessions of a user of that kind, newest first, and those of one
	// second bytewise by their digests.
	ListSessions(ctx context.Context, user click.UserID, kind SessionKind) ([]Session, error)
	// RemoveSession fails with click.ErrNotFound if the user has no such session.
	RemoveSession(ctx context.Context, user click.UserID, digest TokenDigest) error
	// RemoveSessions removes all sessions of a user of that kind, except one, which need not
	// exist, and returns how many there were.
	RemoveSessions(ctx context.Context, user click.UserID, kind SessionKind, except TokenDigest) (int, error)
}
