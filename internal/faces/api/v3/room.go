package v3

import (
	"errors"
	"strconv"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// write has the user write so many bytes, by what, which tells whether it wrote
// any. Who has written too much lately is refused, and everybody where there is no
// room.
func (c *call) write(bytes int, what func() (wrote bool, err error)) error {
	if c.api.Full != nil && c.api.Full() {
		c.retry = retryFull
		return statusUnavailable
	}
	user, limits := strconv.FormatUint(uint64(c.asking), 10), &c.api.Limits
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
	wrote, err := what()
	if err != nil || !wrote {
		limits.Links.GiveBack(user)
		limits.Texts.GiveBackN(user, bytes)
	}
	return err
}

// retryFull is when to try again where there is no room, in seconds.
const retryFull = 60

// link is the user's link of a long URL, which is made where there is none.
func (c *call) link(r links.Request) (link store.Link, made bool, err error) {
	_, err = c.api.Links.Lookup(c.ctx, r.User, r.LongURL)
	if !errors.Is(err, click.ErrNotFound) {
		if err == nil {
			link, made, err = c.api.Links.Shorten(c.ctx, r)
		}
		return link, made, err
	}
	err = c.write(len(r.LongURL)+len(r.Details.Title)+len(r.Details.Note), func() (bool, error) {
		link, made, err = c.api.Links.Shorten(c.ctx, r)
		return made, err
	})
	return link, made, err
}
