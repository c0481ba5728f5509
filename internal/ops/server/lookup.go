package server

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/spelling"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// user returns the user that a command names, or control.UnknownUserError.
func (a *App) user(ctx context.Context, login string) (store.User, error) {
	u, err := a.data.DB.UserByLogin(ctx, login)
	if errors.Is(err, click.ErrNotFound) {
		err = a.unknownUser(ctx, login)
	}
	return u, err
}

// eachUser calls f with the user of a login; without a login, with all users,
// ordered by login.
func (a *App) eachUser(ctx context.Context, login string, f func(store.User) error) error {
	if login != "" {
		u, err := a.user(ctx, login)
		if err != nil {
			return err
		}
		return f(u)
	}
	for after := ""; ; {
		users, err := a.data.DB.ListUsers(ctx, after, pageOfUsers)
		if err != nil || len(users) == 0 {
			return err
		}
		for _, u := range users {
			if err := f(u); err != nil {
				return err
			}
			after = u.Login
		}
	}
}

// maxLogins is the maximum number of logins that an unknown one is compared with.
const maxLogins = 10_000

func (a *App) unknownUser(ctx context.Context, login string) error {
	var logins []string
	for after := ""; len(logins) < maxLogins; {
		users, err := a.data.DB.ListUsers(ctx, after, pageOfUsers)
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
	return &control.UnknownUserError{Login: login, Near: spelling.Nearest(login, logins, "-"), Valid: auth.ValidLogin(login) == nil}
}

// link returns the link that a command names, or control.UnknownLinkError.
func (a *App) link(ctx context.Context, written string) (store.Link, error) {
	l, err := a.links.Find(ctx, written, a.host)
	if errors.Is(err, click.ErrNotFound) {
		err = &control.UnknownLinkError{Link: written}
	}
	return l, err
}
