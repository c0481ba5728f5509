package links

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MaxName is the length of a name, in bytes. Longer ones are never looked up.
	MaxName = 128

	// lookupTimeout bounds the time that the store takes to answer about a name.
	lookupTimeout = 2 * time.Second
	// respite is the time for which an old answer is used after the store failed, until
	// the store is asked again.
	respite = time.Second
)

var errUnknown = fmt.Errorf("links: resolve: %w", click.ErrNotFound)

// Resolve finds the link of a path as a request to the host sees it: the keyword of
// that host in any spelling, with any port, otherwise the link of that name
// anywhere. path has no slash at its start, and may mean several names (see
// tryNames). If none of them is known, it is the link of a keyword that differs from the
// last of them in case alone. It fails with click.ErrNotFound if there is no such link, and
// for a name that is reserved, longer than MaxName, not UTF-8, or holds a control
// character.
//
// Answers are up to LookupAge old, by the clock of Options; with Options.SoleWriter they are never old. A
// link that Shorten or Name returned, or that ForgetImported was given, is found at once. If the store cannot answer,
// the last answer that was a link is used, of any age; without one the
// error is the store's, never click.ErrNotFound.
func (l *Links) Resolve(ctx context.Context, host, path string) (store.Link, error) {
	host = l.hostName(host)
	link, _, err := tryNames(path, func(name string) (store.Link, error) {
		return l.resolve(ctx, question{host, spelling{name: name}})
	})
	if name := withoutPunctuation(path); errors.Is(err, click.ErrNotFound) && mayBeName(name) {
		return l.resolve(ctx, question{host, spelling{store.FoldName(click.Hash(name)), true}})
	}
	return link, err
}

// askedHost is the Host header of a visit, and the name of that host.
type askedHost struct{ header, name string }

// hostName is weburl.Host. It remembers the last answer, because nearly all visitors ask one host.
func (l *Links) hostName(header string) string {
	if last := l.lastHost.Load(); last != nil && last.header == header {
		return last.name
	}
	h := &askedHost{strings.Clone(header), weburl.Host(header)}
	l.lastHost.Store(h)
	return h.name
}

func (l *Links) resolve(ctx context.Context, q question) (store.Link, error) {
	if len(q.name) > MaxName && !q.anyCase {
		return store.Link{}, errUnknown
	}
	ours := len(l.hosts) == 0 || l.hosts[q.host]
	s := l.shard(q.name)
	link, fresh, g := s.recall(q, ours, l.now())
	if !fresh {
		if !q.anyCase && !mayBeName(q.name) {
			return store.Link{}, errUnknown
		}
		var err error
		if link, err = l.ask(ctx, s, q, ours, g, link); err != nil {
			return store.Link{}, fmt.Errorf("links: resolve: %w", err)
		}
	}
	if link.ID == 0 {
		return store.Link{}, errUnknown
	}
	return link, nil
}

// ask asks the store. Callers with the same question share one answer.
// A caller that leaves gets old, if that is a link.
func (l *Links) ask(ctx context.Context, s *shard, q question, ours bool, g generations, old store.Link) (store.Link, error) {
	// The key has the generations, so that a question asked before a change does not
	// answer one asked after it.
	key := fmt.Sprintf("%x\x00%x\x00%t\x00%s\x00%s", g.links, g.unknown, q.anyCase, q.host, q.name)
	// A caller that leaves does not cancel the question: others may wait for the answer.
	shared := context.WithoutCancel(ctx)
	flight := s.flights.DoChan(key, func() (any, error) { return l.askStore(shared, s, q, ours, g, old) })
	select {
	case r := <-flight:
		link, _ := r.Val.(store.Link)
		return link, r.Err
	case <-ctx.Done():
		if old.ID != 0 {
			return old, nil
		}
		return store.Link{}, ctx.Err()
	}
}

// askStore asks the store, for lookupTimeout at most, and caches the answer; an unknown name
// has the zero link. If the store fails, the answer is old, if that is a link.
func (l *Links) askStore(ctx context.Context, s *shard, q question, ours bool, g generations, old store.Link) (store.Link, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	asked := l.now()
	find := l.links.LinkByName
	if q.anyCase {
		find = l.links.LinkByKeyword
	}
	link, err := find(ctx, q.host, click.Hash(q.name))
	switch {
	case err == nil:
	case errors.Is(err, click.ErrNotFound):
		link = store.Link{}
	case old.ID != 0:
		link, asked = old, asked.Add(respite-l.age())
	case errors.Is(err, context.DeadlineExceeded):
		return link, fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	default:
		return link, err
	}
	s.remember(q, ours, link, asked, g)
	return link, nil
}
