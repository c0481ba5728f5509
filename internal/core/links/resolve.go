package links

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MaxName bounds the names that are looked up, in bytes.
	MaxName = 128

	// patience bounds how long the store is asked about one name.
	patience = 2 * time.Second
	// respite is how long an old answer is used after the store failed, before
	// the store is asked again.
	respite = time.Second
)

var errUnknown = fmt.Errorf("links: resolve: %w", click.ErrNotFound)

// Resolve finds the link of a path as a request to the host sees it: the keyword of
// that host, whatever its port and spelling, otherwise the link of that name
// anywhere. path has no slash at its start; what names it may mean, firstReading
// says. It fails with click.ErrNotFound if there is no such link, and for a name that
// is reserved, longer than MaxName, not UTF-8, or holds a control character.
//
// Answers are up to MaxAge old, by the clock of Options. A link that Shorten
// returned, or that Learn was given, is found at once. If the store cannot answer,
// the last answer that was a link is used, however old it is; without one the
// error is the store's, never click.ErrNotFound.
func (l *Links) Resolve(ctx context.Context, host, path string) (store.Link, error) {
	host = weburl.Host(host)
	link, _, err := firstReading(path, func(name string) (store.Link, error) { return l.resolve(ctx, Place{host, name}) })
	return link, err
}

func (l *Links) resolve(ctx context.Context, p Place) (store.Link, error) {
	if len(p.Name) > MaxName {
		return store.Link{}, errUnknown
	}
	ours := len(l.hosts) == 0 || l.hosts[p.Host]
	s := l.shard(p.Name)
	a, fresh, learnt := s.recall(p, ours, l.now())
	if !fresh {
		if !mayBeName(p.Name) {
			return store.Link{}, errUnknown
		}
		var err error
		if a, err = l.ask(ctx, s, p, ours, learnt, a); err != nil {
			return store.Link{}, fmt.Errorf("links: resolve: %w", err)
		}
	}
	if a.link.ID == 0 {
		return store.Link{}, errUnknown
	}
	return a.link, nil
}

// ask asks the store, once for all who ask the same at the same time, and
// remembers the answer. Who leaves does not take the question along. Questions
// from before a link was learnt are not the same as those from after it.
func (l *Links) ask(ctx context.Context, s *shard, p Place, ours bool, learnt uint64, old answer) (answer, error) {
	flight := s.flights.DoChan(strconv.FormatUint(learnt, 36)+"\x00"+p.Host+"\x00"+p.Name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		a := answer{asked: l.now()}
		var err error
		a.link, err = l.links.LinkByName(ctx, p.Host, click.Hash(p.Name))
		switch {
		case err == nil, errors.Is(err, click.ErrNotFound):
		case old.link.ID != 0:
			a = answer{link: old.link, asked: a.asked.Add(respite - MaxAge)}
		case errors.Is(err, context.DeadlineExceeded):
			return a, fmt.Errorf("%w: %w", click.ErrUnavailable, err)
		default:
			return a, err
		}
		s.remember(p, ours, a, learnt)
		return a, nil
	})
	select {
	case r := <-flight:
		a, _ := r.Val.(answer)
		return a, r.Err
	case <-ctx.Done():
		if old.link.ID != 0 {
			return old, nil
		}
		return answer{}, ctx.Err()
	}
}
