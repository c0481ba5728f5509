package v3

import (
	"cmp"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// userDestinationChanges is user/destination_changes: when links of the user were given
// another destination, newest first. It is ours.
func (a *API) userDestinationChanges(c *call) (any, error) {
	user := c.authUser()
	named := c.query.all("link")
	if len(named) == 0 {
		c.fail(missing("link"))
	}
	if len(named) > maxNamedLinks {
		c.fail(invalid("link"))
	}
	zone := c.zone()
	limit := c.entries()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	list := []destinationChange{}
	for _, written := range named {
		l, err := a.Links.Find(c.ctx, written, c.host)
		if err != nil {
			return nil, err
		}
		if l.User != user.ID {
			return nil, click.ErrNotFound
		}
		versions, err := a.Store.Versions(c.ctx, l.ID)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(versions, func(x, y store.Version) int { return cmp.Compare(x.Number, y.Number) })
		for i := len(versions) - 1; i > 0; i-- { // two may be of one second
			list = append(list, destinationChange{versions[i].Since, c.shortURL(l.Hash), versions[i-1].LongURL, versions[i].LongURL})
		}
	}
	slices.SortStableFunc(list, func(x, y destinationChange) int { return cmp.Compare(y.At, x.At) })
	list = list[:min(len(list), limit)]
	return withList(c, zone, list, object{{"destination_changes", list}}), nil
}

type destinationChange struct {
	At   int64  `json:"at"`
	Link string `json:"link"`
	From string `json:"from"`
	To   string `json:"to"`
}

func (e destinationChange) row() object {
	return object{{"date", moment(e.At)}, {"link", e.Link}, {"from", e.From}, {"to", e.To}}
}
