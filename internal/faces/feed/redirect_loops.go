package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// checkURL fails for a long URL to which links may not lead.
func checkURL(key, longURL string) error {
	if err := links.CheckForeignURL(longURL); err != nil {
		return fmt.Errorf("%q is %.200q, and links may not lead there: %w", key, longURL, err)
	}
	return nil
}

// redirectLoops finds those new links that would lead back to this installation, at once or
// after their end: to an existing link, to another new link, or to themselves. Existing links stay, and so do
// links to them.
func (r *resolver) redirectLoops(ctx context.Context, made []store.ForeignLink) (reasons map[click.Hash]error, err error) {
	names, domains := map[string]bool{}, map[string]bool{} // of the links to be made
	for i := range made {
		l := &made[i]
		names[string(l.Hash)], names[string(l.Aggregate())] = true, true
		if l.Keyword != "" {
			names[string(l.Keyword)], domains[weburl.Host(l.Domain)] = true, true
		}
	}
	delete(domains, "") // of keywords on every domain
	for d := range domains {
		if !r.domains[d] {
			r.domains[d] = true
			clear(r.strangers) // it is ours by its keywords
		}
	}
	for i := range made {
		l := &made[i]
		to := l.LongURL
		own, err := r.leadsBack(ctx, to, names)
		if err == nil && !own && l.Details.ExpiredURL != "" {
			to = l.Details.ExpiredURL
			own, err = r.leadsBack(ctx, to, names)
		}
		if err != nil {
			return nil, err
		}
		if !own {
			continue
		}
		if here, err := r.im.Links.LinkByName(ctx, "", l.Hash); err == nil && here.Hash == l.Hash && here.LongURL == l.LongURL {
			continue
		} else if err != nil && !errors.Is(err, click.ErrNotFound) {
			return nil, err
		}
		if reasons == nil {
			reasons = map[click.Hash]error{}
		}
		reasons[l.Hash] = fmt.Errorf("the link %.100q leads to %.200q, which is a short link of this installation: a visitor would be redirected in a circle", l.Hash, to)
	}
	return reasons, nil
}

// leadsBack reports whether the URL is a short link of this installation, or will be one
// when links with these names are made.
func (r *resolver) leadsBack(ctx context.Context, longURL string, names map[string]bool) (bool, error) {
	ours, name, err := r.onOwnHost(ctx, longURL)
	if err != nil || !ours || name == "" || links.Reserved(name) {
		return false, err
	}
	if names[name] {
		return true, nil
	}
	return r.im.Names.Own(ctx, longURL, r.im.Host)
}

// onOwnHost reports whether the URL is on a host that has links of ours, or will have
// them, and the name of a link there. Other hosts, which are most, are remembered by their
// spelling.
func (r *resolver) onOwnHost(ctx context.Context, longURL string) (ours bool, name string, err error) {
	_, spelling, _, _ := weburl.Split(longURL)
	if r.strangers[spelling] {
		return false, "", nil
	}
	to := links.Destination(longURL)
	if ours = r.domains[to.Host]; !ours {
		if ours, err = r.im.Names.OnOwnHost(ctx, longURL, r.im.Host); err == nil && !ours {
			r.strangers[spelling] = true
		}
	}
	return ours, to.Name, err
}
