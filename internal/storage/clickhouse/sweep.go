package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Rows that no answer shows are removed from ClickHouse once they are a day old: those of dead
// lives, and those of deleted links and users with the rows that take their clicks away. ClickHouse
// rewrites the parts that have such rows.

// sweepAge is the age of rows to remove. By then no request that a server sent earlier is still on
// its way. sweepEvery is the interval at which a store looks for such rows.
const sweepAge, sweepEvery = 24 * time.Hour, time.Hour

// sweep removes the rows that were dead or deleted before a time.
func (s *Store) sweep(ctx context.Context, before time.Time) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	for _, sh := range shards { // what an earlier sweep began may take hours
		n, _ := sh.use()
		if _, open, err := n.mutations(ctx); err != nil || open > 0 {
			return err
		}
	}
	return errors.Join(s.sweepLives(ctx, before, shards), s.sweepDeletions(ctx, before, shards))
}

// sweepLives removes the rows of dead lives of this process's journals. After that, the lives before
// them count as closed: everything that they sent, and that is still there, is in epochs that count.
func (s *Store) sweepLives(ctx context.Context, before time.Time, shards []*shard) error {
	for _, src := range s.all() {
		all, err := s.readLives(ctx, "source = "+literal(src.id[:]))
		if err != nil {
			return err
		}
		of := all[src.id]
		for i := 1; i < len(of); i++ {
			if of[i-1].closed || !isBefore(of[i].number, before) {
				continue
			}
			rows := fmt.Sprintf("source = %s AND epoch >= %d AND life < %d", literal(src.id[:]), of[i].begin, of[i].number)
			if err := removeRows(ctx, shards, rows, cellsTable, minutesTable); err != nil {
				return err
			}
			if err := removeRows(ctx, shards[:1], rows, epochsTable); err != nil {
				return err
			}
			l := of[i-1]
			l.closed, l.version = true, max(l.version+1, s.stamp())
			if err := s.insertMeta(ctx, shards, livesTable, l.row(src.id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// isBefore reports whether a stamp is before a time.
func isBefore(stamp uint64, t time.Time) bool { return int64(stamp) < t.UnixMicro() }

// sweepDeletions removes the rows of scopes that were deleted.
func (s *Store) sweepDeletions(ctx context.Context, before time.Time, shards []*shard) error {
	due, err := s.readDeletions(ctx, fmt.Sprintf("state = %d AND number < %d", deletionComplete, before.UnixMicro()))
	if err != nil || len(due) == 0 {
		return err
	}
	ctx, release, err := s.o.Lock(ctx) // other servers sweep too
	if err != nil {
		return err
	}
	defer release()
	if due, err = s.readDeletions(ctx, fmt.Sprintf("state = %d AND number < %d", deletionComplete, before.UnixMicro())); err != nil {
		return err
	}
	for _, d := range due {
		for some := range slices.Chunk(d.scopes, maxSweptScopes) {
			if err := removeRows(ctx, shards, d.deletedRows(some), cellsTable, minutesTable); err != nil {
				return err
			}
		}
		d.scopes, d.cutoff = nil, nil // no longer needed
		if err := s.insertDeletion(ctx, shards, d, deletionSwept); err != nil {
			return err
		}
	}
	return nil
}

// maxSweptScopes is the maximum number of scopes in one statement, which ZooKeeper keeps.
const maxSweptScopes = 1000

// deletedRows is the condition of rows of scopes whose clicks a deletion has taken, and of the rows that
// took them: together they have no clicks.
func (d *deletion) deletedRows(scopes []rollup.Scope) string {
	var users, links []string
	for _, sc := range scopes {
		if sc.Link == click.AllLinks {
			users = append(users, strconv.FormatUint(uint64(sc.User), 10))
		} else {
			links = append(links, fmt.Sprintf("(%d, %d)", sc.User, sc.Link))
		}
	}
	var of []string
	if len(users) > 0 {
		of = append(of, "user IN ("+strings.Join(users, ", ")+")")
	}
	if len(links) > 0 {
		of = append(of, "(user, link) IN ("+strings.Join(links, ", ")+")")
	}
	return fmt.Sprintf("(%s) AND deletion <= %d AND (deletion > 0%s)", strings.Join(of, " OR "), d.number, d.beforeCutoff())
}

// removeRows removes rows from tables, and waits until every replica has done so.
func removeRows(ctx context.Context, shards []*shard, condition string, tables ...*table) error {
	for _, sh := range shards {
		for _, t := range tables {
			statement := "ALTER TABLE " + t.name + " DELETE WHERE " + condition
			if err := sh.do(ctx, func(n *node) error { return n.exec(ctx, statement) }); err != nil {
				return err
			}
		}
	}
	return waitForMutations(ctx, shards)
}

// mutationPause is the pause between two questions whether rows are still being removed.
const mutationPause = 200 * time.Millisecond

// waitForMutations waits until no replica removes rows any more.
func waitForMutations(ctx context.Context, shards []*shard) error {
	for _, sh := range shards {
		replicas, err := sh.all()
		if err != nil {
			return err
		}
		for _, n := range replicas {
			for {
				_, open, err := n.mutations(ctx)
				if err != nil {
					return err
				}
				if open == 0 {
					break
				}
				select {
				case <-time.After(mutationPause):
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
	}
	return nil
}

// mutations returns how often rows were removed from the tables of a server, and how many of these
// removals are not done.
func (n *node) mutations(ctx context.Context) (all, open uint64, err error) {
	err = n.query(ctx, "SELECT count(), sum(NOT is_done) FROM system.mutations WHERE database = '"+n.database+"'", func(a *answer) error {
		for i := range a.rows {
			all, open = a.numbers[0][i], a.numbers[1][i]
		}
		return nil
	})
	return all, open, err
}
