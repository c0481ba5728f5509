package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/guess"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// unknown says that something which a command names is not here, and what to do.
// It is click.ErrNotFound.
type unknown string

func (u unknown) Error() string        { return string(u) }
func (u unknown) Is(target error) bool { return target == click.ErrNotFound }

// user finds the user that a command names.
func (a *App) user(ctx context.Context, login string) (store.User, error) {
	u, err := a.data.Links.UserByLogin(ctx, login)
	if errors.Is(err, click.ErrNotFound) {
		err = a.unknownUser(ctx, login)
	}
	return u, err
}

// mostLogins bounds those that an unknown login is compared with.
const mostLogins = 10_000

func (a *App) unknownUser(ctx context.Context, login string) error {
	var logins []string
	for after := ""; len(logins) < mostLogins; {
		users, err := a.data.Links.ListUsers(ctx, after, pageOfUsers)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			logins = append(logins, u.Login)
			after = u.Login
		}
	}
	said := fmt.Sprintf("there is no user %q", login)
	if near := guess.Nearest(login, logins, "-"); near != "" {
		said += fmt.Sprintf(" (did you mean %q?)", near)
	}
	said += ": footfall user list shows all"
	if auth.ValidLogin(login) == nil {
		said += "; footfall user add " + plain.Text(login) + " makes it"
	}
	return unknown(said)
}

// link finds the link that a command names.
func (a *App) link(ctx context.Context, written string) (store.Link, error) {
	l, err := a.links.Find(ctx, written, a.host)
	if errors.Is(err, click.ErrNotFound) {
		err = unknown(fmt.Sprintf("there is no link %q: name it by its hash, or by its short URL on a domain of this installation; footfall link list shows all", written))
	}
	return l, err
}
