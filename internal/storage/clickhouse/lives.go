package clickhouse

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// A life is a stretch of time in which one process counts a journal. A new life begins whenever
// the process reads from ClickHouse how far the journal was counted: after a start, after a
// change to another replica, and after a request of unknown fate. It begins at the position from
// which the journal is counted again. Rows that earlier lives sent of epochs from there on are
// dead: questions and proofs leave them out, whenever they arrive. So an epoch may end elsewhere
// when its clicks are counted again.
//
// Only the process of the last life may count the journal. If a directory was copied, and both
// copies run, the process that was started first stops: the two journals have the same id, and
// different clicks.

// life is a row of the table lives.
type life struct {
	number  uint64
	process [16]byte
	begin   uint64 // a journal position
	version uint64
	closed  bool // everything that it sent is in epochs that count
}

// claimCheck is the interval at which a process that counts checks that the last life is its own.
const claimCheck = 5 * time.Second

// claim is the last life of a journal that this process began.
type claim struct {
	life  uint64
	begin uint64    // where it begins
	seen  time.Time // when it was last seen that there is no later one; by the clock of the day, which goes on in a suspended machine
}

// isRecent reports whether the claim was checked within a time.
func (c claim) isRecent(within time.Duration) bool {
	since := time.Since(c.seen)
	return since >= 0 && since < within
}

// lostTo fails with store.ErrTaken if another process has begun a later life, and with
// click.ErrUnavailable if the replica that was asked does not have the last one yet.
func (c claim) lostTo(last life, process [16]byte) error {
	switch {
	case last.number > c.life && last.process != process:
		return store.ErrTaken
	case c.isMissing(last):
		return fmt.Errorf("%w: a replica of ClickHouse lags behind", click.ErrUnavailable)
	}
	return nil
}

// isMissing reports whether the replica that was asked for the last life lacks that of the claim.
func (c claim) isMissing(last life) bool { return last.number < c.life }

// lives are the lives of journals, each in ascending order.
type lives map[store.JournalID][]life

// readLives reads the lives of the journals that fit the condition.
func (v *view) readLives(ctx context.Context, condition string) (lives, error) {
	all := lives{}
	answers, err := v.askMeta(ctx, "SELECT source, life, process, begin, version, closed FROM lives FINAL WHERE "+condition)
	for _, a := range answers {
		for i := range a.rows {
			id := store.JournalID([]byte(a.texts[0][i]))
			l := life{number: a.numbers[1][i], process: [16]byte([]byte(a.texts[2][i])), begin: a.numbers[3][i], version: a.numbers[4][i], closed: a.numbers[5][i] == 1}
			all[id] = append(all[id], l)
		}
	}
	for _, of := range all {
		slices.SortFunc(of, func(a, b life) int {
			return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.version, b.version), bytes.Compare(a.process[:], b.process[:]))
		})
	}
	return all, err
}

// last returns the last life of a journal, or a life with the number 0 if there is none.
func (ls lives) last(id store.JournalID) life {
	if of := ls[id]; len(of) > 0 {
		return of[len(of)-1]
	}
	return life{}
}

// counts reports whether the end of an epoch that a life sent counts: whether that life is the
// last one that began at or before the epoch.
func (ls lives) counts(id store.JournalID, number, epoch uint64) bool {
	for _, l := range slices.Backward(ls[id]) {
		if l.begin <= epoch {
			return l.number == number
		}
	}
	return false
}

// beginLife begins a life of a journal at a position. Before other servers know of it, answers of
// theirs would count clicks twice.
func (s *Store) beginLife(ctx context.Context, id store.JournalID, last life, begin uint64) (uint64, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return 0, err
	}
	// Two processes never take one number, also if one does not see what the other has inserted.
	l := life{number: max(last.number+1, s.stamp()), process: s.process, begin: begin, version: max(last.version+1, s.stamp())}
	// If an insert of this process had an unknown fate, its row may arrive later, with a begin that is no
	// longer right. The same number replaces it.
	s.mu.Lock()
	if tried := s.triedLife[id]; tried > last.number {
		l.number = tried
	}
	s.triedLife[id] = l.number
	s.mu.Unlock()
	if err := s.insertMeta(ctx, shards, livesTable, l.row(id)); err != nil {
		return 0, err
	}
	s.mu.Lock()
	s.claimed[id] = claim{l.number, begin, time.Now().Round(0)}
	s.mu.Unlock()
	s.excludeAgain()
	if last.number > 0 && !last.closed {
		return l.number, meta(shards).announce(ctx, livesTable)
	}
	// Rows of a life that is unknown would count beside those of the next one. So no replica that is lost
	// later takes the only row of the life with it.
	meta(shards).spread(ctx, livesTable)
	return l.number, ctx.Err()
}

// bringBack inserts the last life of this process again, after the only replica that had it was lost. Other
// replicas and shards may have rows of that life.
func (s *Store) bringBack(ctx context.Context, id store.JournalID, c claim, last life) (life, error) {
	shards, err := s.shards(ctx)
	if err != nil {
		return last, err
	}
	l := life{number: c.life, process: s.process, begin: c.begin, version: max(last.version+1, s.stamp())}
	return l, s.insertMeta(ctx, shards, livesTable, l.row(id))
}

func (l *life) row(id store.JournalID) *block {
	closed := uint8(0)
	if l.closed {
		closed = 1
	}
	rows := livesTable.block()
	rows.add(id[:], l.number, l.process[:], l.begin, l.version, closed)
	return rows
}

// closeLives notes that the lives of this process have ended, and that everything that they sent
// counts.
func (s *Store) closeLives(ctx context.Context) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	all, err := s.readLives(ctx, "1")
	if err != nil {
		return err
	}
	for _, src := range s.all() {
		if l := all.last(src.id); l.process == s.process && l.number == src.life && !src.hasUncounted() {
			l.closed, l.version = true, max(l.version+1, s.stamp())
			if err := s.insertMeta(ctx, shards, livesTable, l.row(src.id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// dead is the condition that a row is not one of a life whose clicks were counted again, as a
// suffix for others.
func (ls lives) dead() string {
	var parts []string
	for id, of := range ls {
		for i := 1; i < len(of); i++ {
			if of[i-1].closed || i+1 < len(of) && of[i+1].begin <= of[i].begin && !of[i].closed {
				continue // no row is dead, or the condition of the next life has them too
			}
			parts = append(parts, fmt.Sprintf(" AND NOT (source = %s AND epoch >= %d AND life < %d)", literal(id[:]), of[i].begin, of[i].number))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "")
}

// catchUp makes the current replica of the first shard fetch everything that was inserted into
// tables.
func (s *Store) catchUp(ctx context.Context, tables ...*table) error {
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	return meta(shards).do(ctx, func(n *node) error { return n.syncReplica(ctx, tables...) })
}

// checkClaim checks, every claimCheck, that the last life of a journal is one of this process.
// If not, it fails with store.ErrTaken.
func (s *Store) checkClaim(ctx context.Context, id store.JournalID) error {
	s.mu.Lock()
	c := s.claimed[id]
	s.mu.Unlock()
	if c.isRecent(claimCheck) {
		return nil
	}
	all, err := s.readLives(ctx, fmt.Sprintf("source = %s", literal(id[:])))
	if err != nil {
		return err
	}
	if err := c.lostTo(all.last(id), s.process); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed[id] = claim{c.life, c.begin, time.Now().Round(0)}
	return nil
}
