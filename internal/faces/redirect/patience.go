package redirect

import (
	"context"
	"sync/atomic"
	"time"
)

// patience gives contexts that end RecordTimeout after a click came, or patienceShared earlier. Clicks that come
// at nearly the same time share one, because a timer for each click costs as much as writing the click.
type patience struct{ last atomic.Pointer[sharedContext] }

type sharedContext struct {
	context.Context
	began time.Time
}

// patienceShared is the time within which clicks share a context.
const patienceShared = 50 * time.Millisecond

func (p *patience) context() context.Context {
	now := time.Now()
	if s := p.last.Load(); s != nil && now.Sub(s.began) < patienceShared {
		return s
	}
	ctx, cancel := context.WithTimeout(context.Background(), RecordTimeout)
	context.AfterFunc(ctx, cancel) // its timer has run out: that frees what it takes
	s := &sharedContext{ctx, now}
	p.last.Store(s)
	return s
}
