package feed

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/plain"
	"github.com/footfall/footfall/store"
)

// describedUser is a user as a line describes him.
type describedUser struct {
	store.User
	line uint64
}

// namedLink is a link as a line describes it.
type namedLink struct {
	store.ForeignLink // without a keyword
	keywords          []store.Keyword
	line              uint64
}

// describe gives a link that was here its details where nobody has said any of it.
func (n *namedLink) describe(ctx context.Context, links store.Links, l store.Link) error {
	plain := store.LinkDetails{UserTS: l.Created}
	if l.LinkDetails != plain || l.Modified != l.Created || n.Details == plain && n.Modified == l.Created {
		return nil
	}
	d := n.Details
	_, err := links.EditLink(ctx, l.ID, store.LinkEdit{
		Title: &d.Title, Note: &d.Note, Private: &d.Private, Archived: &d.Archived, UserTS: &d.UserTS, Modified: n.Modified,
	})
	return err
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

// inOrder cuts links so that ids that follow the hashes in each part follow the
// lines in all of them, where it shows: a user's links of one user_ts are listed
// by their ids, and a store gives those of one call in what order it likes.
func inOrder(links []namedLink) iter.Seq[[]namedLink] {
	type place struct {
		login  string
		userTS int64
	}
	return func(yield func([]namedLink) bool) {
		from, last := 0, map[place]click.Hash{}
		for i := range links {
			p := place{links[i].Login, links[i].Details.UserTS}
			if before, ok := last[p]; ok && before > links[i].Hash {
				if !yield(links[from:i]) {
					return
				}
				from = i
				clear(last)
			}
			last[p] = links[i].Hash
		}
		if from < len(links) {
			yield(links[from:])
		}
	}
}

// describeLinks makes the links that lines describe, and rejects the lines that
// say what cannot be, for a name is another link's here.
func (r *resolver) describeLinks(ctx context.Context, c *chunk, reject func(Rejected)) error {
	if len(c.links) > 0 {
		clear(r.targets) // what was none may be one now
	}
	if err := r.refuseCircular(ctx, c, reject); err != nil {
		return err
	}
	for some := range inOrder(c.links) {
		foreign := make([]store.ForeignLink, len(some))
		for i := range some {
			foreign[i] = some[i].ForeignLink
		}
		made, err := r.importLinks(ctx, foreign)
		if err != nil {
			return fmt.Errorf("import links: %w", err)
		}
		reasons := make([]string, len(some))
		var named []store.ForeignLink
		for i := range some {
			n, l := &some[i], made[i]
			login, err := r.login(ctx, l.User)
			if err == nil && (login != n.Login || l.LongURL != n.LongURL) {
				reasons[i] = fmt.Sprintf("the hash %.100q is another link's here, which is of %.100s and leads to %.200s", n.Hash, plain.Text(login), plain.Text(l.LongURL))
				continue
			}
			if err == nil {
				err = n.describe(ctx, r.im.Links, l)
			}
			if err != nil {
				return fmt.Errorf("import link %q: %w", n.Hash, err)
			}
			named = append(named, n.named()...)
		}
		// Only now: a line that was rejected must leave no keywords.
		if len(named) > 0 {
			if _, err := r.importLinks(ctx, named); err != nil {
				return fmt.Errorf("import keywords: %w", err)
			}
		}
		for i := range some {
			if reasons[i] == "" {
				if reasons[i], err = r.missed(ctx, &some[i], made[i]); err != nil {
					return fmt.Errorf("import link %q: %w", some[i].Hash, err)
				}
			}
			if reasons[i] != "" {
				c.rejectLink(&some[i], reasons[i], reject)
			}
		}
	}
	return nil
}

// rejectLink rejects the line that describes a link, which was counted as taken.
func (c *chunk) rejectLink(n *namedLink, reason string, reject func(Rejected)) {
	c.sum.lines-- // reject counts it again
	c.sum.skipped--
	c.sum.links--
	c.reject(n.line)
	reject(Rejected{Line: n.line, Reason: reason})
}

// refuseCircular rejects the lines whose link would lead back here.
func (r *resolver) refuseCircular(ctx context.Context, c *chunk, reject func(Rejected)) error {
	var all []store.ForeignLink
	for i := range c.links {
		all = append(append(all, c.links[i].ForeignLink), c.links[i].named()...)
	}
	reasons, err := r.circular(ctx, all)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	c.links = slices.DeleteFunc(c.links, func(n namedLink) bool {
		reason := reasons[n.Hash]
		if reason != "" {
			c.rejectLink(&n, reason, reject)
		}
		return reason != ""
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

// missed says which keyword of a line another link has.
func (r *resolver) missed(ctx context.Context, n *namedLink, l store.Link) (reason string, err error) {
	for _, k := range n.keywords {
		has, err := r.im.Links.LinkByName(ctx, k.Domain, k.Keyword)
		if err != nil {
			return "", err
		}
		if has.ID != l.ID {
			return fmt.Sprintf("the keyword %.100q on %.100s is that of the link %.100s here; the rest of the line is taken", k.Keyword, plain.Text(k.Domain), plain.Text(string(has.Hash))), nil
		}
	}
	return "", nil
}
