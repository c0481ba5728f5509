package server

import (
	"cmp"
	"container/heap"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/core/geo"
)

const (
	// plentyOfConnections is the most there are unless told otherwise.
	plentyOfConnections = 10_000
	// shareOfAddress is the part of all connections that one address may hold,
	// and fewOfAddress is how many it may hold in any case.
	shareOfAddress, fewOfAddress = 4, 16
	// kernelBuffer is what the kernel holds of what a connection sends and
	// receives, in bytes; it doubles them for its own needs. A client that does
	// not read would be given megabytes else.
	kernelBuffer = 64 << 10
	// heldByConnection is how many bytes the requests of a connection may hold on
	// average, and heldAlways how many those of all may in any case.
	heldByConnection, heldAlways = 8 << 10, 32 << 20
)

// MostConnections is how many connections leave the process enough of the files
// that it may open.
func MostConnections() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 512
	}
	return int(min(max(l.Cur/4*3, 16), 1<<20))
}

// DefaultConnections is how many connections there are at once unless told
// otherwise.
func DefaultConnections() int { return min(MostConnections(), plentyOfConnections) }

// connections bounds the connections of all listeners that are open at once, in all
// and for each address, and what their requests hold in memory. Where a bound is reached, a
// connection gives way to the one that comes: of the address that has most of
// them, the one that has waited for its client longest. While the server owes a
// connection an answer, it gives way to none but those of its own address, where
// all of these wait for the server.
//
// See docs/adr/015.
type connections struct {
	most, share int
	mostHeld    int64                 // bytes
	proxy       func(netip.Addr) bool // whose addresses stand for many clients
	patience    time.Duration         // with a request whose beginning has come

	held atomic.Int64 // bytes, by all

	mu      sync.Mutex
	change  sync.Cond // one was closed, or waits for its client now
	open    int
	clock   uint64 // counts what happens, so that it has an order
	origins map[netip.Prefix]*origin
	order   pile[*origin] // the one that gives way first is the first
}

// origin is an address, as geo.Network cuts it, and its connections.
type origin struct {
	network netip.Prefix
	proxy   bool
	all     map[*connection]struct{}
	waits   pile[*connection] // those that wait for their client, the one that does longest first
	at      int
}

// weight is how much the origin is to give: one connection for a proxy, which
// stands for many clients.
func (p *origin) weight() int {
	if p.proxy {
		return min(len(p.waits), 1)
	}
	return len(p.waits)
}

func (p *origin) before(o *origin) bool {
	if p.weight() != o.weight() {
		return p.weight() > o.weight()
	}
	return len(p.waits) > 0 && p.waits[0].before(o.waits[0])
}

// next is the connection that gives way where the origin has its share: where all
// wait for the server, the one that wants most of it.
func (p *origin) next() *connection {
	if len(p.waits) > 0 {
		return p.waits[0]
	}
	var most *connection
	for c := range p.all {
		if most == nil || c.owed > most.owed || c.owed == most.owed && c.before(most) {
			most = c
		}
	}
	return most
}

func (p *origin) index() *int { return &p.at }

func limitConnections(most int, patience time.Duration, proxy func(netip.Addr) bool) *connections {
	c := &connections{
		most: most, share: max(most/shareOfAddress, min(most, fewOfAddress)),
		mostHeld: max(heldByConnection*int64(most), heldAlways), proxy: proxy, patience: patience,
		origins: map[netip.Prefix]*origin{},
	}
	c.change.L = &c.mu
	return c
}

// admit lets a connection in by a door, once another one has given way where need
// be; false where nobody is let in there any more.
func (l *connections) admit(c *connection, by *door) bool {
	var remote netip.Addr
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		remote = a.AddrPort().Addr()
	}
	network := geo.Network(remote)
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.origins[network]; p != nil && !p.proxy && len(p.all) >= l.share {
		l.evict(p.next())
	}
	for l.open >= l.most && !by.closed {
		if len(l.order) > 0 && len(l.order[0].waits) > 0 {
			l.evict(l.order[0].waits[0])
			continue
		}
		l.change.Wait()
	}
	if by.closed {
		return false
	}
	p := l.origins[network]
	if p == nil {
		p = &origin{network: network, proxy: l.proxy != nil && l.proxy(remote.Unmap()), all: map[*connection]struct{}{}}
		l.origins[network] = p
		heap.Push(&l.order, p)
	}
	l.clock++
	c.from, c.since = p, l.clock
	p.all[c] = struct{}{}
	l.open++
	heap.Push(&p.waits, c)
	heap.Fix(&l.order, p.at)
	return true
}

