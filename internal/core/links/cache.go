package links

import (
	"hash/maphash"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/footfall/footfall/internal/base/cache"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MaxAge bounds how long an answer of the store is remembered.
	MaxAge = time.Minute

	// The bounds of what is remembered. Each is split evenly among the shards.
	maxKnown = 200_000 // links, by a name on one of our hosts
	maxRest  = 50_000  // unknown names, and links by names on hosts of others
	maxBytes = 128 << 20

	// shards keep visitors from waiting for each other's lock.
	shards = 16
)

// shard remembers the answers about its share of the names. An unknown name has the
// zero link. It is unknown on every host, so it is kept without one.
type shard struct {
	flights     singleflight.Group
	known, rest *cache.Answers[Place, store.Link]
}

func (s *shard) init() {
	o := cache.Options[Place, store.Link]{Age: MaxAge, Bytes: maxBytes / 2 / shards, Size: textBytes}
	o.Entries = maxKnown / shards
	s.known = cache.New(o)
	o.Entries = maxRest / shards
	s.rest = cache.New(o)
}

func textBytes(p Place, l *store.Link) int {
	return len(p.Host) + len(p.Name) + len(l.Hash) + len(l.AggregateHash) + len(l.LongURL) + len(l.Title) + len(l.Note)
}

func (l *Links) shard(name string) *shard {
	return &l.shards[maphash.String(l.seed, name)%shards]
}

// links is the cache for our hosts, or the one for all other hosts: strangers cannot
// push out what our visitors ask for.
func (s *shard) links(ours bool) *cache.Answers[Place, store.Link] {
	if ours {
		return s.known
	}
	return s.rest
}

// generation has the generations of both caches at the time of a question to the
// store.
type generation struct{ links, unknown cache.Generation }

// recall returns what is remembered of a name on a host, and whether that is fresh.
// An answer that is not fresh may still be a link.
func (s *shard) recall(p Place, ours bool, now time.Time) (l store.Link, fresh bool, g generation) {
	l, fresh, g.links = s.links(ours).Get(p, now)
	if fresh {
		return l, true, g
	}
	unknown, fresh, of := s.rest.Get(Place{Name: p.Name}, now)
	if fresh && unknown.ID == 0 {
		return unknown, true, g
	}
	g.unknown = of
	return l, false, g
}

// remember keeps the answer to a question.
func (s *shard) remember(p Place, ours bool, l store.Link, asked time.Time, g generation) {
	if l.ID != 0 {
		s.links(ours).Add(p, l, asked, g.links)
		return
	}
	s.links(ours).Drop(p)
	s.rest.Add(Place{Name: p.Name}, l, asked, g.unknown)
}

// Forget forgets the links for which gone returns true, because they were deleted.
func (l *Links) Forget(gone func(*store.Link) bool) {
	for i := range l.shards {
		for _, answers := range [...]*cache.Answers[Place, store.Link]{l.shards[i].known, l.shards[i].rest} {
			answers.ForgetIf(func(l *store.Link) bool { return l.ID != 0 && gone(l) })
		}
	}
}

// ForgetImported forgets cached answers about the names of imported links.
func (l *Links) ForgetImported(imported ...store.ForeignLink) {
	for i := range imported {
		f := &imported[i]
		l.forgetUnknown(f.Hash, f.AggregateHash)
		if f.Keyword == "" {
			continue
		}
		l.forgetUnknown(f.Keyword)
		s, p := l.shard(string(f.Keyword)), Place{weburl.Host(f.Domain), string(f.Keyword)}
		s.known.Drop(p) // a hash of that name, which the keyword hides
		s.rest.Drop(p)
	}
}

// forgetUnknown forgets that there were no links of these names.
func (l *Links) forgetUnknown(names ...click.Hash) {
	for _, name := range names {
		s := l.shard(string(name))
		s.known.Forget()
		s.rest.Forget(Place{Name: string(name)})
	}
}
