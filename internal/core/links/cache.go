package links

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/sync/singleflight"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// MaxAge bounds how long an answer of the store is remembered.
	MaxAge = time.Minute

	// The bounds of what is remembered. Each is split evenly among the shards.
	maxKnown = 200_000 // links, by a name on one of our hosts
	maxRest  = 50_000  // names that are none, and links by names on strange hosts
	maxBytes = 128 << 20

	// shards keep visitors from waiting for each other's lock.
	shards = 16
)

// answer is what the store said when it was asked, which may be nothing: then
// the link is zero.
type answer struct {
	link  store.Link
	asked time.Time
}

// fresh tells whether the answer may be used without asking; the zero answer
// never may, whatever the clock says. A clock that was
// set back must not make it live longer.
func (a *answer) fresh(now time.Time) bool {
	age := now.Sub(a.asked)
	return !a.asked.IsZero() && age >= 0 && age < MaxAge
}

// shard remembers the answers about its share of the names.
type shard struct {
	flights singleflight.Group

	mu sync.Mutex
	// learnt counts the links made and deleted, so that a question that was
	// asked before does not say of them that there are none, or are still.
	learnt      uint64
	known, rest memory
}

// memory is the answers used last, as many as its bounds allow.
type memory struct {
	answers *simplelru.LRU[Place, answer]
	bytes   int // of the texts
	most    int
}

func (m *memory) init(size int) {
	lru, err := simplelru.NewLRU(size/shards, func(p Place, a answer) { m.bytes -= textBytes(p, &a) })
	if err != nil {
		panic(err) // the sizes are positive constants
	}
	m.answers, m.most = lru, maxBytes/2/shards
}

func (m *memory) add(p Place, a answer) {
	m.answers.Remove(p)
	m.bytes += textBytes(p, &a)
	m.answers.Add(p, a)
	for m.bytes > m.most && m.answers.Len() > 1 {
		m.answers.RemoveOldest()
	}
}

func textBytes(p Place, a *answer) int {
	return len(p.Host) + len(p.Name) + len(a.link.Hash) + len(a.link.AggregateHash) +
		len(a.link.LongURL) + len(a.link.Title) + len(a.link.Note)
}

func (s *shard) init() {
	s.known.init(maxKnown)
	s.rest.init(maxRest)
}

func (l *Links) shard(name string) *shard {
	return &l.shards[maphash.String(l.seed, name)%shards]
}

// memory is where links found on the host are kept. With strange hosts nobody
// can push out what our visitors ask for.
func (s *shard) memory(ours bool) *memory {
	if ours {
		return &s.known
	}
	return &s.rest
}

// recall is what is remembered of a name on a host, whether that is fresh, and
// how many links had been learnt by then. Of what is not fresh only links are
// recalled.
func (s *shard) recall(p Place, ours bool, now time.Time) (a answer, fresh bool, learnt uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ = s.memory(ours).answers.Get(p)
	if a.fresh(now) {
		return a, true, s.learnt
	}
	none, _ := s.rest.answers.Get(Place{Name: p.Name})
	if none.link.ID == 0 && none.fresh(now) {
		return none, true, s.learnt
	}
	return a, false, s.learnt
}

// remember keeps an answer to a question that was asked when so many links had
// been learnt.
func (s *shard) remember(p Place, ours bool, a answer, learnt uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case learnt != s.learnt:
	case a.link.ID != 0:
		s.memory(ours).add(p, a)
	default:
		s.memory(ours).answers.Remove(p)
		s.rest.add(Place{Name: p.Name}, a)
	}
}

// Forget forgets the links that gone says yes to: they were deleted.
func (l *Links) Forget(gone func(*store.Link) bool) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		s.learnt++
		for _, m := range []*memory{&s.known, &s.rest} {
			for _, p := range m.answers.Keys() {
				if a, ok := m.answers.Peek(p); ok && a.link.ID != 0 && gone(&a.link) {
					m.answers.Remove(p)
				}
			}
		}
		s.mu.Unlock()
	}
}

// Learn forgets what was said of the names of links that were imported.
func (l *Links) Learn(imported ...store.ForeignLink) {
	for i := range imported {
		f := &imported[i]
		l.learn(f.Hash, f.AggregateHash)
		if f.Keyword == "" {
			continue
		}
		l.learn(f.Keyword)
		s, p := l.shard(string(f.Keyword)), Place{weburl.Host(f.Domain), string(f.Keyword)}
		s.mu.Lock()
		s.known.answers.Remove(p) // a hash of that name, which the keyword hides
		s.rest.answers.Remove(p)
		s.mu.Unlock()
	}
}

// learn forgets that there were no links of these names.
func (l *Links) learn(names ...click.Hash) {
	for _, name := range names {
		s := l.shard(string(name))
		s.mu.Lock()
		s.learnt++
		s.rest.answers.Remove(Place{Name: string(name)})
		s.mu.Unlock()
	}
}
