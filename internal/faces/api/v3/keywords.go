package v3

import (
	"errors"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// keyword is the name in the parameter keyword, or empty, and the domain on which it is
// valid: the parameter domain, or every domain if that is empty.
func (c *call) keyword() (name, domain string) {
	if name = c.query.get("keyword"); name == "" {
		return "", ""
	}
	c.fail(links.CheckName(name))
	return name, c.query.get("domain")
}

// userSaveCustomDomainKeyword is user/save_custom_domain_keyword: it gives a link of the
// user a name on a domain. The target may be a long URL, of which the user has a link or
// gets one.
func (a *API) userSaveCustomDomainKeyword(c *call) (any, error) {
	user := c.authUser()
	n, domain := c.keywordLink()
	target := c.required("target_link")
	n.Overwrite = c.bool("overwrite", false)
	if err := c.endParams(); err != nil {
		return nil, err
	}
	l, err := c.target(user, target)
	if err == nil {
		err = c.write(len(n.Name), func() (bool, error) { return true, a.Links.Name(c.ctx, l, n) })
	}
	if errors.Is(err, links.ErrName) {
		err = invalid("keyword_link")
	}
	if err != nil {
		return nil, err
	}
	return object{
		{"keyword_link", a.Links.ShortURL(domain, click.Hash(n.Name))},
		{"target_link", a.Links.ShortURL(domain, l.Hash)},
	}, nil
}

// keywordLink is the name in the parameter keyword_link, and the domain of its short URL:
// a short URL on one of our domains, or a name alone, which is valid on every domain.
func (c *call) keywordLink() (n links.Naming, domain string) {
	written := c.required("keyword_link")
	p, ok := links.ParsePlace(written)
	if c.err == nil && (!ok || links.CheckName(p.Name) != nil) {
		c.fail(invalid("keyword_link"))
	}
	n = links.Naming{Name: p.Name, Host: c.host}
	if p.Host != "" {
		rest := strings.TrimSpace(written)
		if _, after, ok := weburl.CutScheme(rest); ok {
			rest = after
		}
		n.Domain, _, _ = strings.Cut(rest, "/")
	}
	domain, err := c.api.Links.Domain(n.Domain, c.host)
	if errors.Is(err, links.ErrDomain) {
		err = invalid("keyword_link")
	}
	c.fail(err)
	return n, domain
}

// target is the user's link that is named: a short URL, the link of the user with its long
// URL if it is an aggregate link, or a long URL.
func (c *call) target(user store.User, written string) (store.Link, error) {
	l, err := c.api.Links.Find(c.ctx, written, c.host)
	switch {
	case err == nil && l.User == user.ID:
		return l, nil
	case err == nil && l.User == click.Nobody:
		return c.api.Links.Lookup(c.ctx, user.ID, l.LongURL)
	case err == nil:
		return store.Link{}, click.ErrNotFound
	case !errors.Is(err, click.ErrNotFound):
		return store.Link{}, err
	}
	l, _, err = c.makeLink(links.Request{User: user.ID, LongURL: onceEncoded(written), Host: c.host})
	if errors.Is(err, links.ErrURL) || errors.Is(err, links.ErrOwnLink) {
		err = click.ErrNotFound
	}
	return l, err
}
