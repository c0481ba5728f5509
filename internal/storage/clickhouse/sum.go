package clickhouse

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// A sum is expensive if it has more parts than expensiveParts, or more values than
	// expensiveValues.
	expensiveParts, expensiveValues = 1000, 4000
)

// Sum implements store.Questions. ClickHouse sorts the values; they are read as they come, from a
// snapshot.
func (v *view) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) (err error) {
	defer wrap("sum", &err)
	if v.frozen == nil {
		snap, err := v.s.snapshot(ctx)
		if err != nil {
			return err
		}
		defer snap.close()
		v = &snap.view
	}
	g, err := grainOf(q.Facet, q.Edges)
	if err != nil {
		return err
	}
	if len(q.Parts) == 0 {
		return nil
	}
	s := &summing{v: v, q: &q, grain: g, expensive: q.Expensive, f: f}
	if len(q.Parts) > expensiveParts {
		if err := s.isExpensive(ctx); err != nil {
			return err
		}
	}
	for i := len(q.Edges) - 2; i >= 0; i-- {
		if err := s.interval(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// summing is a Sum in progress.
type summing struct {
	v         *view
	q         *store.Sum
	grain     grain
	expensive func(context.Context) error // nil after it was called
	f         func(store.Count) error
	values    int
}

func (s *summing) isExpensive(ctx context.Context) error {
	if s.expensive == nil {
		return nil
	}
	expensive := s.expensive
	s.expensive = nil
	return expensive(ctx)
}

// interval sums up one interval.
func (s *summing) interval(ctx context.Context, i int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := s.v.reading(ctx)
	if err != nil {
		return err
	}
	var streams []*stream
	defer func() {
		for _, st := range streams {
			st.close()
		}
	}()
	for at, condition := range s.conditions(i, r) {
		if condition == "" {
			continue
		}
		statement := fmt.Sprintf("SELECT value, %s AS n FROM %s FINAL WHERE facet = %d AND %s%s GROUP BY value HAVING n > 0 ORDER BY value",
			netClicks, s.grain.name, s.q.Facet, condition, r.condition)
		st, err := r.shards[at].stream(ctx, statement)
		if err != nil {
			return err
		}
		streams = append(streams, st)
	}
	for {
		least, found := "", false
		for _, st := range streams {
			if err := st.fill(); err != nil {
				return err
			}
			if !st.ended && (!found || st.value() < least) {
				least, found = st.value(), true
			}
		}
		if !found {
			return nil
		}
		c := store.Count{Interval: i, Value: least}
		for _, st := range streams {
			if !st.ended && st.value() == least {
				c.Clicks += st.clicks()
				st.row++
			}
		}
		if s.values++; s.values > expensiveValues {
			if err := s.isExpensive(ctx); err != nil {
				return err
			}
		}
		if c.Clicks != 0 {
			if err := s.f(c); err != nil {
				return err
			}
		}
	}
}

// conditions are those of the rows of an interval, by shard; empty for a shard without parts.
func (s *summing) conditions(interval int, r *reading) []string {
	from, to := s.grain.slot(s.q.Edges[interval]), s.grain.slot(s.q.Edges[interval+1])
	users, links := make([]sinces, len(r.shards)), make([]sinces, len(r.shards))
	for _, p := range s.q.Parts {
		first := max(from, s.grain.slot(p.Since))
		if first >= to {
			continue
		}
		for _, at := range r.layouts.shardsOf(p.Scope) {
			if p.Scope.Link == click.AllLinks {
				users[at].add(p.Scope, uint64(p.Scope.User), first)
			} else {
				links[at].add(p.Scope, uint64(p.Scope.Link), first)
			}
		}
	}
	all := make([]string, len(r.shards))
	for at := range all {
		var some []string
		for column, since := range map[string]*sinces{"user": &users[at], "link": &links[at]} {
			if len(since.scopes) > 0 {
				some = append(some, since.condition(column))
			}
		}
		if len(some) > 0 {
			all[at] = fmt.Sprintf("slot < %d AND (%s)", to, strings.Join(some, " OR "))
		}
	}
	return all
}

// sinces are scopes of users or of links, each with its first slot.
type sinces struct {
	scopes, ids, first []string
	least, most        int64 // first slots
}

func (s *sinces) add(scope rollup.Scope, id uint64, first int64) {
	if len(s.first) == 0 {
		s.least, s.most = first, first
	}
	s.least, s.most = min(s.least, first), max(s.most, first)
	s.scopes = append(s.scopes, fmt.Sprintf("(%d, %d)", scope.User, scope.Link))
	s.ids, s.first = append(s.ids, strconv.FormatUint(id, 10)), append(s.first, strconv.FormatInt(first, 10))
}

// condition is the condition of the rows of the scopes from their first slots on. ClickHouse finds
// tuples in a list by the primary key; version 18 does not do so for a tuple that is compared.
func (s *sinces) condition(column string) string {
	all := fmt.Sprintf("slot >= %d AND (user, link) IN (%s)", s.least, strings.Join(s.scopes, ", "))
	if s.least < s.most {
		all += fmt.Sprintf(" AND slot >= transform(%s, [%s], [%s], 0)", column, strings.Join(s.ids, ", "), strings.Join(s.first, ", "))
	}
	return "(" + all + ")"
}

// stream is an answer that is read as it comes. Each row is a value and its clicks.
type stream struct {
	n     *node
	ctx   context.Context
	stop  context.CancelFunc
	body  io.ReadCloser
	r     *bufio.Reader
	block *answer
	row   int
	ended bool
}

// stream begins to read an answer.
func (s *shard) stream(ctx context.Context, statement string) (st *stream, err error) {
	err = s.do(ctx, func(n *node) error {
		ctx, stop := n.bounded(ctx, 0)
		body, err := n.send(ctx, statement+" FORMAT Native", n.questionSettings, nil)
		if err != nil {
			stop()
			return err
		}
		st = &stream{n: n, ctx: ctx, stop: stop, body: body, block: &answer{}, r: bufio.NewReaderSize(body, 64<<10)}
		return nil
	})
	return st, err
}

func (st *stream) close() {
	_ = st.body.Close()
	st.stop()
}

// fill reads the next block, if all rows of the last one were used.
func (st *stream) fill() error {
	for !st.ended && st.row == st.block.rows {
		if text, _ := st.r.Peek(256); code.Match(text) {
			return st.n.refused(200, text)
		}
		a, err := readAnswer(st.r)
		switch {
		case err == io.EOF:
			st.ended = true
		case err != nil:
			return st.n.unreachable(st.ctx, err)
		default:
			st.block, st.row = a, 0
		}
	}
	return nil
}

func (st *stream) value() string  { return st.block.texts[0][st.row] }
func (st *stream) clicks() uint64 { return st.block.numbers[1][st.row] }
