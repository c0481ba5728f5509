package v3

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
)

// Auth authenticates users.
type Auth interface {
	// User finds the user of an access token, or fails with click.ErrNotFound.
	User(ctx context.Context, token string) (store.User, error)
	// UserByKey finds the user of a login and an apiKey. The errors are
	// auth.ErrUnknownLogin and auth.ErrKey.
	UserByKey(ctx context.Context, login, apiKey string) (store.User, error)
	// Known and KnownKey report whether a token, or a login and an apiKey, are
	// remembered as good. They do not ask the store.
	Known(token string) bool
	KnownKey(login, apiKey string) bool
	// APIKey is the user's apiKey.
	APIKey(ctx context.Context, user store.User) (string, error)
}

// authUser authenticates the caller, and takes from the user's rate limit. After a
// failure the error is in c.err, which endParams returns, and the user is the zero value.
func (c *call) authUser() store.User {
	if c.as != nil {
		c.asking = c.as.ID
		return *c.as
	}
	u := c.asker()
	c.asking = u.ID
	if c.err == nil {
		c.taken = c.api.Limits.Users.Take(userKey(u.ID))
		if !c.taken.OK {
			c.fail(statusLimitExceeded)
		}
	}
	return u
}

// asker is the user of the token in the query, else of the token in the Authorization
// header, else of login and apiKey.
func (c *call) asker() store.User {
	if token := c.token(); token != "" {
		u, err := c.authenticate(c.api.Auth.Known(token), func() (store.User, error) { return c.api.Auth.User(c.ctx, token) })
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
	switch m := c.method; {
	case (m.keyed || m.older) && login != "" && key != "":
		return c.userByKey(login, key)
	case !m.older || login == "" && key == "":
		c.fail(missing(cmp.Or(m.anonymous, "access_token")))
	case login == "":
		c.fail(missing("login"))
	default:
		c.fail(missing("apiKey"))
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
	u, err := c.authenticateKey(login, key)
	switch {
	case errors.Is(err, auth.ErrUnknownLogin):
		err = statusInvalidLogin
	case errors.Is(err, auth.ErrKey):
		err = statusInvalidAPIKey
	}
	c.fail(err)
	return u
}

func (c *call) authenticateKey(login, key string) (store.User, error) {
	return c.authenticate(c.api.Auth.KnownKey(login, key), func() (store.User, error) { return c.api.Auth.UserByKey(c.ctx, login, key) })
}

// authenticate calls ask, unless the address has sent too many wrong credentials.
// Credentials that are known to be good are always accepted: a flood from an address
// does not lock out the users there.
func (c *call) authenticate(known bool, ask func() (store.User, error)) (store.User, error) {
	refused := c.api.Limits.Refused
	if refused == nil || known {
		return ask()
	}
	from := c.api.Limits.Address(c.request)
	// Take before the answer is known, so that many calls at once are bounded, too.
	taken := refused.Take(from)
	if !taken.OK {
		c.taken = taken
		return store.User{}, statusLimitExceeded
	}
	u, err := ask()
	if areWrong(err) {
		c.taken = taken
	} else if !errors.Is(err, context.Canceled) { // a client that left has used its try
		refused.GiveBack(from)
	}
	return u, err
}

// areWrong reports whether an error means that credentials are wrong.
func areWrong(err error) bool {
	return errors.Is(err, click.ErrNotFound) || errors.Is(err, auth.ErrUnknownLogin) || errors.Is(err, auth.ErrKey)
}

// linkOwner is the user that a link is made for: that of x_login and x_apiKey, which
// applications send, else the asker.
func (c *call) linkOwner(asker store.User) store.User {
	login, key := c.query.get("x_login"), c.query.get("x_apiKey")
	if c.err != nil || login == "" && key == "" {
		return asker
	}
	u, err := store.User{}, error(statusInvalidXAPIKey)
	if login != "" && key != "" {
		if u, err = c.authenticateKey(login, key); areWrong(err) {
			err = statusInvalidXAPIKey
		}
	}
	c.fail(err)
	return u
}

// validate is validate: whether a login and an apiKey belong together.
func (a *API) validate(c *call) (any, error) {
	c.authUser()
	login, key := c.required("x_login"), c.required("x_apiKey")
	if err := c.endParams(); err != nil {
		return nil, err
	}
	valid := 1
	_, err := c.authenticateKey(login, key)
	if areWrong(err) {
		valid, err = 0, nil
	}
	return object{{"valid", valid}}, err
}

// writeLimits sets the headers about rate limits.
func (c *call) writeLimits(h http.Header) {
	if c.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(c.retry))
	}
	if c.taken.Limit == 0 {
		return
	}
	seconds := func(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }
	h.Set("RateLimit-Limit", strconv.Itoa(c.taken.Limit))
	h.Set("RateLimit-Remaining", strconv.Itoa(c.taken.Remaining))
	h.Set("RateLimit-Reset", seconds(c.taken.Reset))
	if !c.taken.OK {
		h.Set("Retry-After", seconds(c.taken.Retry))
	}
}
