package clickhouse

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// A sum is expensive if it has more parts than expensiveParts, or more values than
	// expensiveValues.
	expensiveParts, expensiveValues = 1000, 4000
	// maxSince is the maximum number of different Since of the parts in one statement.
	maxSince = 200
)

// Sum implements store.Questions. ClickHouse sorts the values; they are read as they come.
func (v *view) Sum(ctx context.Context, q store.Sum, f func(store.Count) error) (err error) {
	defer wrap("sum", &err)
	g, err := grainOf(q.Facet, q.Edges)
	if err != nil {
		return err
	}
	if len(q.Parts) == 0 {
		return nil
	}
	shards, err := v.s.shards(ctx)
	if err != nil {
		return err
	}
	s := &summing{v: v, q: &q, grain: g, expensive: q.Expensive, f: f}
	if len(q.Parts) > expensiveParts {
		if err := s.isExpensive(ctx); err != nil {
			return err
		}
	}
	for i := len(q.Edges) - 2; i >= 0; i-- {
		if err := s.interval(ctx, i, shards); err != nil {
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
func (s *summing) interval(ctx context.Context, i int, shards []*shard) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	condition, err := s.v.condition(ctx)
	if err != nil {
		return err
	}
	var streams []*stream
	defer func() {
		for _, st := range streams {
			st.close()
		}
	}()
	for at, conditions := range s.conditions(i, shards) {
		for _, c := range conditions {
			statement := fmt.Sprintf("SELECT value, %s AS n FROM %s FINAL WHERE facet = %d AND %s%s GROUP BY value HAVING n > 0 ORDER BY value",
				netClicks, s.grain.name, s.q.Facet, c, condition)
			st, err := shards[at].stream(ctx, statement)
			if err != nil {
				return err
			}
			streams = append(streams, st)
		}
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

// conditions are those of the rows of an interval, by shard.
func (s *summing) conditions(interval int, shards []*shard) [][]string {
	from, to := s.grain.slot(s.q.Edges[interval]), s.grain.slot(s.q.Edges[interval+1])
	since := make([]map[int64][]string, len(shards)) // scopes, by the first slot
	for _, p := range s.q.Parts {
		first := max(from, s.grain.slot(p.Since))
		if first >= to {
			continue
		}
		at := shardOf(shards, p.Scope)
		if since[at] == nil {
			since[at] = map[int64][]string{}
		}
		since[at][first] = append(since[at][first], fmt.Sprintf("(%d, %d)", p.Scope.User, p.Scope.Link))
	}
	all := make([][]string, len(shards))
	for at := range since {
		var some []string
		flush := func() {
			if len(some) > 0 {
				all[at] = append(all[at], "slot < "+strconv.FormatInt(to, 10)+" AND ("+strings.Join(some, " OR ")+")")
			}
			some = nil
		}
		for first, scopes := range since[at] {
			// ClickHouse finds tuples in a list by the primary key; version 18 does not do so
			// for a tuple that is compared.
			some = append(some, fmt.Sprintf("(slot >= %d AND (user, link) IN (%s))", first, strings.Join(scopes, ", ")))
			if len(some) == maxSince {
				flush()
			}
		}
		flush()
	}
	return all
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
