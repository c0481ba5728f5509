package links

import (
	"hash/maphash"
	"math"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/footfall/footfall/internal/base/cache"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// LookupAge is the longest time for which an answer of the store is used without
	// asking again, unless Options.SoleWriter is set. Changed ends it earlier. For how long browsers
	// remember a redirect is redirect.Options.MaxAge.
	LookupAge = time.Minute
	// untilChanged is the age of answers with Options.SoleWriter: no end.
	untilChanged = time.Duration(math.MaxInt64)

	// The bounds of what is remembered. Each is split evenly among the shards.
	maxOwnHosts = 200_000 // answers in shard.ownHosts
	maxOthers   = 100_000 // answers in shard.others: two for each unknown name
	maxBytes    = 128 << 20

	// shards keep visitors from waiting for each other's lock.
	shards = 16
)

// shard remembers the answers about its share of the names.
type shard struct {
	flights  singleflight.Group
	ownHosts *cache.Answers[question, store.Link] // links by a name on one of our hosts
	// others has links by a name on hosts of others, and the zero link for each unknown
	// name. That is unknown on every host, so its question has no host.
	others *cache.Answers[question, store.Link]
}

// question is what the store is asked about a name as visitors write it.
type question struct {
	host string
	spelling
}

// spelling is a name, or what store.FoldName makes of it: then the question is about
// keywords in any case.
type spelling struct {
	name    string
	anyCase bool
}

func (s *shard) init(age time.Duration) {
	o := cache.Options[question, store.Link]{Age: age, Bytes: maxBytes / 2 / shards, Size: textBytes}
	o.Entries = maxOwnHosts / shards
	s.ownHosts = cache.New(o)
	o.Entries = maxOthers / shards
	s.others = cache.New(o)
}

// age is for how long an answer is used without asking again.
func (l *Links) age() time.Duration {
	if l.soleWriter {
		return untilChanged
	}
	return LookupAge
}

func textBytes(q question, l *store.Link) int {
	return len(q.host) + len(q.name) + len(l.Hash) + len(l.AggregateHash) + len(l.LongURL) + len(l.Title) + len(l.Note) + len(l.Tags) + len(l.ExpiredURL)
}

func (l *Links) shard(name string) *shard {
	return &l.shards[maphash.String(l.seed, name)%shards]
}

// links is the cache of links on our hosts, or that on other hosts. There are two, so that
// requests for other hosts cannot push out the links that our visitors ask for.
func (s *shard) links(ours bool) *cache.Answers[question, store.Link] {
	if ours {
		return s.ownHosts
	}
	return s.others
}

// generations are those of both caches before a question to the store.
type generations struct{ links, unknown cache.Generation }

// recall returns the remembered answer, and whether it is fresh. An answer that is not
// fresh may still be a link.
func (s *shard) recall(q question, ours bool, now time.Time) (l store.Link, fresh bool, g generations) {
	l, fresh, g.links = s.links(ours).Get(q, now)
	if fresh {
		return l, true, g
	}
	unknown, fresh, generation := s.others.Get(question{spelling: q.spelling}, now)
	if fresh && unknown.ID == 0 {
		return unknown, true, g
	}
	g.unknown = generation
	return l, false, g
}

// remember keeps the answer to a question.
func (s *shard) remember(q question, ours bool, l store.Link, asked time.Time, g generations) {
	if l.ID != 0 {
		s.links(ours).Add(q, l, asked, g.links)
		return
	}
	s.links(ours).Drop(q)
	s.others.Add(question{spelling: q.spelling}, l, asked, g.unknown)
}

// Forget forgets the links for which gone returns true, because they were deleted.
func (l *Links) Forget(gone func(*store.Link) bool) {
	for i := range l.shards {
		l.shards[i].forgetIf(func(_ question, l *store.Link) bool { return l.ID != 0 && gone(l) })
	}
}

func (s *shard) forgetIf(changed func(question, *store.Link) bool) {
	s.ownHosts.ForgetIf(changed)
	s.others.ForgetIf(changed)
}

// wrote forgets what was changed here. With Options.SoleWriter the store has called Changed already.
func (l *Links) wrote(c store.Change) {
	if !l.soleWriter {
		l.Changed(c)
	}
}

// Changed forgets what changed, here or in another process. If that may be anything, remembered links
// are used again only if the store does not answer.
func (l *Links) Changed(c store.Change) {
	if c.All {
		for i := range l.shards {
			l.shards[i].ownHosts.Expire()
			l.shards[i].others.Expire()
		}
		return
	}
	if len(c.Links)+len(c.Owners) > 0 || c.Aggregates {
		changed, owners := setOf(c.Links), setOf(c.Owners)
		l.Forget(func(l *store.Link) bool {
			return changed[l.ID] || owners[l.User] || c.Aggregates && l.User == click.Nobody
		})
	}
	l.forgetUnknown(c.Names...)
	l.forgetKeywords(c.Keywords...)
}

func setOf[K comparable](keys []K) map[K]bool {
	set := make(map[K]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// ForgetImported forgets cached answers about the names of imported links. With Options.SoleWriter
// it does nothing, because the store has called Changed.
func (l *Links) ForgetImported(imported ...store.ForeignLink) {
	var c store.Change
	for i := range imported {
		f := &imported[i]
		c.Names = append(c.Names, f.Hash, f.AggregateHash)
		if f.Keyword != "" {
			c.Keywords = append(c.Keywords, store.Keyword{Domain: f.Domain, Keyword: f.Keyword})
		}
	}
	l.wrote(c)
}

// forgetUnknown forgets that there were no links of these names.
func (l *Links) forgetUnknown(names ...click.Hash) {
	for _, name := range names {
		s := l.shard(string(name))
		s.ownHosts.Forget()
		s.others.Forget(question{spelling: spelling{name: string(name)}})
	}
}

// forgetKeywords forgets the answers that new keywords change: that a name is unknown,
// and links that the keyword hides.
func (l *Links) forgetKeywords(keywords ...store.Keyword) {
	everywhere := map[*shard]map[spelling]bool{}
	for _, k := range keywords {
		for _, of := range [...]spelling{{string(k.Keyword), false}, {store.FoldName(k.Keyword), true}} {
			s := l.shard(of.name)
			if k.Domain == "" {
				if everywhere[s] == nil {
					everywhere[s] = map[spelling]bool{}
				}
				everywhere[s][of] = true
				continue
			}
			q := question{weburl.Host(k.Domain), of}
			s.ownHosts.Forget(q)
			s.others.Forget(q, question{spelling: of})
		}
	}
	// The hosts of questions are not known, so all are looked through.
	for s, names := range everywhere {
		s.forgetIf(func(q question, _ *store.Link) bool { return names[q.spelling] })
	}
}
