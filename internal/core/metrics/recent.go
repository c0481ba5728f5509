package metrics

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/footfall/footfall/internal/base/cache"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// RecentAge is the longest time for which Recent uses an answer again.
	RecentAge = time.Second
	// recentTimeout bounds the time that the counts take to answer.
	recentTimeout = 500 * time.Millisecond
	// recentLinks is the number of answers that Recent remembers.
	recentLinks = 10_000
)

// Recent says how many clicks links have, for callers that ask at each visit. It is safe for
// concurrent use.
type Recent struct {
	counts  Counts
	now     func() time.Time
	flights singleflight.Group
	known   *cache.Answers[click.LinkID, uint64]
}

// NewRecent returns a Recent of the counts, with the clock of the answers' age.
func NewRecent(counts Counts, now func() time.Time) *Recent {
	return &Recent{counts: counts, now: now, known: cache.New(cache.Options[click.LinkID, uint64]{Entries: recentLinks, Age: RecentAge})}
}

// Clicks returns the clicks on a link by people, of all time, as they were counted up to
// RecentAge ago. If the counts do not answer within half a second, it returns the last
// answer, of any age; without one it fails.
func (r *Recent) Clicks(ctx context.Context, user click.UserID, link click.LinkID) (uint64, error) {
	clicks, fresh, generation := r.known.Get(link, r.now())
	if fresh {
		return clicks, nil
	}
	// A caller that leaves does not cancel the question: others may wait for the answer.
	shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), recentTimeout)
	defer cancel()
	flight := r.flights.DoChan(strconv.FormatUint(uint64(link), 10), func() (any, error) {
		asked := r.now()
		counts, err := r.counts.Counts(shared, store.Query{
			Scope: rollup.Scope{User: user, Link: link}, Facet: rollup.All,
			Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()},
		})
		if err != nil {
			return nil, err
		}
		total := uint64(0)
		for _, c := range counts {
			total += c.Clicks
		}
		r.known.Add(link, total, asked, generation)
		return total, nil
	})
	var err error
	select {
	case answer := <-flight:
		if total, ok := answer.Val.(uint64); ok {
			return total, nil
		}
		err = answer.Err
	case <-shared.Done():
		err = shared.Err()
	}
	if r.known.Has(link) {
		return clicks, nil
	}
	return 0, fmt.Errorf("recent clicks of link %d: %w", link, err)
}
