package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// excludeFor is how long exclusions are used. So another server's new life is known after that,
// and the end of another server's deletion.
const excludeFor = 500 * time.Millisecond

// exclusions are rows that answers leave out: those of dead lives, and those of deletions that
// are not complete. So an answer shows all or nothing of a deletion.
type exclusions struct {
	dead string // a condition, as a suffix for others; often empty
	// Rows of deletions after last, and of those in unfinished, are left out.
	last       uint64
	unfinished []string
	layouts    layouts // those that rows may have been written with
	since      time.Time
}

// deletions is the condition that a number is not that of a deletion that is left out, as a suffix for
// others.
func (x *exclusions) deletions(column string) string {
	text := fmt.Sprintf(" AND %s <= %d", column, x.last)
	if len(x.unfinished) > 0 {
		text += " AND " + column + " NOT IN (" + strings.Join(x.unfinished, ", ") + ")"
	}
	return text
}

// past is what leaves nothing out any more, so that it is not read again. What is closed or complete
// stays so on every replica. A deletion begins after all earlier ones are complete everywhere. A row that
// comes later has taken nothing: see remove.
type past struct {
	deletion uint64 // all deletions up to this one are complete
	// lives has a life of each journal. All lives before it are closed. Journals with one life are left out.
	lives map[store.JournalID]uint64
}

// livesLeft is the condition of the lives that may still leave rows out.
func (p *past) livesLeft() string {
	parts := []string{"1"}
	for id, first := range p.lives {
		parts = append(parts, fmt.Sprintf("NOT (source = %s AND life < %d)", literal(id[:]), first))
	}
	slices.Sort(parts)
	return strings.Join(parts, " AND ")
}

// passLives adds the lives before the first one that is open, or before the last one.
func (p *past) passLives(all lives) {
	for id, of := range all {
		first := 0
		for first < len(of)-1 && of[first].closed {
			first++
		}
		if first > 0 && of[first].number > p.lives[id] {
			p.lives[id] = of[first].number
		}
	}
}

// exclude returns what answers leave out now.
func (s *Store) exclude(ctx context.Context) (*exclusions, error) {
	s.mu.Lock()
	x, changes := s.excluded, s.exclusionChanges
	last, livesLeft := s.past.deletion, s.past.livesLeft()
	s.mu.Unlock()
	if x != nil && time.Since(x.since) < excludeFor {
		return x, nil
	}
	x = &exclusions{since: time.Now(), last: last}
	all, err := s.readLives(ctx, livesLeft)
	if err != nil {
		return nil, err
	}
	if err := s.checkLives(all); err != nil {
		return nil, err
	}
	x.dead = all.dead()
	shards, err := s.shards(ctx)
	if err != nil {
		return nil, err
	}
	found, err := meta(shards).ask(ctx, layoutsStatement)
	if err != nil {
		return nil, err
	}
	written, err := layoutsOf(found)
	if err != nil {
		return nil, err
	}
	if len(written) == 0 {
		return nil, fmt.Errorf("%w: the tables of ClickHouse were emptied", click.ErrUnavailable)
	}
	if err := s.cluster.setLayouts(written, *s.cluster.shards.Load()); err != nil {
		return nil, fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	}
	x.layouts = *s.cluster.layouts.Load()
	answers, err := s.askMeta(ctx, fmt.Sprintf("SELECT number, state FROM deletions FINAL WHERE number > %d ORDER BY number", last))
	if err != nil {
		return nil, err
	}
	complete := last
	for _, a := range answers {
		for i := range a.rows {
			x.last = a.numbers[0][i]
			if a.numbers[1][i] == uint64(deletionBegun) {
				x.unfinished = append(x.unfinished, strconv.FormatUint(x.last, 10))
			}
			if len(x.unfinished) == 0 {
				complete = x.last
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past.deletion = max(s.past.deletion, complete)
	s.past.passLives(all)
	if s.exclusionChanges == changes {
		s.excluded = x
	}
	return x, nil
}

// checkLives fails with click.ErrUnavailable if lives that this process has begun are missing: the
// replica that was asked lags.
func (s *Store) checkLives(all lives) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, c := range s.claimed {
		if all.last(id).number < c.life {
			return c.lostTo(all.last(id), s.process)
		}
	}
	return nil
}

// excludeAgain makes the next answer read what is left out: this process has changed it.
func (s *Store) excludeAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.excluded = nil
	s.exclusionChanges++
}
