package server

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/guess"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

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
	return &control.UnknownUserError{Login: login, Near: guess.Nearest(login, logins, "-"), Valid: auth.ValidLogin(login) == nil}
}

// link finds the link that a command names.
func (a *App) link(ctx context.Context, written string) (store.Link, error) {
	l, err := a.links.Find(ctx, written, a.host)
	if errors.Is(err, click.ErrNotFound) {
		err = &control.UnknownLinkError{Link: written}
	}
	return l, err
}
