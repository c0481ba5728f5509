package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// resolver finds the links and users of the clicks of one input. It makes those that the
// input describes.
type resolver struct {
	im      *Importer
	known   map[store.ForeignLink]store.Link
	targets map[target]store.Link // without an id if there is none
	logins  map[click.UserID]string
	noLink  uint64 // lines rejected because their link does not exist
	gone    *gone
	changes uint64 // of im.changes, when it forgot last
	// refused are links that clicks describe and that are not made, with the reason.
	refused map[store.ForeignLink]error
	// domains are the domains of keywords of this input, and strangers the hosts of
	// long URLs that have no links of ours.
	domains, strangers map[string]bool
}

func newResolver(im *Importer, gone *gone) resolver {
	return resolver{
		im: im, gone: gone, known: map[store.ForeignLink]store.Link{}, targets: map[target]store.Link{}, logins: map[click.UserID]string{},
		refused: map[store.ForeignLink]error{}, domains: map[string]bool{}, strangers: map[string]bool{},
	}
}

// maxKnown bounds the answers that a resolver remembers.
const maxKnown = 1 << 17

// resolve makes the users and links that a chunk describes, and then its clicks. Lines
// that must be rejected because of existing users and links join the other rejected lines
// of the chunk.
func (r *resolver) resolve(ctx context.Context, c *chunk, reject func(Rejected)) ([]click.Click, error) {
	if len(r.known)+len(r.targets)+len(r.logins)+len(r.refused)+len(r.domains)+len(r.strangers) > maxKnown {
		r.forget()
	}
	r.forgetGone()
	defer func() { slices.Sort(c.waiting) }()
	r.rejectGone(c, reject)
	if err := r.makeUsers(ctx, c.users); err != nil {
		return nil, err
	}
	if err := r.describeLinks(ctx, c, reject); err != nil {
		return nil, err
	}
	if err := r.makeLinks(ctx, c.entries); err != nil {
		return nil, err
	}
	clicks := make([]click.Click, 0, len(c.entries))
	last := uint64(0) // the line that was rejected last
	for i := range c.entries {
		e := &c.entries[i]
		l, err := r.link(ctx, e)
		if err != nil {
			return nil, err
		}
		if l.ID == 0 {
			c.sum.clicks--
			if e.line != last {
				last = e.line
				c.sum.lines-- // reject counts it again
				c.reject(e.line)
				reason := r.refused[e.link]
				if reason == nil {
					r.noLink++
					reason = fmt.Errorf("there is no link %.100q", e.to.Name)
				}
				reject(rejected(e.line, reason))
			}
			continue
		}
		cl := e.click
		cl.User, cl.Link = l.User, l.ID
		clicks = append(clicks, cl)
	}
	return clicks, nil
}

func (r *resolver) forget() {
	clear(r.known)
	clear(r.refused)
	clear(r.domains)
	clear(r.strangers)
	clear(r.targets)
	clear(r.logins)
}

func (r *resolver) makeUsers(ctx context.Context, users []describedUser) error {
	if len(users) == 0 {
		return nil
	}
	foreign := make([]store.ForeignUser, len(users))
	for i := range users {
		foreign[i] = users[i].ForeignUser
	}
	return r.im.Users.ImportUsers(ctx, foreign)
}

// makeLinks makes the links that clicks describe.
func (r *resolver) makeLinks(ctx context.Context, entries []entry) error {
	var missing []store.ForeignLink
	for i := range entries {
		link := entries[i].link
		if _, ok := r.known[link]; ok || link.Hash == "" {
			continue
		}
		r.known[link] = store.Link{}
		if reason := r.gone.link(&link); reason != nil {
			r.refused[link] = reason
			continue
		}
		missing = append(missing, link)
	}
	reasons, err := r.redirectLoops(ctx, missing)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	missing = slices.DeleteFunc(missing, func(l store.ForeignLink) bool {
		reason := reasons[l.Hash]
		if reason != nil {
			r.refused[l] = reason
		}
		return reason != nil
	})
	if len(missing) == 0 {
		return nil
	}
	made, err := r.importLinks(ctx, missing)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	for i := range missing {
		r.known[missing[i]] = made[i]
	}
	return nil
}

// maxTogether is the number of links that are made in one transaction. Others who make links
// wait for one: from a tenth of a second to a quarter, with titles and tags. Each page of an index that changes is written once
// for each transaction, so smaller ones cost more.
const maxTogether = 4000

// importLinks makes links. Visitors find them at once. After an error some may exist.
func (r *resolver) importLinks(ctx context.Context, links []store.ForeignLink) ([]store.Link, error) {
	all := make([]store.Link, 0, len(links))
	for some := range slices.Chunk(links, maxTogether) {
		made, err := r.im.Links.ImportLinks(ctx, some)
		r.im.Names.ForgetImported(some...)
		if err != nil {
			return nil, err
		}
		all = append(all, made...)
	}
	return all, nil
}

// link is the link of an entry; without an id if there is none.
func (r *resolver) link(ctx context.Context, e *entry) (store.Link, error) {
	if e.link.Hash != "" {
		return r.known[e.link], nil
	}
	if l, ok := r.targets[e.to]; ok {
		return l, nil
	}
	l, name, err := r.im.Names.Named(ctx, e.to.Place)
	if err == nil && e.to.aggregate && l.User != click.Nobody {
		// One hash may name a link and its aggregate link.
		if l.AggregateHash == name {
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
