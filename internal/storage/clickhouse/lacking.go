package clickhouse

import (
	"context"
	"sync/atomic"
)

// lacking says whether a server may lack rows that other replicas have, and counts how often it was
// set: what is noticed while rows are fetched must not be cleared with them. The zero value says
// that it lacks nothing.
type lacking struct {
	state atomic.Uint64 // 4 times the count, plus the bits
}

const lacksBit, emptyBit, lackingStep = 1, 2, 4

// set says that the server may lack rows. With empty, its tables were made again, and have fetched
// nothing for sure.
func (l *lacking) set(empty bool) {
	for {
		old := l.state.Load()
		now := (old + lackingStep) | lacksBit
		if empty {
			now |= emptyBit
		}
		if l.state.CompareAndSwap(old, now) {
			return
		}
	}
}

// rows reports whether the server may lack rows. Others are preferred until it has fetched
// everything.
func (l *lacking) rows() bool { return l.state.Load()&lacksBit != 0 }

// all reports whether the tables may be empty. Then the server answers no question.
func (l *lacking) all() bool { return l.state.Load()&emptyBit != 0 }

// fetch waits until the server has fetched what it lacks. If something else is noticed meanwhile, it
// still lacks rows after that.
func (n *node) fetch(ctx context.Context) error {
	seen := n.lacks.state.Load()
	if err := n.syncReplica(ctx, n.tables()...); err != nil {
		return err
	}
	n.lacks.state.CompareAndSwap(seen, seen&^(lacksBit|emptyBit))
	return nil
}
