package feed

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/storage/store"
)

// describedUser is a user as a line describes them.
type describedUser struct {
	store.ForeignUser
	line uint64
}

// namedLink is a link as a line describes it.
type namedLink struct {
	store.ForeignLink // without a keyword
	keywords          []store.Keyword
	line              uint64
}

// named is the link once for each of its keywords.
func (n *namedLink) named() []store.ForeignLink {
	links := make([]store.ForeignLink, len(n.keywords))
	for i, k := range n.keywords {
		links[i] = n.ForeignLink
		links[i].Domain, links[i].Keyword = k.Domain, k.Keyword
	}
	return links
}

// describeLinks makes the links that lines describe, and rejects lines with a name that
// belongs to another link here.
func (r *resolver) describeLinks(ctx context.Context, c *chunk, reject func(Rejected)) error {
	if len(c.links) > 0 {
		clear(r.targets) // unknown links may exist now
	}
	if err := r.rejectRedirectLoops(ctx, c, reject); err != nil {
		return err
	}
	if len(c.links) == 0 {
		return nil
	}
	foreign := make([]store.ForeignLink, len(c.links))
	for i := range c.links {
		foreign[i] = c.links[i].ForeignLink
	}
	made, err := r.importLinks(ctx, foreign)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	if err := r.learnLogins(ctx, made); err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	reasons := make([]error, len(c.links))
	var named []store.ForeignLink
	for i := range c.links {
		n, l := &c.links[i], made[i]
		login, err := r.login(ctx, l.User)
		if err != nil {
			return fmt.Errorf("import link %q: %w", n.Hash, err)
		}
		same := login == n.Login && l.LongURL == n.LongURL
		if login == n.Login && !same {
			if same, err = r.led(ctx, l.ID, n.LongURL); err != nil {
				return fmt.Errorf("import link %q: %w", n.Hash, err)
			}
		}
		if !same {
			reasons[i] = fmt.Errorf("the hash %.100q belongs to another link here, of %.100s, which leads to %.200s", n.Hash, plain.Text(login), plain.Text(l.LongURL))
			continue
		}
		named = append(named, n.named()...)
	}
	// Not before: a line that is rejected must leave no keywords.
	if len(named) > 0 {
		if _, err := r.importLinks(ctx, named); err != nil {
			return fmt.Errorf("import keywords: %w", err)
		}
	}
	for i := range c.links {
		n := &c.links[i]
		if reasons[i] == nil {
			if reasons[i], err = r.missed(ctx, n, made[i]); err != nil {
				return fmt.Errorf("import link %q: %w", n.Hash, err)
			}
		}
		if reasons[i] != nil {
			c.rejectLink(n, reasons[i], reject)
		}
	}
	return nil
}

// led reports whether the link has led to the long URL: then a line that was exported before
// it was changed describes it.
func (r *resolver) led(ctx context.Context, id click.LinkID, longURL string) (bool, error) {
	versions, err := r.im.Links.Versions(ctx, id)
	return slices.ContainsFunc(versions, func(v store.Version) bool { return v.LongURL == longURL }), err
}

// rejectLink rejects a line that describes a link and was counted as taken.
func (c *chunk) rejectLink(n *namedLink, reason error, reject func(Rejected)) {
	c.sum.lines-- // reject counts it again
	c.sum.skipped--
	c.sum.links--
	c.reject(n.line)
	reject(rejected(n.line, reason))
}

// rejectRedirectLoops rejects lines whose link would lead back here.
func (r *resolver) rejectRedirectLoops(ctx context.Context, c *chunk, reject func(Rejected)) error {
	var all []store.ForeignLink
	for i := range c.links {
		all = append(append(all, c.links[i].ForeignLink), c.links[i].named()...)
	}
	reasons, err := r.redirectLoops(ctx, all)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	c.links = slices.DeleteFunc(c.links, func(n namedLink) bool {
		reason := reasons[n.Hash]
		if reason != nil {
			c.rejectLink(&n, reason, reject)
		}
		return reason != nil
	})
	return nil
}

func (r *resolver) login(ctx context.Context, id click.UserID) (string, error) {
	if login, known := r.logins[id]; known {
		return login, nil
	}
	u, err := r.im.Users.UserByID(ctx, id)
	if err == nil {
		r.logins[id] = u.Login
	}
	return u.Login, err
}

// learnLogins looks up the owners of links together.
func (r *resolver) learnLogins(ctx context.Context, links []store.Link) error {
	var ids []click.UserID
	for i := range links {
		id := links[i].User
		if _, known := r.logins[id]; !known {
			r.logins[id] = ""
			ids = append(ids, id)
		}
	}
	logins, err := r.im.Users.Logins(ctx, ids)
	for i, id := range ids {
		if err == nil && logins[i] != "" {
			r.logins[id] = logins[i]
		} else {
			delete(r.logins, id) // login asks for it, and says why it is not there
		}
	}
	return err
}

// missed is the reason if a keyword of the line belongs to another link.
func (r *resolver) missed(ctx context.Context, n *namedLink, l store.Link) (reason, err error) {
	for _, k := range n.keywords {
		has, err := r.im.Links.LinkByName(ctx, k.Domain, k.Keyword)
		if err != nil {
			return nil, err
		}
		if has.ID != l.ID {
			return fmt.Errorf("the keyword %.100q on %.100s belongs to the link %.100s here; the rest of the line is taken",
				k.Keyword, plain.Text(cmp.Or(k.Domain, "every domain")), plain.Text(string(has.Hash))), nil
		}
	}
	return nil, nil
}
