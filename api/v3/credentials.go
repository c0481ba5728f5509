package v3

import (
	"context"
	"errors"
	"strings"

	"github.com/footfall/footfall/auth"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// Auth tells who is asking.
type Auth interface {
	// User finds the user that an access token was given to, or fails with
	// click.ErrNotFound.
	User(ctx context.Context, token string) (store.User, error)
	// UserByKey finds the user of a login, who is proven by his apiKey. The
	// errors are auth.ErrUnknownLogin and auth.ErrKey.
	UserByKey(ctx context.Context, login, apiKey string) (store.User, error)
	// APIKey is the user's apiKey.
	APIKey(ctx context.Context, user store.User) (string, error)
}

// user is who is asking. A token in the query wins over one in the
// Authorization header, and either over login and apiKey, which only the older
// methods take.
func (c *call) user() store.User {
	if token := c.token(); token != "" {
		u, err := c.api.Auth.User(c.ctx, token)
		if errors.Is(err, click.ErrNotFound) {
			err = statusInvalidAccessToken
			if c.method.badToken != nil {
				err = c.method.badToken
			}
		}
		c.fail(err)
		return u
	}
	login, key := c.query.get("login"), c.query.get("apiKey")
	switch {
	case login == "" && key == "" || !c.method.older:
		name := "access_token"
		if c.method.anonymous != "" {
			name = c.method.anonymous
		}
		c.fail(missing(name))
	case login == "":
		c.fail(missing("login"))
	case key == "":
		c.fail(missing("apiKey"))
	default:
		return c.userByKey(login, key)
	}
	return store.User{}
}

func (c *call) token() string {
	if token := c.query.get("access_token"); token != "" {
		return token
	}
	scheme, bearer, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(bearer)
	}
	return ""
}

func (c *call) userByKey(login, key string) store.User {
	u, err := c.api.Auth.UserByKey(c.ctx, login, key)
	switch {
	case errors.Is(err, auth.ErrUnknownLogin):
		err = status{500, "INVALID_LOGIN"}
	case errors.Is(err, auth.ErrKey):
		err = status{500, "INVALID_APIKEY"}
	}
	c.fail(err)
	return u
}

// validate is validate: whether somebody's login and apiKey belong together.
func (a *API) validate(c *call) (any, error) {
	c.user()
	login, key := c.required("x_login"), c.required("x_apiKey")
	if err := c.end(false); err != nil {
		return nil, err
	}
	valid := 1
	_, err := a.Auth.UserByKey(c.ctx, login, key)
	if errors.Is(err, auth.ErrUnknownLogin) || errors.Is(err, auth.ErrKey) {
		valid, err = 0, nil
	}
	return object{{"valid", valid}}, err
}
