package journal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// AppendWithin is Append for many calls at the same time, for which a context each would cost more than the
// record. It fails with context.DeadlineExceeded if the record is not durable after the patience; then it
// usually will be. The calls that share a write share the patience of the first one, so some wait less.
func (j *Journal) AppendWithin(patience time.Duration, record []byte) error {
	if len(record) == 0 || len(record) > MaxRecord {
		return fmt.Errorf("journal: append %d bytes: %w", len(record), ErrSize)
	}
	g, p := j.join(patience, record)
	if p != nil {
		return wrapAppend(p.wait(g))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if g != nil {
		return wrapAppend(g.wait(ctx))
	}
	_, err := j.Append(ctx, record)
	return err
}

func wrapAppend(err error) error {
	if err != nil {
		return fmt.Errorf("journal: append: %w", err)
	}
	return nil
}

// join puts a copy of the record into the pending group. The group is nil if it has no room, or the journal is
// closed; the patience is nil if the call cannot share it.
func (j *Journal) join(patience time.Duration, record []byte) (*group, *sharedPatience) {
	j.mu.Lock()
	g := j.pending
	if j.closing || !g.hasRoom(record) {
		j.mu.Unlock()
		return nil, nil
	}
	g.put(record)
	first := g.records == 1
	if g.patience == nil {
		g.patience = startPatience(patience)
	}
	p := g.patience
	j.mu.Unlock()
	if first {
		j.wakeCommitter()
	}
	select {
	case <-p.over: // before this call
		return g, nil
	default:
	}
	if p.lasts > patience {
		return g, nil
	}
	return g, p
}

// sharedPatience is how long calls of AppendWithin wait for one group.
type sharedPatience struct {
	lasts time.Duration
	over  chan struct{} // closed when it has run out, or the group is done
	end   func()        // closes over
	timer *time.Timer
}

func startPatience(lasts time.Duration) *sharedPatience {
	over := make(chan struct{})
	end := sync.OnceFunc(func() { close(over) })
	return &sharedPatience{lasts, over, end, time.AfterFunc(lasts, end)}
}

// stop ends the wait because the group is done.
func (p *sharedPatience) stop() {
	if p != nil {
		p.timer.Stop()
		p.end()
	}
}

// wait waits until the group is durable or has failed, or the patience has run out.
func (p *sharedPatience) wait(g *group) error {
	<-p.over
	select {
	case <-g.done:
		return g.err
	default:
		return context.DeadlineExceeded
	}
}
