package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// A layout is a number of shards over which the scopes are spread. Rows stay on the shard of the
// layout with which they were written. So after a shard was added, the clicks of a scope may be on two
// shards, and an answer adds them up.

// ErrShards says that the cluster or the address lacks shards that have counts.
var ErrShards = errors.New("a shard of ClickHouse is missing")

// layouts are the numbers of shards that were ever written with, oldest first.
type layouts []int

// most returns the greatest number of shards.
func (l layouts) most() int { return slices.Max(l) }

// shardsOf returns the indexes of the shards that may have rows of a scope.
func (l layouts) shardsOf(scope rollup.Scope) (all []int) {
	for _, n := range l {
		if i := shardOf(n, scope); !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	return all
}

// buckets is the number of parts that the scopes are split into. Each shard has a share of them.
const buckets = 1024

// shardOf returns the index of the shard to which rows of a scope are written, of that number of
// shards.
func shardOf(shards int, scope rollup.Scope) int { return bucketOf(scope) * shards / buckets }

// layoutName begins the names of layouts in the table meta.
const layoutName = "layout of shards: "

const layoutsStatement = "SELECT value, version FROM meta FINAL WHERE substring(name, 1, 18) = '" + layoutName + "' ORDER BY version, value"

func layoutsOf(answers []*answer) (l layouts, err error) {
	for _, a := range answers {
		for i := range a.rows {
			n, err := strconv.Atoi(a.texts[0][i])
			if err != nil || n < 1 || n > buckets {
				return nil, fmt.Errorf("the table meta of ClickHouse is damaged: it has a layout of %q shards", a.texts[0][i])
			}
			l = append(l, n)
		}
	}
	return l, nil
}

// chooseLayout reads the layouts from the first shard, and chooses the one to write with: that of the
// address, else the newest one, else that of all shards. It adds it to the layouts.
func (c *cluster) chooseLayout(ctx context.Context, shards []*shard) error {
	answers, err := shards[0].ask(ctx, layoutsStatement)
	if err != nil {
		return err
	}
	found, err := layoutsOf(answers)
	if err != nil {
		return err
	}
	write := c.address.Shards
	switch {
	case write > 0:
	case len(found) > 0:
		write = found[len(found)-1]
	default:
		write = len(shards)
	}
	all := found
	if !slices.Contains(all, write) {
		all = append(slices.Clone(all), write)
	}
	if err := c.setLayouts(all, shards); err != nil {
		return err
	}
	c.write = write
	if len(all) == len(found) {
		return nil
	}
	rows := metaTable.block()
	text := strconv.Itoa(write)
	rows.add(layoutName+text, uint64(time.Now().UnixMicro()), text)
	if err := shards[0].do(ctx, func(n *node) error { return n.insert(ctx, metaTable.name, rows) }); err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	return shards[0].announce(ctx, metaTable)
}

// setLayouts adds layouts to those that are known: a replica that lacks rows may not have all. It
// fails with ErrShards if a shard is missing, and with click.ErrUnavailable if none of its replicas has
// answered.
func (c *cluster) setLayouts(found layouts, shards []*shard) error {
	var l layouts
	if known := c.layouts.Load(); known != nil {
		l = slices.Clone(*known)
	}
	for _, n := range found {
		if !slices.Contains(l, n) {
			l = append(l, n)
		}
	}
	if len(shards) < l.most() {
		return fmt.Errorf("%w: counts are spread over %d shards, and this server has the addresses of %d", ErrShards, l.most(), len(shards))
	}
	for i, sh := range shards[:l.most()] {
		if sh.known() == 0 {
			return fmt.Errorf("%w: no server of shard %d of the cluster %s answers", click.ErrUnavailable, i+1, c.address.Cluster)
		}
	}
	c.layouts.Store(&l)
	return nil
}

// announce waits until other servers of footfall know what was inserted into a table of the first
// shard. They may ask other replicas.
func (s *shard) announce(ctx context.Context, t *table) error {
	s.spread(ctx, t)
	select {
	case <-time.After(2 * excludeFor):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spread waits until the other replicas have what was inserted into a table, except those that are away.
func (s *shard) spread(ctx context.Context, t *table) {
	ctx, cancel := context.WithTimeout(ctx, announceSync)
	defer cancel()
	for _, n := range s.others() {
		_ = n.syncReplica(ctx, t)
	}
}

// announceSync is how long spread waits for replicas.
const announceSync = 5 * time.Second