// evict closes a connection, with mu held: so it cannot turn to a request of its
// client meanwhile. Closing waits until whoever reads or writes has noticed.
func (l *connections) evict(c *connection) {
	l.remove(c)
	_ = c.Conn.Close() // its server sees it
}

// remove takes a connection out of the books, with mu held.
func (l *connections) remove(c *connection) {
	p := c.from
	if p == nil {
		return
	}
	c.from = nil
	l.open--
	delete(p.all, c)
	if c.owed == 0 {
		heap.Remove(&p.waits, c.at)
	}
	if len(p.all) == 0 {
		heap.Remove(&l.order, p.at)
		delete(l.origins, p.network)
	} else {
		heap.Fix(&l.order, p.at)
	}
	c.discharge()
	l.change.Broadcast() // each listener may wait
}

// owe says that a connection waits for the server (1), or for its client again
// (-1), for one request more. A client that was answered is new again.
func (l *connections) owe(c *connection, n int, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := c.from
	if p == nil {
		return // it gave way
	}
	if answered {
		l.clock++
		c.since = l.clock
	}
	was := c.owed == 0
	c.owed += n
	switch is := c.owed == 0; {
	case was && !is:
		heap.Remove(&p.waits, c.at)
	case !was && is:
		heap.Push(&p.waits, c)
		l.change.Broadcast()
	default:
		return
	}
	heap.Fix(&l.order, p.at)
}

// relieve closes connections until their requests hold less than they may: of
// the address that holds most, those that hold most. Of a proxy that is one
// connection, which may be a single client's.
func (l *connections) relieve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held.Load() <= l.mostHeld {
		return
	}
	for enough := l.mostHeld / 8 * 7; l.held.Load() > enough; {
		var heaviest *origin
		var most int64
		for _, p := range l.origins {
			if held := p.held(); held > most {
				heaviest, most = p, held
			}
		}
		if heaviest == nil {
			return // somebody is about to give it back
		}
		heavy := slices.SortedFunc(maps.Keys(heaviest.all), func(a, b *connection) int { return cmp.Compare(b.held.Load(), a.held.Load()) })
		if heaviest.proxy {
			heavy = heavy[:1]
		}
		for _, c := range heavy {
			if l.evict(c); l.held.Load() <= enough {
				break
			}
		}
	}
}

// held is how many bytes the origin holds: all of an address, and the most of any
// connection of a proxy.
func (p *origin) held() (bytes int64) {
	for c := range p.all {
		if p.proxy {
			bytes = max(bytes, c.held.Load())
		} else {
			bytes += c.held.Load()
		}
	}
	return bytes
}

// pile is a heap whose members know where they lie.
type pile[T member[T]] []T

type member[T any] interface {
	before(T) bool // it comes first
	index() *int   // where it lies
}

var (
	_ member[*origin]     = (*origin)(nil)
	_ member[*connection] = (*connection)(nil)
)

func (p pile[T]) Len() int           { return len(p) }
func (p pile[T]) Less(i, j int) bool { return p[i].before(p[j]) }

func (p pile[T]) Swap(i, j int) {
	p[i], p[j] = p[j], p[i]
	*p[i].index(), *p[j].index() = i, j
}

// Push is of heap.Interface.
func (p *pile[T]) Push(x any) {
	t := x.(T)
	*t.index() = len(*p)
	*p = append(*p, t)
}

// Pop is of heap.Interface.
func (p *pile[T]) Pop() any {
	last := len(*p) - 1
	t := (*p)[last]
	var none T
	(*p)[last] = none
	*p = (*p)[:last]
	return t
}
