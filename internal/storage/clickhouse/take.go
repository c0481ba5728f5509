package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// taker takes the clicks of scopes of one user for a deletion.
type taker struct {
	number    uint64 // of the deletion
	grain     grain
	user      click.UserID
	scopes    []rollup.Scope
	condition string // of the rows that clicks are taken from
	shards    []*shard
	removed   *sums // what was taken from quarter-hours
}

// maxTakenRows is the maximum number of rows from which clicks are taken at once, unless one slot
// has more.
// A statement has at most maxTakenSlots.
const maxTakenRows, maxTakenSlots = 200_000, 10_000

// takeAll takes the clicks, some slots at a time: those of one slot do not depend on others.
func (t *taker) takeAll(ctx context.Context) error {
	gone, of := "1", fmt.Sprintf("user = %d", t.user)
	if !slices.Contains(t.scopes, rollup.Scope{User: t.user}) {
		links := make([]string, len(t.scopes))
		for i, sc := range t.scopes {
			links[i] = strconv.FormatUint(uint64(sc.Link), 10)
		}
		list := strings.Join(links, ", ")
		gone, of = "link IN ("+list+")", of+" AND link IN (0, "+list+")"
	}
	type size struct {
		rows uint64
		gone bool // some of them are of the scopes
	}
	slots := map[uint64]size{}
	for _, sh := range t.shards {
		answers, err := sh.askLong(ctx, fmt.Sprintf("SELECT slot, count(), max(%s) FROM %s WHERE %s AND %s GROUP BY slot", gone, t.grain.name, of, t.condition))
		if err != nil {
			return err
		}
		for _, a := range answers {
			for i, slot := range a.numbers[0] {
				s := slots[slot]
				slots[slot] = size{s.rows + a.numbers[1][i], s.gone || a.numbers[2][i] == 1}
			}
		}
	}
	maps.DeleteFunc(slots, func(_ uint64, s size) bool { return !s.gone })
	var some []string
	rows := uint64(0)
	for i, slot := range slices.Sorted(maps.Keys(slots)) {
		some, rows = append(some, strconv.FormatUint(slot, 10)), rows+slots[slot].rows
		if last := i == len(slots)-1; !last && rows < maxTakenRows && len(some) < maxTakenSlots {
			continue
		}
		if err := t.take(ctx, of+" AND slot IN ("+strings.Join(some, ", ")+")"); err != nil {
			return err
		}
		some, rows = nil, 0
	}
	return nil
}

// take takes the clicks of rows. It sends them before it returns.
func (t *taker) take(ctx context.Context, of string) error {
	left := &clicksLeft{cells: map[rollup.Key]uint64{}, taken: map[rollup.Key]uint64{}}
	has := make([]map[rollup.Key]uint64, len(t.shards))
	for at, sh := range t.shards {
		has[at] = map[rollup.Key]uint64{}
		answers, err := sh.askLong(ctx, fmt.Sprintf("SELECT user, link, facet, slot, value, %s AS n FROM %s FINAL WHERE %s AND %s GROUP BY user, link, facet, slot, value HAVING n > 0",
			netClicks, t.grain.name, of, t.condition))
		if err != nil {
			return err
		}
		for _, a := range answers {
			for i := range a.rows {
				c := t.grain.cell(a, i)
				left.cells[c.Key] += c.Clicks
				has[at][c.Key] = c.Clicks
			}
		}
	}
	for _, sc := range t.scopes {
		left.takeScope(sc)
	}
	rows := make([]rowsByPartition, len(t.shards))
	for i := range rows {
		rows[i] = rowsByPartition{}
	}
	for k, n := range left.taken {
		if t.grain == quarters {
			t.removed.addCell(&k, n)
		}
		for i := range has { // so no shard has less than no click of a cell
			if some := min(n, has[i][k]); some > 0 {
				rows[i].add(t.grain, &k, k.Slot/t.grain.seconds, &source{}, t.number, some)
				n -= some
			}
		}
	}
	for i, sh := range t.shards {
		if err := sh.do(ctx, func(n *node) error { return rows[i].send(ctx, n, t.grain.table, claim{seen: time.Now()}) }); err != nil {
			return err
		}
	}
	return nil
}

// clicksLeft is cells from which a deletion takes clicks.
type clicksLeft struct {
	cells map[rollup.Key]uint64 // the clicks that are left
	taken map[rollup.Key]uint64 // the clicks that were taken
	// links has the keys of each link, and capped those of the capped facets of the user, by
	// ascending value. Cells without clicks may be there.
	links  map[click.LinkID][]rollup.Key
	capped map[place][]rollup.Key
}

// place is a facet of the user in a slot.
type place struct {
	facet rollup.Facet
	slot  int64
}

// index fills links and capped.
func (l *clicksLeft) index() {
	l.links, l.capped = map[click.LinkID][]rollup.Key{}, map[place][]rollup.Key{}
	for _, k := range slices.SortedFunc(maps.Keys(l.cells), func(a, b rollup.Key) int { return cmp.Compare(a.Value, b.Value) }) {
		if l.links[k.Scope.Link] = append(l.links[k.Scope.Link], k); k.Scope.Link == click.AllLinks && k.Facet.Capped() {
			at := place{k.Facet, k.Slot}
			l.capped[at] = append(l.capped[at], k)
		}
	}
}

// take takes up to n clicks of a cell, and returns the rest.
func (l *clicksLeft) take(k rollup.Key, n uint64) (rest uint64) {
	took := min(n, l.cells[k])
	if took > 0 {
		l.taken[k] += took
		l.cells[k] -= took
	}
	return n - took
}

// takeScope takes all clicks of a scope. It takes those of a link from the user too, as
// store.Counting says.
func (l *clicksLeft) takeScope(s rollup.Scope) {
	if l.links == nil {
		l.index()
	}
	if s.Link == click.AllLinks {
		for k, n := range l.cells {
			l.take(k, n)
		}
		return
	}
	for _, k := range l.links[s.Link] {
		if n := l.cells[k]; n > 0 {
			l.take(k, n)
			l.takeFromUser(k, n)
		}
	}
}

// takeFromUser takes the clicks of a cell of a link from its user.
func (l *clicksLeft) takeFromUser(k rollup.Key, n uint64) {
	user := k
	user.Scope.Link = click.AllLinks
	rest := l.take(user, n)
	switch {
	case k.Facet == rollup.All:
		user.Facet, user.Value = rollup.Link, rollup.LinkValue(k.Scope.Link)
		l.take(user, n)
	case k.Facet.Capped() && rest > 0:
		other := user
		other.Value = k.Facet.Other(k.Value)
		rest = l.take(other, rest)
		for _, same := range l.capped[place{user.Facet, user.Slot}] {
			if rest == 0 {
				return
			}
			if k.Facet.Other(same.Value) == other.Value {
				rest = l.take(same, rest)
			}
		}
	}
}
