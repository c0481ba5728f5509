package v3

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// A question is expensive if it takes long or needs much memory. That depends on how
// much there is to read and not on the method: most questions of every method are
// cheap, and never wait. An expensive one takes a seat before it continues. The number of
// seats is set in internal/ops/server/limits.go. Which questions about links are expensive
// is decided here, and which sums of clicks, in internal/storage/pebble/sum.go.
const (
	// A search is expensive for a user with more links than manySearched, and a
	// list without a search for a user with more than manyListed. Each takes a few
	// ms there.
	manySearched, manyListed = 1000, 10_000
	// manyOfURL is the number of links of one long URL that makes a question about all of
	// them expensive.
	manyOfURL = 1000
	// manyTagged is the same for the links of a user with one tag.
	manyTagged = 1000
	// manyPoints is the number of units, times links, that makes a series expensive.
	manyPoints = 20_000
	// manyLookups bounds the long URLs that a cheap call looks up.
	manyLookups = 200

	// givenUpEvery is the interval between two log lines about questions that
	// were given up.
	givenUpEvery = time.Minute
	// retryBusy is the Retry-After of questions that were given up, in seconds.
	retryBusy = 5
)

// takeSeat takes a seat for the call, unless it has one. The call releases it at its
// end.
func (c *call) takeSeat(ctx context.Context) error {
	if c.leave != nil {
		return nil
	}
	leave, err := c.api.Seats.Take(ctx, userKey(c.asking))
	if err == nil {
		c.leave = leave
	}
	return err
}

// userKey is the key of a user in limiters and seats.
func userKey(u click.UserID) string { return strconv.FormatUint(uint64(u), 10) }

// seatForLinks takes a seat if it is expensive to list the links of the user, or to search
// them.
func (c *call) seatForLinks(user click.UserID, search bool) error {
	many := manyListed
	if search {
		many = manySearched
	}
	more, err := c.api.Store.MoreLinks(c.ctx, user, many)
	if err != nil || !more {
		return err
	}
	return c.takeSeat(c.ctx)
}

// seatForSeries takes a seat if a series has many units, or is about many links.
func (c *call) seatForSeries(of metrics.Subject, w windowParams) error {
	units := w.Units
	switch {
	case w.From > 0:
		units = w.Zone.Count(w.Unit, w.From, w.Reference)
	case units == metrics.AllTime && w.Unit == calendar.Hour:
		units = w.limit // there may be so many
	case units == metrics.AllTime:
		return nil // days since 1980
	}
	if min(units, w.limit)*max(len(of), 1) <= manyPoints {
		return nil
	}
	return c.takeSeat(c.ctx)
}

// linksOfURL is all links and aggregate links of a long URL. It takes a seat if there
// are many.
func (c *call) linksOfURL(longURL string) ([]store.Link, error) {
	all, err := c.api.Store.LinksOfURL(c.ctx, longURL)
	if err == nil && len(all) > manyOfURL {
		err = c.takeSeat(c.ctx)
	}
	return all, err
}

// errBusy is the answer to a question that was given up. It is logged as givenUp and
// not as a fault.
var errBusy = fmt.Errorf("given up: %w", envelope.Unavailable)

// givenUp is a question that got no seat or took too long.
type givenUp struct {
	user click.UserID
	path string
	err  error
}

// orGivenUp is the error of the call; errBusy if it was given up.
func (c *call) orGivenUp() error {
	late := c.err != nil && c.request.Context().Err() == nil && errors.Is(c.ctx.Err(), context.DeadlineExceeded)
	if !late && !errors.Is(c.err, throttle.ErrBusy) {
		return c.err
	}
	c.api.givenUp.Note(givenUp{c.asking, c.request.URL.Path, c.err})
	c.retry = retryBusy
	return errBusy
}
