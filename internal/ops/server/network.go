package server

import "net/netip"

// network has the connections of one network, as geo.Network cuts it: an address
// of IPv4, or a /64 of IPv6.
type network struct {
	prefix    netip.Prefix
	proxy     bool
	all       map[*limitedConn]struct{}
	evictable indexedHeap[*limitedConn] // those that wait for their client, the one that has waited longest first
	index     int                       // in connLimiter.order
}

// weight returns the number of connections that can be closed. The network with the
// greatest weight loses one first. A proxy counts as one connection, because many clients share it.
func (n *network) weight() int {
	if n.proxy {
		return min(len(n.evictable), 1)
	}
	return len(n.evictable)
}

func (n *network) before(o *network) bool {
	if n.weight() != o.weight() {
		return n.weight() > o.weight()
	}
	return len(n.evictable) > 0 && n.evictable[0].before(o.evictable[0])
}

func (n *network) position() *int { return &n.index }

// victim returns the connection that gives way to another one of its network: the
// one that has waited for its client longest, or if all wait for the server, the
// one with most requests.
func (n *network) victim() *limitedConn {
	if len(n.evictable) > 0 {
		return n.evictable[0]
	}
	var most *limitedConn
	for c := range n.all {
		if most == nil || c.pending > most.pending || c.pending == most.pending && c.before(most) {
			most = c
		}
	}
	return most
}

// indexedHeap is a heap.Interface whose items store their index, so that
// heap.Fix and heap.Remove can find them.
type indexedHeap[T heapItem[T]] []T

type heapItem[T any] interface {
	before(T) bool
	position() *int // where the item stores its index
}

var (
	_ heapItem[*network]     = (*network)(nil)
	_ heapItem[*limitedConn] = (*limitedConn)(nil)
)

func (h indexedHeap[T]) Len() int           { return len(h) }
func (h indexedHeap[T]) Less(i, j int) bool { return h[i].before(h[j]) }

func (h indexedHeap[T]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	*h[i].position(), *h[j].position() = i, j
}

// Push implements heap.Interface.
func (h *indexedHeap[T]) Push(x any) {
	item := x.(T)
	*item.position() = len(*h)
	*h = append(*h, item)
}

// Pop implements heap.Interface.
func (h *indexedHeap[T]) Pop() any {
	last := len(*h) - 1
	item := (*h)[last]
	var zero T
	(*h)[last] = zero
	*h = (*h)[:last]
	return item
}
