package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dchest/siphash"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// dropMinutes drops the minutes before a Unix second for good. If it cannot, it does so with a
// later batch.
func (s *Store) dropMinutes(ctx context.Context, from int64, shards []*shard) {
	s.mu.Lock()
	last := s.minutesFrom
	s.minutesFrom = from
	s.mu.Unlock()
	if from <= last && last >= 0 {
		return
	}
	for _, sh := range shards {
		if err := s.dropPartitions(ctx, from/3600, sh); err != nil {
			s.o.Logger.Warn("old minutes could not be dropped from ClickHouse, and that is tried again with the next hour; they only take room", "error", err)
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.sources {
		for hour := range src.minutes {
			if hour < from/3600 {
				delete(src.minutes, hour)
			}
		}
	}
}

// dropPartitions drops the minutes before an hour. Other servers count minutes too. So if the clock of
// this machine is ahead of that of ClickHouse, more is kept.
func (s *Store) dropPartitions(ctx context.Context, hour int64, sh *shard) error {
	now := time.Now().Unix() // before ClickHouse looks at its clock
	answers, err := sh.ask(ctx, "SELECT DISTINCT partition, toUInt32(now()) FROM system.parts WHERE active AND database = '"+s.o.Address.Database+"' AND table = 'minutes'")
	for _, a := range answers {
		for i := range a.rows {
			ahead := max(now-int64(a.numbers[1][i]), 0)
			if p, _ := strconv.ParseInt(a.texts[0][i], 10, 64); p >= hour-(ahead+3599)/3600 {
				continue
			}
			err := sh.do(ctx, func(n *node) error { return n.exec(ctx, "ALTER TABLE minutes DROP PARTITION "+a.texts[0][i]) })
			if err != nil {
				return err
			}
		}
	}
	return err
}

// addMarks writes the import marks of a batch, after its clicks.
func (s *Store) addMarks(ctx context.Context, b *store.Batch, shards []*shard) error {
	if len(b.Marks) == 0 {
		return nil
	}
	rows := marksTable.block()
	for i := range b.Marks {
		m := &b.Marks[i]
		rows.add(m.Input[:], m.Offset, m.Digest[:], s.stamp(), string(appendMark(nil, m)))
	}
	return s.insertMeta(ctx, shards, marksTable, rows)
}

// insertMeta inserts rows into a table of the first shard.
func (s *Store) insertMeta(ctx context.Context, shards []*shard, t *table, rows *block) error {
	return meta(shards).do(ctx, func(n *node) error { return n.insert(ctx, t.name, rows) })
}

// sipHash returns a hash of a key that sipHash64 of ClickHouse has too: see hashed.
func sipHash(k *rollup.Key) uint64 {
	var buf [96]byte
	b := strconv.AppendUint(buf[:0], uint64(k.Scope.User), 10)
	b = strconv.AppendUint(append(b, ' '), uint64(k.Scope.Link), 10)
	b = strconv.AppendUint(append(b, ' '), uint64(k.Facet), 10)
	b = strconv.AppendInt(append(b, ' '), k.Slot/rollup.QuarterHour, 10)
	return siphash.Hash(0, 0, append(append(b, ' '), k.Value...))
}

// hashed is sipHash of a row in ClickHouse.
const hashed = "sipHash64(concat(toString(user), ' ', toString(link), ' ', toString(facet), ' ', toString(slot), ' ', value))"

// lineOf returns the index of a line of the ledger.
func lineOf(perLink bool, f rollup.Facet) int {
	return lineIndex[rollup.Line{PerLink: perLink, Facet: f}]
}

var lineIndex = func() map[rollup.Line]int {
	index := map[rollup.Line]int{}
	for i, l := range rollup.Lines() {
		index[l] = i
	}
	return index
}()

// literal is bytes in a statement.
func literal(b []byte) string { return fmt.Sprintf("unhex('%X')", b) }

// quoted is a text in a statement.
func quoted(s string) string { return "unhex('" + strings.ToUpper(fmt.Sprintf("%x", s)) + "')" }

// scopeIs is the condition that a row is of a scope.
func scopeIs(s rollup.Scope) string { return fmt.Sprintf("user = %d AND link = %d", s.User, s.Link) }
