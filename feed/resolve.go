package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// resolver gives the clicks of one input their links and users, which it makes
// where the input describes them.
type resolver struct {
	im      *Importer
	known   map[store.ForeignLink]store.Link
	targets map[target]store.Link // no id: there is none
	reject  func(Rejected)
	// late is how many lines were rejected here, and clicks the clicks in them:
	// the scanner counted them as taken.
	late, clicks uint64
}

// maxKnown bounds what a resolver remembers.
const maxKnown = 1 << 17

// resolve makes the users and links that a chunk names, and then its clicks.
// The mark is put right where lines had to be rejected.
func (r *resolver) resolve(ctx context.Context, c *chunk) ([]click.Click, error) {
	if len(r.known)+len(r.targets) > maxKnown {
		clear(r.known)
		clear(r.targets)
	}
	if err := r.makeUsers(ctx, c.users); err != nil {
		return nil, err
	}
	if err := r.makeLinks(ctx, c); err != nil {
		return nil, err
	}
	clicks := make([]click.Click, 0, len(c.entries))
	rejected := uint64(0)
	for i := range c.entries {
		e := &c.entries[i]
		l, err := r.link(ctx, e)
		if err != nil {
			return nil, err
		}
		if l.ID == 0 {
			r.clicks++
			if e.line != rejected {
				rejected = e.line
				r.late++
				r.reject(Rejected{Line: e.line, Reason: fmt.Sprintf("no link %q is here", e.to.name)})
			}
			continue
		}
		cl := e.click
		cl.User, cl.Link = l.User, l.ID
		clicks = append(clicks, cl)
	}
	c.mark.Clicks -= r.clicks
	c.mark.Rejected += r.late
	return clicks, nil
}

func (r *resolver) makeUsers(ctx context.Context, users []store.User) error {
	for _, u := range users {
		made, err := r.im.Users.AddUser(ctx, u.Login, u.Created)
		if errors.Is(err, click.ErrExists) {
			continue // what is said of him here stands
		}
		if err == nil && u.FullName != "" {
			err = r.im.Users.SetFullName(ctx, made.ID, u.FullName)
		}
		if err != nil {
			return fmt.Errorf("import user %q: %w", u.Login, err)
		}
	}
	return nil
}

// makeLinks makes the links that the chunk describes, and those that its clicks
// do.
func (r *resolver) makeLinks(ctx context.Context, c *chunk) error {
	var missing []store.ForeignLink
	for i := range c.links {
		missing = append(missing, c.links[i].foreign()...)
	}
	described := len(missing)
	for i := range c.entries {
		link := c.entries[i].link
		if _, ok := r.known[link]; !ok && link.Hash != "" {
			missing = append(missing, link)
			r.known[link] = store.Link{}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	made, err := r.im.Links.ImportLinks(ctx, missing)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	for i := described; i < len(made); i++ {
		r.known[missing[i]] = made[i]
	}
	if len(c.links) > 0 {
		clear(r.targets) // what was none may be one now
	}
	for i := range c.links {
		if err := c.links[i].describe(ctx, r.im.Links, made[0]); err != nil {
			return fmt.Errorf("import link %q: %w", made[0].Hash, err)
		}
		made = made[len(c.links[i].foreign()):]
	}
	return nil
}

// link is an entry's link; without an id where there is none.
func (r *resolver) link(ctx context.Context, e *entry) (store.Link, error) {
	if e.link.Hash != "" {
		return r.known[e.link], nil
	}
	if l, ok := r.targets[e.to]; ok {
		return l, nil
	}
	l, err := r.im.Links.LinkByName(ctx, e.to.domain, click.Hash(e.to.name))
	if err == nil && e.to.aggregate && l.User != click.Nobody {
		// One hash may name a link and its aggregate link.
		if string(l.AggregateHash) == e.to.name {
			l, err = r.im.Links.LinkByID(ctx, l.Aggregate)
		} else {
			l = store.Link{}
		}
	}
	if errors.Is(err, click.ErrNotFound) {
		l, err = store.Link{}, nil
	}
	if err != nil {
		return store.Link{}, fmt.Errorf("import: %w", err)
	}
	r.targets[e.to] = l
	return l, nil
}
