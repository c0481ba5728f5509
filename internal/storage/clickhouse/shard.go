package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
)

// shard is the replicas that have the same rows.
type shard struct {
	mu       sync.Mutex
	replicas []*node // in the order of the address
	current  int     // the replica that is written to and read from
	switches uint64  // how often current changed
}

// join adds a replica, unless it is there.
func (s *shard) join(n *node, order []*node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.replicas, n) {
		return
	}
	var current *node
	if len(s.replicas) > 0 {
		current = s.replicas[s.current]
	}
	s.replicas = append(s.replicas, n)
	slices.SortFunc(s.replicas, func(a, b *node) int { return slices.Index(order, a) - slices.Index(order, b) })
	s.current = max(slices.Index(s.replicas, current), 0)
}

// use returns the replica to write to and read from, and how often that has changed.
func (s *shard) use() (*node, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replicas[s.current], s.switches
}

// all returns the replicas. It fails if one of them has never answered, or is not in the
// address.
func (s *shard) all() ([]*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, want := len(s.replicas), s.replicas[0].replicas; have < want {
		return nil, fmt.Errorf("%w: only %d of %d replicas of shard %d of ClickHouse have answered: start the others, or add them to the address", click.ErrUnavailable, have, want, s.replicas[0].shard)
	}
	return slices.Clone(s.replicas), nil
}

// others returns the replicas except the current one: first those that lack nothing, each in
// the order of the address.
func (s *shard) others() (others []*node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, lacks := range []bool{false, true} {
		for i, n := range s.replicas {
			if i != s.current && n.lacks.rows() == lacks {
				others = append(others, n)
			}
		}
	}
	return others
}

// first returns the current replica, and the first one that lacks nothing. All servers of footfall
// prefer that, because answers show the clicks of all servers at once if they use one replica.
func (s *shard) first() (current, first *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replicas) == 0 {
		return nil, nil
	}
	current = s.replicas[s.current]
	for _, n := range s.replicas {
		if n.known.Load() && !n.lacks.rows() {
			return current, n
		}
	}
	return current, current
}

// chooseFirst makes the first replica that lacks nothing the current one.
func (s *shard) chooseFirst() { s.change(s.first()) }

// renew is called when a replica may have lost its rows. What the open epochs sent to it must
// be sent again.
func (s *shard) renew(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replicas) > 0 && s.replicas[s.current] == n {
		s.switches++
	}
}

// lose is called when a replica did not answer, and may lose rows that only it has: it leaves it, or
// renews it if there is no other one.
func (s *shard) lose(n *node) {
	if s.known() == 1 {
		s.renew(n)
		return
	}
	s.leave(n)
}

// leave makes another replica the current one, because n failed.
func (s *shard) leave(n *node) {
	n.lacks.set(false) // what others get meanwhile
	if others := s.others(); len(others) > 0 {
		s.change(n, others[0])
	}
}

// change makes to the current replica, if from is.
func (s *shard) change(from, to *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from != to && s.replicas[s.current] == from {
		s.current = slices.Index(s.replicas, to)
		s.switches++
	}
}

// ask returns the whole answer to a question. It asks the other replicas if the current one does
// not answer.
func (s *shard) ask(ctx context.Context, statement string) ([]*answer, error) {
	return s.answers(ctx, statement, func(n *node) time.Duration { return n.timeout })
}

// askLong is ask for a question that may take as long as ctx, while the server answers pings.
func (s *shard) askLong(ctx context.Context, statement string) ([]*answer, error) {
	return s.answers(ctx, statement, func(*node) time.Duration { return 0 })
}

func (s *shard) answers(ctx context.Context, statement string, timeout func(*node) time.Duration) (answers []*answer, err error) {
	err = s.do(ctx, func(n *node) error {
		if n.lacks.all() {
			return &awayError{fmt.Errorf("%w: ClickHouse at %s fetches its tables from other replicas", click.ErrUnavailable, n.base.Host)}
		}
		answers = nil
		return n.ask(ctx, statement, timeout(n), func(a *answer) error {
			answers = append(answers, a)
			return nil
		})
	})
	return answers, err
}

// do calls f with the current replica, and with the others as long as they fail and
// another one may not.
func (s *shard) do(ctx context.Context, f func(*node) error) error {
	var errs []error
	for {
		n, _ := s.use()
		err := f(n)
		if err == nil || !s.failed(ctx, n, err) {
			return err
		}
		if errs = append(errs, err); len(errs) >= s.known() {
			return errors.Join(errs...)
		}
	}
}

// failed reports whether another replica may succeed after a request to n failed. Then that
// replica is the current one from now on.
func (s *shard) failed(ctx context.Context, n *node, err error) bool {
	switch {
	case ctx.Err() != nil || s.known() == 1:
		return false
	case isAway(err):
		s.leave(n)
		return true
	case isReadOnly(err):
		for _, other := range s.others() {
			if readOnly, err := other.isReadOnly(ctx); err == nil && !readOnly {
				s.change(n, other)
				return true
			}
		}
	}
	return false
}

func (s *shard) known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replicas)
}

// isReadOnly reports whether the server refuses rows, because it has lost ZooKeeper.
func (n *node) isReadOnly(ctx context.Context) (readOnly bool, err error) {
	err = n.query(ctx, "SELECT count() FROM system.replicas WHERE is_readonly AND database = '"+n.database+"'", func(a *answer) error {
		for i := range a.rows {
			readOnly = readOnly || a.numbers[0][i] > 0
		}
		return nil
	})
	return readOnly, err
}

// awayError says that a server did not answer, so that another replica is asked.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

func isAway(err error) bool { return errors.As(err, new(*awayError)) }

// isReadOnly reports whether a server refused rows because it has lost ZooKeeper.
func isReadOnly(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && slices.Contains(readOnlyCodes, refused.Code)
}
