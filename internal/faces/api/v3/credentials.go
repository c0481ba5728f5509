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

// Auth tells who is asking.
type Auth interface {
	// User finds the user that an access token was given to, or fails with
	// click.ErrNotFound.
	User(ctx context.Context, token string) (store.User, error)
	// UserByKey finds the user of a login, who is proven by his apiKey. The
	// errors are auth.ErrUnknownLogin and auth.ErrKey.
	UserByKey(ctx context.Context, login, apiKey string) (store.User, error)
	// Known and KnownKey tell whether a token, or a login and apiKey, were good
	// when they were looked at last, as far as that is remembered. They ask
	// nobody.
	Known(token string) bool
	KnownKey(login, apiKey string) bool
	// APIKey is the user's apiKey.
	APIKey(ctx context.Context, user store.User) (string, error)
}

// user is who is asking, if he does not ask too often. A token in the query
// wins over one in the Authorization header, and either over login and apiKey.
func (c *call) user() store.User {
	u := c.asker()
	c.asking = u.ID
	if c.err == nil {
		c.taken = c.api.Limits.Users.Take(strconv.FormatUint(uint64(u.ID), 10))
		if !c.taken.OK {
			c.fail(statusLimitExceeded)
		}
	}
	return u
}

// prove asks whose the credentials are. An address that has brought too many that
// nobody has is refused before anybody is asked, but for those that are known to
// be good: so whoever floods from an address shuts nobody out who works there.
func (c *call) prove(known bool, ask func() (store.User, error)) (store.User, error) {
	refused := c.api.Limits.Refused
	if refused == nil || known {
		return ask()
	}
	from := c.api.Limits.Address(c.request)
	// Taken before it is known to be wrong: many at once are no way around.
	taken := refused.Take(from)
	if !taken.OK {
		c.taken = taken
		return store.User{}, statusLimitExceeded
	}
	u, err := ask()
	if wrong(err) {
		c.taken = taken
	} else if !errors.Is(err, context.Canceled) { // who leaves has asked
		refused.GiveBack(from)
	}
	return u, err
}

// wrong tells credentials that nobody has from what went wrong otherwise.
func wrong(err error) bool {
	return errors.Is(err, click.ErrNotFound) || errors.Is(err, auth.ErrUnknownLogin) || errors.Is(err, auth.ErrKey)
}

// bounds says in the header how the caller stands.
func (c *call) bounds(h http.Header) {
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

func (c *call) asker() store.User {
	if token := c.token(); token != "" {
		u, err := c.prove(c.api.Auth.Known(token), func() (store.User, error) { return c.api.Auth.User(c.ctx, token) })
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
	u, err := c.proveKey(login, key)
	switch {
	case errors.Is(err, auth.ErrUnknownLogin):
		err = statusInvalidLogin
	case errors.Is(err, auth.ErrKey):
		err = statusInvalidAPIKey
	}
	c.fail(err)
	return u
}

func (c *call) proveKey(login, key string) (store.User, error) {
	return c.prove(c.api.Auth.KnownKey(login, key), func() (store.User, error) { return c.api.Auth.UserByKey(c.ctx, login, key) })
}

// maker is who a link is made for: the user of x_login, proven by x_apiKey, where
// an application gives them, else the asker.
func (c *call) maker(asker store.User) store.User {
	login, key := c.query.get("x_login"), c.query.get("x_apiKey")
	if c.err != nil || login == "" && key == "" {
		return asker
	}
	u, err := store.User{}, error(statusInvalidXAPIKey)
	if login != "" && key != "" {
		if u, err = c.proveKey(login, key); wrong(err) {
			err = statusInvalidXAPIKey
		}
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
	_, err := c.proveKey(login, key)
	if wrong(err) {
		valid, err = 0, nil
	}
	return object{{"valid", valid}}, err
}
