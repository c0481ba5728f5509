package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// userInfo is user/info: about the asker, or about another user. It stores full_name
// for the asker.
func (a *API) userInfo(c *call) (any, error) {
	user := c.authUser()
	of := c.userOf("login", user)
	name := c.text("full_name")
	if err := c.endParams(); err != nil {
		return nil, err
	}
	if of.ID != user.ID {
		return publicUser(of), nil
	}
	if name != "" {
		err := c.write(len(name), func() (bool, error) { return true, a.Store.SetFullName(c.ctx, user.ID, name) })
		if err != nil {
			return nil, err
		}
	}
	// The user that Auth remembers for a token may be a minute old.
	user, err := a.Store.UserByID(c.ctx, user.ID)
	if err != nil {
		return nil, err
	}
	key, err := a.Auth.APIKey(c.ctx, user)
	if err != nil {
		return nil, err
	}
	domains, err := a.Links.Domains(c.host)
	// The keys are in the order of a recorded answer, because one client takes
	// values by position. Keys that are documented only come last.
	return object{
		{"apiKey", key},
		{"custom_short_domain", nil},
		{"display_name", nil},
		{"full_name", orNull(user.FullName)},
		{"is_enterprise", false},
		{"login", user.Login},
		{"member_since", user.Created},
		{"profile_image", nil},
		{"profile_url", nil},
		{"share_accounts", emptyList},
		{"tracking_domains", emptyList},
		{"domain_options", domains},
		{"domain_preference_options", domains},
		{"default_link_privacy", "public"},
	}, err
}

// userOf is the user whose login is in the parameter; the asker if absent.
func (c *call) userOf(name string, asker store.User) store.User {
	login := c.query.get(name)
	if c.err != nil || login == "" || login == asker.Login {
		return asker
	}
	u, err := c.api.Store.UserByLogin(c.ctx, login)
	if errors.Is(err, click.ErrNotFound) {
		err = invalid(name)
	}
	c.fail(err)
	return u
}

// publicUser is the part of a user that other users see. There are no profile pages or
// pictures.
func publicUser(u store.User) object {
	return object{
		{"display_name", nil},
		{"full_name", orNull(u.FullName)},
		{"login", u.Login},
		{"member_since", u.Created},
		{"profile_image", nil},
		{"profile_url", nil},
	}
}

// orNull is null for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
