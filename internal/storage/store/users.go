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
	// FullName is the user's name for people; empty if it was never set.
	FullName string
	// KeyVersion is the version of the user's apiKey: 0 for the first one, and
	// another number for each one that replaced it.
	KeyVersion int64
	// Admin users manage the server.
	Admin bool
	// Disabled users get nothing, whatever their credentials. Engines keep both only.
	Disabled bool
}

// ForeignUser is a user as another installation has them.
type ForeignUser struct {
	Login    string
	Created  int64  // Unix second
	FullName string // empty if it was never set
}

// Check fails with ErrText if the login, or a full name that is not empty, does not pass CheckText.
func (u *ForeignUser) Check() error {
	err := CheckText("login", u.Login)
	if err == nil && u.FullName != "" {
		err = CheckText("full name", u.FullName)
	}
	return err
}

// Users keeps users and their credentials. A call that returns without error is
// durable. Implementations are safe for concurrent use.
type Users interface {
	Sessions
	Shares
	Tokens
	// AddUser makes a user. click.ErrExists if the login is taken, ErrText if it
	// does not pass CheckText.
	AddUser(ctx context.Context, login string, created int64) (User, error)
	// ImportUsers makes the users whose logins are free, all or nothing, with ids that ascend
	// in the order given. A user that exists, or came earlier in the list, is not changed.
	// ErrText if one does not pass Check.
	ImportUsers(ctx context.Context, users []ForeignUser) error
	// UserByLogin and UserByID fail with click.ErrNotFound.
	UserByLogin(ctx context.Context, login string) (User, error)
	UserByID(ctx context.Context, id click.UserID) (User, error)
	// Logins returns the logins of users, in the order of the ids; empty for an unknown id.
	Logins(ctx context.Context, ids []click.UserID) ([]string, error)
	// ListUsers lists at most limit users by ascending login, bytewise, from
	// the first login after the given one. A limit below 1 lists none.
	ListUsers(ctx context.Context, after string, limit int) ([]User, error)
	// SetFullName fails with click.ErrNotFound if there is no such user, and with
	// ErrText if the name is not empty and does not pass CheckText.
	SetFullName(ctx context.Context, user click.UserID, name string) error
	// SetKeyVersion fails with click.ErrNotFound if there is no such user.
	SetKeyVersion(ctx context.Context, user click.UserID, version int64) error
	// SetAdmin and SetDisabled fail with click.ErrNotFound if there is no such user.
	SetAdmin(ctx context.Context, user click.UserID, admin bool) error
	SetDisabled(ctx context.Context, user click.UserID, disabled bool) error
	// SetPassword sets the proof of the user's password, which only package auth
	// makes and reads; it is not empty. click.ErrNotFound if there is no such
	// user, ErrText if the proof does not pass CheckText.
	SetPassword(ctx context.Context, user click.UserID, proof string) error
	// Password returns the proof that was set last; click.ErrNotFound if there is
	// no such user, or none was set.
	Password(ctx context.Context, user click.UserID) (proof string, err error)
	// DeleteUser deletes a user with all tokens, sessions and shares, and all links of the user as
	// Links.DeleteLink does. The login may be used again. click.ErrNotFound if
	// there is no such user.
	DeleteUser(ctx context.Context, user click.UserID) (DeletedRows, error)
	// Secret returns the secret of the installation, for ever the first one that
	// was offered. Concurrent calls return the same.
	Secret(ctx context.Context, offer [32]byte) ([32]byte, error)
}
