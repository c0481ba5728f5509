package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
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

// exclude returns what answers leave out now.
func (s *Store) exclude(ctx context.Context) (*exclusions, error) {
	s.mu.Lock()
	x, changes := s.excluded, s.exclusionChanges
	s.mu.Unlock()
	if x != nil && time.Since(x.since) < excludeFor {
		return x, nil
	}
	x = &exclusions{since: time.Now()}
	all, err := s.readLives(ctx, "1")
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
	answers, err := s.askMeta(ctx, "SELECT number, state FROM deletions FINAL")
	if err != nil {
		return nil, err
	}
	for _, a := range answers {
		for i := range a.rows {
			number := a.numbers[0][i]
			if x.last = max(x.last, number); a.numbers[1][i] == 0 {
				x.unfinished = append(x.unfinished, strconv.FormatUint(number, 10))
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
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
