package metrics_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// growing has one click more at each question.
type growing struct {
	asked uint64
	fails error
	takes time.Duration
}

func (g *growing) Counts(ctx context.Context, q store.Query) ([]store.Count, error) {
	if q.Scope != (rollup.Scope{User: 2, Link: 3}) || q.Facet != rollup.All {
		return nil, errors.New("not the clicks of the link")
	}
	select {
	case <-time.After(g.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	g.asked++
	return []store.Count{{Clicks: g.asked}}, g.fails
}

func (g *growing) First(context.Context, rollup.Scope, rollup.Facet) (int64, bool, error) {
	return 0, false, errors.ErrUnsupported
}

func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := new(growing)
		r := metrics.NewRecent(g, time.Now)
		clicks := func(want uint64, fails bool) {
			t.Helper()
			got, err := r.Clicks(t.Context(), 2, click.LinkID(3))
			if got != want || (err != nil) != fails {
				t.Errorf("%d clicks, %v; want %d, failure %t", got, err, want, fails)
			}
		}
		g.fails = errors.New("away")
		clicks(0, true)
		g.fails = nil
		clicks(2, false)
		time.Sleep(metrics.RecentAge - time.Nanosecond)
		clicks(2, false)
		time.Sleep(time.Nanosecond)
		clicks(3, false)
		// Old answers are used while the counts fail, or take too long.
		time.Sleep(time.Hour)
		g.fails = errors.New("away")
		clicks(3, false)
		g.fails, g.takes = nil, time.Second
		began := time.Now()
		clicks(3, false)
		if waited := time.Since(began); waited != 500*time.Millisecond {
			t.Errorf("a visitor waits %v for the counts", waited)
		}
		time.Sleep(time.Second)
		synctest.Wait() // the question of the visitor who left has ended
		g.takes = 0
		clicks(5, false)
	})
}
