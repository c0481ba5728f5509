package server

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
)

const (
	// memoryPerRequest and memoryPerField are estimates of the memory of a request and
	// of each field of its header, in bytes and without their text. Fields of an
	// attacker are short.
	memoryPerRequest, memoryPerField = 6 << 10, 112
	// memoryPerByte is an estimate of the memory of a byte of a body, and of a byte
	// that was read and is not a request yet, in bytes: lines or parameters of a few
	// bytes take many times their length.
	memoryPerByte = 16
	// memoryPerConn is the maximum memory of the requests of a connection on average,
	// in bytes. All connections together may take minMemory in any case.
	memoryPerConn, minMemory = 8 << 10, 32 << 20
)

// requestMemory is the memory that one request takes. It is guarded by limitedConn.mu.
type requestMemory struct {
	bytes int64 // in all
	body  int64 // bytes of its body that were read and are kept
	ended bool
}

// estimateMemory estimates the memory of a request without its body, in bytes.
func estimateMemory(r *http.Request) int64 {
	bytes := memoryPerRequest + 2*len(r.RequestURI)
	for name, values := range r.Header {
		bytes += memoryPerField + len(name)
		for _, v := range values {
			bytes += len(v)
		}
	}
	return int64(bytes)
}

// addMemory adds bytes to the memory of the connection; a negative number gives some
// back. c.mu is held.
func (c *limitedConn) addMemory(bytes int64) {
	if !c.closed {
		c.memory.Add(bytes)
		c.limiter.memory.Add(bytes)
	}
}

// releaseMemory gives back all memory of a closed connection.
func (c *limitedConn) releaseMemory() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.setBusy()
	c.limiter.memory.Add(-c.memory.Swap(0))
}

// clearUnparsed notes that all bytes that were read are in a request now, or were
// dropped. c.mu is held.
func (c *limitedConn) clearUnparsed() {
	c.addMemory(-c.unparsed * memoryPerByte)
	c.unparsed = 0
}

// beginRequest counts the memory of a request that is about to be answered. It
// returns false if the connection was closed, perhaps because of this request.
func (c *limitedConn) beginRequest(r *http.Request, m *requestMemory) bool {
	c.mu.Lock()
	c.setBusy()
	c.hadRequest, c.http2 = true, r.ProtoMajor >= 2
	c.clearUnparsed()
	c.addMemory(m.bytes)
	c.mu.Unlock()
	return c.keepsOpen()
}

// bodyRead counts n bytes that were read of the body of a request. It returns false
// if the connection was closed.
func (c *limitedConn) bodyRead(n int64, m *requestMemory) bool {
	c.mu.Lock()
	parsed := min(n, c.unparsed)
	c.unparsed -= parsed
	c.addMemory(-parsed * memoryPerByte)
	kept := min(n, maxBody-m.body) // the rest is thrown away
	m.body += kept
	if !m.ended {
		m.bytes += kept * memoryPerByte
		c.addMemory(kept * memoryPerByte)
	}
	c.mu.Unlock()
	return c.keepsOpen()
}

func (c *limitedConn) endRequest(m *requestMemory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m.ended = true
	c.addMemory(-m.bytes)
}

// keepsOpen frees memory if requests take too much, and returns whether this
// connection is still open.
func (c *limitedConn) keepsOpen() bool {
	c.limiter.checkMemory()
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed
}

// checkMemory frees memory if requests take too much. No limitedConn.mu is held.
func (l *connLimiter) checkMemory() {
	if l.memory.Load() > l.maxMemory {
		l.freeMemory()
	}
}

// freeMemory closes connections until requests take less than they may: of the
// network that takes most, the connections that take most. Of a trusted proxy it
// closes one, because the others may be of other clients.
func (l *connLimiter) freeMemory() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.memory.Load() <= l.maxMemory {
		return
	}
	for enough := l.maxMemory / 8 * 7; l.memory.Load() > enough; {
		var largest *network
		var most int64
		for _, n := range l.networks {
			if bytes := n.memory(); bytes > most {
				largest, most = n, bytes
			}
		}
		if largest == nil {
			return // a request that ends is about to give it back
		}
		conns := slices.SortedFunc(maps.Keys(largest.all), func(a, b *limitedConn) int { return cmp.Compare(b.memory.Load(), a.memory.Load()) })
		if largest.proxy {
			conns = conns[:1]
		}
		for _, c := range conns {
			if l.evict(c); l.memory.Load() <= enough {
				break
			}
		}
	}
}

// memory returns how many bytes the requests of a network take; those of a proxy,
// how many the largest of its connections takes.
func (n *network) memory() (bytes int64) {
	for c := range n.all {
		if n.proxy {
			bytes = max(bytes, c.memory.Load())
		} else {
			bytes += c.memory.Load()
		}
	}
	return bytes
}
