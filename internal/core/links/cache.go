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
	// LookupAge is the longest time for which an answer of the store is used without
	// asking again. In that time another process may have deleted or made a link. The
	// time that browsers remember a redirect is redirect.Options.MaxAge.
	LookupAge = time.Minute

	// The bounds of what is remembered. Each is split evenly among the shards.
	maxOwnHosts = 200_000 // answers in shard.ownHosts
	maxOthers   = 50_000  // answers in shard.others
	maxBytes    = 128 << 20

	// shards keep visitors from waiting for each other's lock.
	shards = 16
)

// shard remembers the answers about its share of the names.
type shard struct {
	flights  singleflight.Group
	ownHosts *cache.Answers[Place, store.Link] // links by a name on one of our hosts
	// others has links by a name on hosts of others, and the zero link for each unknown
	// name. That is unknown on every host, so its Place has no host.
	others *cache.Answers[Place, store.Link]
}

func (s *shard) init() {
	o := cache.Options[Place, store.Link]{Age: LookupAge, Bytes: maxBytes / 2 / shards, Size: textBytes}
	o.Entries = maxOwnHosts / shards
	s.ownHosts = cache.New(o)
	o.Entries = maxOthers / shards
	s.others = cache.New(o)
}

func textBytes(p Place, l *store.Link) int {
	return len(p.Host) + len(p.Name) + len(l.Hash) + len(l.AggregateHash) + len(l.LongURL) + len(l.Title) + len(l.Note)
}

func (l *Links) shard(name string) *shard {
	return &l.shards[maphash.String(l.seed, name)%shards]
}

// links is the cache of links on our hosts, or that on other hosts. There are two, so that
// requests for other hosts cannot push out the links that our visitors ask for.
func (s *shard) links(ours bool) *cache.Answers[Place, store.Link] {
	if ours {
		return s.ownHosts
	}
	return s.others
}

// generations are those of both caches before a question to the store.
type generations struct{ links, unknown cache.Generation }

// recall returns the remembered answer about a place, and whether it is fresh. An answer
// that is not fresh may still be a link.
func (s *shard) recall(p Place, ours bool, now time.Time) (l store.Link, fresh bool, g generations) {
	l, fresh, g.links = s.links(ours).Get(p, now)
	if fresh {
		return l, true, g
	}
	unknown, fresh, generation := s.others.Get(Place{Name: p.Name}, now)
	if fresh && unknown.ID == 0 {
		return unknown, true, g
	}
	g.unknown = generation
	return l, false, g
}

// remember keeps the answer to a question.
func (s *shard) remember(p Place, ours bool, l store.Link, asked time.Time, g generations) {
	if l.ID != 0 {
		s.links(ours).Add(p, l, asked, g.links)
		return
	}
	s.links(ours).Drop(p)
	s.others.Add(Place{Name: p.Name}, l, asked, g.unknown)
}

// Forget forgets the links for which gone returns true, because they were deleted.
func (l *Links) Forget(gone func(*store.Link) bool) {
	for i := range l.shards {
		for _, answers := range [...]*cache.Answers[Place, store.Link]{l.shards[i].ownHosts, l.shards[i].others} {
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
		s.ownHosts.Drop(p) // a hash of that name, which the keyword hides
		s.others.Drop(p)
	}
}

// forgetUnknown forgets that there were no links of these names.
func (l *Links) forgetUnknown(names ...click.Hash) {
	for _, name := range names {
		s := l.shard(string(name))
		s.ownHosts.Forget()
		s.others.Forget(Place{Name: string(name)})
	}
}
