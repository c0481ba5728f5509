package v3

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// shorten is shorten: the user's short link of a long URL. It makes one if there is
// none.
func (a *API) shorten(c *call) (any, error) {
	user := c.linkOwner(c.authUser())
	r := c.longURL(user, "longUrl", "uri")
	domain := c.shortDomain()
	r.Name, r.Domain = c.keyword()
	r.Details.Tags, r.Details.Expires = c.tags(), c.expires()
	if err := c.endParamsWithText(true); err != nil {
		return nil, err
	}
	link, made, err := c.makeLink(r)
	if err != nil {
		return nil, err
	}
	short := a.Links.ShortURL(domain, cmp.Or(click.Hash(r.Name), link.Hash))
	return textData{object{
		{"long_url", link.LongURL},
		{"url", short},
		{"hash", link.Hash},
		{"global_hash", link.AggregateHash},
		{"new_hash", oneOrZero(made)},
	}, short}, nil
}

// userLinkSave is user/link_save: shorten, with details. If the user has a link of the
// long URL, it does not change the link.
func (a *API) userLinkSave(c *call) (any, error) {
	user := c.authUser()
	r := c.longURL(user, "longUrl")
	if errors.Is(c.err, links.ErrURL) {
		c.err = invalid("longUrl")
	}
	r.Details = store.LinkDetails{
		Title: c.text("title"), Note: c.text("note"), Private: c.bool("private", false), UserTS: c.timestamp("user_ts", argument.LastOfDay),
		Tags: c.tags(), Expires: c.expires(),
	}
	domain := c.shortDomain()
	r.Name, r.Domain = c.keyword()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	link, made, err := c.makeLink(r)
	if err != nil {
		return nil, err
	}
	if !made {
		err = statusLinkExists
	}
	return object{{"link_save", object{
		{"link", a.Links.ShortURL(domain, cmp.Or(click.Hash(r.Name), link.Hash))},
		{"aggregate_link", a.Links.ShortURL(domain, link.AggregateHash)},
		{"long_url", link.LongURL},
		{"new_link", oneOrZero(made)},
	}}}, err
}

// longURL is the request for a short link of the long URL in the first of the
// parameters that is given.
func (c *call) longURL(user store.User, names ...string) links.Request {
	r := links.Request{User: user.ID, LongURL: onceEncoded(c.query.get(names...)), Host: c.host}
	if r.LongURL == "" {
		c.fail(missing(names[0]))
	}
	if c.err == nil {
		c.fail(c.api.Links.Check(c.ctx, r))
	}
	return r
}

// onceEncoded decodes a URL that was escaped twice: without one of the escapes it
// begins with http%3A.
func onceEncoded(s string) string {
	if start := strings.ToLower(s[:min(len(s), len("https%3a"))]); !strings.HasPrefix(start, "http%3a") && start != "https%3a" {
		return s
	}
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// shortDomain is the domain of the short URL in the answer.
func (c *call) shortDomain() string {
	domain, err := c.api.Links.Domain(c.query.get("domain"), c.host)
	c.fail(err)
	return domain
}

// oneOrZero is a boolean in some places of the dialect.
func oneOrZero(b bool) int {
	if b {
		return 1
	}
	return 0
}

// retryFull is the Retry-After if the disk is full, in seconds.
const retryFull = 60

// errDiskFull is the answer to a call that would write while the disk is full. It is not
// logged as a fault (see Options.Full).
var errDiskFull = fmt.Errorf("the disk is full: %w", envelope.Unavailable)

// write calls do, unless the user has written too much lately or the disk is full. do
// writes up to that number of bytes, and reports whether it wrote anything.
func (c *call) write(bytes int, do func() (wrote bool, err error)) error {
	if c.api.Full != nil && c.api.Full() {
		c.retry = retryFull
		return errDiskFull
	}
	user, limits := userKey(c.asking), &c.api.Limits
	taken := limits.Links.Take(user)
	if taken.OK {
		if taken = limits.Texts.TakeN(user, bytes); !taken.OK {
			limits.Links.GiveBack(user)
		}
	}
	if !taken.OK {
		c.taken = taken
		return statusLimitExceeded
	}
	wrote, err := do()
	if err != nil || !wrote {
		limits.Links.GiveBack(user)
		limits.Texts.GiveBackN(user, bytes)
	}
	return err
}

// makeLink is the user's link of a long URL, and whether it was made now.
func (c *call) makeLink(r links.Request) (link store.Link, made bool, err error) {
	_, err = c.api.Links.Lookup(c.ctx, r.User, r.LongURL)
	known := err == nil
	if err != nil && !errors.Is(err, click.ErrNotFound) {
		return link, false, err
	}
	if known && r.Name == "" {
		return c.api.Links.Shorten(c.ctx, r)
	}
	bytes := len(r.Name)
	if !known {
		bytes += len(r.LongURL) + len(r.Details.Title) + len(r.Details.Note)
	}
	err = c.write(bytes, func() (bool, error) {
		link, made, err = c.api.Links.Shorten(c.ctx, r)
		return made || r.Name != "", err
	})
	return link, made, err
}
