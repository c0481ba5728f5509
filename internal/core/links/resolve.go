package links

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
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

// Resolve finds the link of a name as a request to the host sees it: the
// keyword of that host, whatever its port and case, else the link of that name
// anywhere. A name with slashes at its ends that is none is the one without them:
// people, programs and servers that join addresses add them. It fails with click.ErrNotFound where there is none, where the name
// is reserved, longer than MaxName, not UTF-8, or holds a control character.
//
// Answers are up to MaxAge old, by the clock of Options. A link that Shorten
// returned, or that Learn was told of, is found at once. Where the store cannot
// answer, the last answer that was a link is used, however old it is, and
// otherwise the error is the store's, never click.ErrNotFound.
func (l *Links) Resolve(ctx context.Context, host, name string) (store.Link, error) {
	return withoutSlashes(name, func(name string) (store.Link, error) { return l.resolve(ctx, host, name) })
}

// withoutSlashes finds a name as it is, and if there is none, without the slash at
// its end, and then without all at both ends.
func withoutSlashes(name string, find func(string) (store.Link, error)) (store.Link, error) {
	link, err := find(name)
	for _, shorter := range []string{strings.TrimSuffix(name, "/"), strings.Trim(name, "/")} {
		if shorter != name && shorter != "" && errors.Is(err, click.ErrNotFound) {
			name = shorter
			link, err = find(name)
		}
	}
	return link, err
}

func (l *Links) resolve(ctx context.Context, host, name string) (store.Link, error) {
	if len(name) > MaxName {
		return store.Link{}, errUnknown
	}
	p := place{host: hostname(host), name: name}
	ours := len(l.hosts) == 0 || l.hosts[p.host]
	s := l.shard(name)
	a, fresh, learnt := s.recall(p, ours, l.now())
	if !fresh {
		if name == "" || !printable(name) || Reserved(name) {
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
func (l *Links) ask(ctx context.Context, s *shard, p place, ours bool, learnt uint64, old answer) (answer, error) {
	flight := s.flights.DoChan(strconv.FormatUint(learnt, 36)+"\x00"+p.host+"\x00"+p.name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		a := answer{asked: l.now()}
		var err error
		a.link, err = l.links.LinkByName(ctx, p.host, click.Hash(p.name))
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
