package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

var _ store.JournalCounts = (*Store)(nil)

// daysAtOnce is the maximum number of days in one statement.
const daysAtOnce = 1000

// daySlots is the number of quarter-hours of a day.
const daySlots = rollup.Day / rollup.QuarterHour

// added is the reading of the rows that a journal added earlier.
func (s *Store) added(ctx context.Context, e store.Earlier) (*reading, error) {
	x, err := s.exclude(ctx)
	if err != nil {
		return nil, err
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	condition := fmt.Sprintf(" AND deletion = 0 AND source = %s AND epoch < %d%s", literal(e.Journal[:]), e.Before, x.dead)
	return &reading{shards, x.layouts, condition}, nil
}

// DayClicks implements store.JournalCounts.
func (s *Store) DayClicks(ctx context.Context, e store.Earlier, days []store.ScopeDay) (_ []uint64, err error) {
	defer wrap("clicks of days", &err)
	r, err := s.added(ctx, e)
	if err != nil {
		return nil, err
	}
	all := map[store.ScopeDay]uint64{}
	lists := make([][]store.ScopeDay, len(r.shards))
	seen := map[store.ScopeDay]bool{}
	for _, d := range days {
		if !seen[d] {
			seen[d] = true
			for _, at := range r.layouts.shardsOf(d.Scope) {
				lists[at] = append(lists[at], d)
			}
		}
	}
	for at, list := range lists {
		for len(list) > 0 {
			n := min(len(list), daysAtOnce)
			if err := r.dayClicks(ctx, r.shards[at], list[:n], all); err != nil {
				return nil, err
			}
			list = list[n:]
		}
	}
	clicks := make([]uint64, len(days))
	for i, d := range days {
		clicks[i] = all[d]
	}
	return clicks, nil
}

// dayClicks adds the clicks of some days of a shard to all.
func (r *reading) dayClicks(ctx context.Context, sh *shard, days []store.ScopeDay, all map[store.ScopeDay]uint64) error {
	scopes := make([]string, len(days))
	first, last := days[0].Day, days[0].Day
	for i, d := range days {
		scopes[i] = fmt.Sprintf("(%d, %d)", d.Scope.User, d.Scope.Link)
		first, last = min(first, d.Day), max(last, d.Day)
	}
	answers, err := sh.ask(ctx, fmt.Sprintf("SELECT user, link, intDiv(slot, %d) AS day, sum(clicks) FROM cells FINAL WHERE (user, link) IN (%s) AND facet = %d AND slot >= %d AND slot < %d%s GROUP BY user, link, day",
		daySlots, strings.Join(scopes, ", "), rollup.All, quarters.slot(first), quarters.slot(last+rollup.Day), r.condition))
	for _, a := range answers {
		for i := range a.rows {
			d := store.ScopeDay{
				Scope: rollup.Scope{User: click.UserID(a.numbers[0][i]), Link: click.LinkID(a.numbers[1][i])},
				Day:   int64(a.numbers[2][i]) * rollup.Day,
			}
			all[d] += a.numbers[3][i]
		}
	}
	return err
}

// DayValues implements store.JournalCounts.
func (s *Store) DayValues(ctx context.Context, e store.Earlier, day store.ScopeDay, f rollup.Facet) (values []string, err error) {
	defer wrap("values of a day", &err)
	r, err := s.added(ctx, e)
	if err != nil {
		return nil, err
	}
	from := quarters.slot(day.Day)
	answers, err := r.ask(ctx, day.Scope, fmt.Sprintf("SELECT DISTINCT value FROM cells WHERE (user, link) IN ((%d, %d)) AND facet = %d AND slot >= %d AND slot < %d%%s",
		day.Scope.User, day.Scope.Link, f, from, from+daySlots))
	all := map[string]bool{}
	for _, a := range answers {
		for _, value := range a.texts[0] {
			all[value] = true
		}
	}
	return slices.Collect(maps.Keys(all)), err
}

// JournalDeleted implements store.JournalCounts.
func (s *Store) JournalDeleted(ctx context.Context, e store.Earlier) (scopes []rollup.Scope, err error) {
	defer wrap("deletions of a journal", &err)
	if err := s.catchUpFor(ctx, e.Journal); err != nil {
		return nil, err
	}
	if err := s.adding.Acquire(ctx, exclusive); err != nil {
		return nil, err
	}
	defer s.adding.Release(exclusive)
	src, err := s.source(ctx, e.Journal)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for sc, base := range src.deletions {
		if base < e.Before {
			scopes = append(scopes, sc)
		}
	}
	return scopes, nil
}
