package v3

import (
	"cmp"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// linkEncoders is link/encoders: the users who have a link of the same long URL, the
// oldest link first.
func (a *API) linkEncoders(c *call) (any, error) {
	of, limit, err := a.encoders(c, true)
	if err != nil {
		return nil, err
	}
	list := make([]encoder, 0, limit)
	for _, l := range of.links[:min(len(of.links), limit)] {
		e, err := c.encoder(l)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return object{of.aggregate, {"entries", list}}, nil
}

// linkEncodersByCount is link/encoders_by_count: the same users, the link with most
// clicks first.
func (a *API) linkEncodersByCount(c *call) (any, error) {
	of, limit, err := a.encoders(c, true)
	if err != nil {
		return nil, err
	}
	counts := make(map[click.LinkID]uint64, len(of.links))
	for _, l := range of.links {
		counts[l.ID], err = a.Clicks.Total(c.ctx, metrics.Subject{{User: l.User, Link: l.ID}}, c.allTime())
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(of.links, func(a, b store.Link) int {
		return cmp.Or(cmp.Compare(counts[b.ID], counts[a.ID]), cmp.Compare(c.shortURL(a.Hash), c.shortURL(b.Hash)))
	})
	list := make([]encoderByCount, 0, limit)
	for _, l := range of.links[:min(len(of.links), limit)] {
		e, err := c.encoder(l)
		if err != nil {
			return nil, err
		}
		list = append(list, encoderByCount{counts[l.ID], e})
	}
	// Some clients read the one key and some the other.
	return object{of.aggregate, {"encoders_by_count", list}, {"entries", list}}, nil
}

// linkEncodersCount is link/encoders_count: the number of these users.
func (a *API) linkEncodersCount(c *call) (any, error) {
	of, _, err := a.encoders(c, false)
	return object{{"count", len(of.links)}, of.aggregate}, err
}

type encoder struct {
	Link string `json:"link"`
	User string `json:"user"`
	TS   int64  `json:"ts"`
}

type encoderByCount struct {
	Count uint64 `json:"count"`
	encoder
}

func (c *call) encoder(l store.Link) (encoder, error) {
	login, err := c.login(l.User)
	return encoder{c.shortURL(l.Hash), login, l.Created}, err
}

// encoded is the oldest link of each user who has one of the same long URL, oldest
// first, without private links of others.
type encoded struct {
	links     []store.Link
	aggregate field
}

func (a *API) encoders(c *call, takesLimit bool) (of encoded, limit int, err error) {
	user := c.authUser()
	written := c.required("link")
	if takesLimit {
		limit = c.limit(defaultEncoders, maxEntries)
	}
	if err := c.endParams(); err != nil {
		return encoded{}, 0, err
	}
	link, err := c.find(user, written)
	if err != nil {
		return encoded{}, 0, err
	}
	all, err := c.linksOfURL(link.LongURL)
	seen := map[click.UserID]bool{click.Nobody: true} // aggregate links have no user
	for _, l := range store.Visible(all, user.ID) {
		if !seen[l.User] {
			seen[l.User] = true
			of.links = append(of.links, l)
		}
	}
	of.aggregate = field{"aggregate_link", c.shortURL(link.AggregateHash)}
	return of, limit, err
}
