package v3

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/storage/store"
)

// A question is dear where it takes long or holds much. That shows by what there
// is to read, not by the method: most questions of every method are not, and
// never wait. One that is takes a seat before it goes on.
const (
	// manySearched and manyListed are how many links a user has before a search,
	// and a list without one, are dear. Either takes some ms.
	manySearched, manyListed = 1000, 10_000
	// manyOfURL is how many links of one long URL make a question about all of
	// them dear.
	manyOfURL = 1000
	// manyLookups is how many long URLs one call may look up before it is dear.
	manyLookups = 200

	// givenUpEvery is the interval between two log lines about questions that
	// were given up. Each user can cause many of them.
	givenUpEvery = time.Minute
	// retryBusy is when to try again, in seconds.
	retryBusy = 5
)

// dear takes a seat for the call, unless it has one. The call gives it back when
// it is over.
func (c *call) dear(ctx context.Context) error {
	if c.leave != nil {
		return nil
	}
	leave, err := c.api.Dear.Take(ctx, strconv.FormatUint(uint64(c.asking), 10))
	if err == nil {
		c.leave = leave
	}
	return err
}

// dearLinks is dear where the user has so many links that to list them is.
func (c *call) dearLinks(user click.UserID, search bool) error {
	many := manyListed
	if search {
		many = manySearched
	}
	more, err := c.api.Store.MoreLinks(c.ctx, user, many)
	if err != nil || !more {
		return err
	}
	return c.dear(c.ctx)
}

// linksOfURL is every link of the long URL, the aggregate links among them.
func (c *call) linksOfURL(longURL string) ([]store.Link, error) {
	all, err := c.api.Store.LinksOfURL(c.ctx, longURL)
	if err == nil && len(all) > manyOfURL {
		err = c.dear(c.ctx)
	}
	return all, err
}

// errBusy is the answer to questions that were given up. It is no fault of ours,
// and not logged as one.
var errBusy error = statusUnavailable

// givenUp is a question that found no seat, or took too long.
type givenUp struct {
	user click.UserID
	path string
	err  error
}

// orGivenUp is the call's error; errBusy if the call was given up.
func (c *call) orGivenUp() error {
	late := c.err != nil && c.request.Context().Err() == nil && errors.Is(c.ctx.Err(), context.DeadlineExceeded)
	if !late && !errors.Is(c.err, throttle.ErrBusy) {
		return c.err
	}
	c.api.givenUp.Note(givenUp{c.asking, c.request.URL.Path, c.err})
	c.retry = retryBusy
	return errBusy
}
