package server

import (
	"container/heap"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/core/geo"
)

const (
	// defaultMaxConns is the maximum number of open connections, unless an option sets
	// another one.
	defaultMaxConns = 10_000
	// A network may have 1/networkShare of all connections, and minPerNetwork in any
	// case.
	networkShare, minPerNetwork = 4, 16
)

// MostConnections returns the highest maximum of connections that leaves the process
// enough of the files that it may open.
func MostConnections() int {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 512
	}
	return int(min(max(l.Cur/4*3, 16), 1<<20))
}

// DefaultConnections returns the maximum number of open connections, unless an option
// sets another one.
func DefaultConnections() int { return min(MostConnections(), defaultMaxConns) }

// connLimiter limits the connections of several listeners together: how many are
// open, in all and of each network, and how much memory their requests take. At a
// limit it closes one connection to admit the next: of the network that has most
// connections, the one that has waited for its client longest. It does not close a
// connection that waits for the server, except for another one of the same
// network when all connections of that network wait for the server.
//
// See docs/adr/015.
type connLimiter struct {
	maxConns, maxPerNetwork int
	maxMemory               int64                 // bytes
	isProxy                 func(netip.Addr) bool // whether many clients share an address
	headerTimeout           time.Duration         // for a request of which the beginning has come

	memory atomic.Int64 // bytes that the requests of all connections take

	mu       sync.Mutex
	changed  sync.Cond // a connection was closed, or waits for its client now, or a listener was closed
	open     int
	sequence uint64 // grows with each event, and so orders them
	networks map[netip.Prefix]*network
	order    indexedHeap[*network] // the first gives way first
}

func newConnLimiter(maxConns int, headerTimeout time.Duration, isProxy func(netip.Addr) bool) *connLimiter {
	l := &connLimiter{
		maxConns: maxConns, maxPerNetwork: max(maxConns/networkShare, min(maxConns, minPerNetwork)),
		maxMemory: max(memoryPerConn*int64(maxConns), minMemory), isProxy: isProxy, headerTimeout: headerTimeout,
		networks: map[netip.Prefix]*network{},
	}
	l.changed.L = &l.mu
	return l
}

// admit registers a connection that a listener accepted. At a limit it closes
// another one first, or waits until one may be closed. It returns false if the
// listener is closed.
func (l *connLimiter) admit(c *limitedConn, by *limitedListener) bool {
	var remote netip.Addr
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		remote = a.AddrPort().Addr()
	}
	prefix := geo.Network(remote)
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.networks[prefix]; n != nil && !n.proxy && len(n.all) >= l.maxPerNetwork {
		l.evict(n.victim())
	}
	for l.open >= l.maxConns && !by.closed {
		if len(l.order) > 0 && len(l.order[0].evictable) > 0 {
			l.evict(l.order[0].evictable[0])
			continue
		}
		l.changed.Wait()
	}
	if by.closed {
		return false
	}
	n := l.networks[prefix]
	if n == nil {
		n = &network{prefix: prefix, proxy: l.isProxy != nil && l.isProxy(remote.Unmap()), all: map[*limitedConn]struct{}{}}
		l.networks[prefix] = n
		heap.Push(&l.order, n)
	}
	l.sequence++
	c.network, c.since = n, l.sequence
	n.all[c] = struct{}{}
	l.open++
	heap.Push(&n.evictable, c)
	heap.Fix(&l.order, n.index)
	return true
}

// evict closes a connection. mu is held while it closes, so that the connection
// cannot become busy in between. A goroutine that reads or writes it gets an error.
func (l *connLimiter) evict(c *limitedConn) {
	l.remove(c)
	_ = c.Conn.Close() // its http.Server gets the error
}

// remove forgets a connection. mu is held.
func (l *connLimiter) remove(c *limitedConn) {
	n := c.network
	if n == nil {
		return
	}
	c.network = nil
	l.open--
	delete(n.all, c)
	if c.pending == 0 {
		heap.Remove(&n.evictable, c.index)
	}
	if len(n.all) == 0 {
		heap.Remove(&l.order, n.index)
		delete(l.networks, n.prefix)
	} else {
		heap.Fix(&l.order, n.index)
	}
	c.releaseMemory()
	l.changed.Broadcast() // each listener may wait
}

// addPending adds 1 or -1 to the requests of a connection that wait for the server.
// A client that was answered counts as one that has just come.
func (l *connLimiter) addPending(c *limitedConn, by int, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := c.network
	if n == nil {
		return // it was closed
	}
	if answered {
		l.sequence++
		c.since = l.sequence
	}
	was := c.pending == 0
	c.pending += by
	switch is := c.pending == 0; {
	case was && !is:
		heap.Remove(&n.evictable, c.index)
	case !was && is:
		heap.Push(&n.evictable, c)
		l.changed.Broadcast()
	default:
		return
	}
	heap.Fix(&l.order, n.index)
}
