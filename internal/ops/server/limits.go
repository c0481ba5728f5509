package server

import (
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// The limits of the public that no option changes. Those of connections and memory are
// in admission.go and memory.go, and those of wrong passwords in package auth.
// docs/operations.md lists them.
const (
	// burst is the number of seconds of PublicOptions.RateLimit that a user may use at
	// once.
	burst = 10

	// The rates at which a network, as geo.Network cuts it, may send credentials that
	// are refused, and ask for a token with a password.
	refusedPerSecond, refusedAtOnce   = 20, 1000
	attemptsPerSecond, attemptsAtOnce = 1, 60

	// questionTimeout is the maximum time that a question takes: less than the timeout
	// of writing, so that the client gets an error.
	questionTimeout = 30 * time.Second
)

// expensiveQuestions returns the number of questions that are answered at once although they take long or much
// memory. Each takes a processor of this machine, and visitors need one: so there is one question less than
// processors, but one at least and 4 at most. Other servers may have the data: then their processors work,
// and there are 4. Package v3 says which questions these are, in expensive.go.
func expensiveQuestions(processors int, elsewhere bool) throttle.SeatLimits {
	const most, mostEach = 4, 2
	all := most
	if !elsewhere {
		all = min(most, max(1, processors-1))
	}
	return throttle.SeatLimits{All: all, Each: min(mostEach, all), Waiting: 64, WaitingEach: 16, Timeout: 10 * time.Second}
}

// pagesAboutLinks returns the number of QR codes that are drawn and pages about links that
// are counted at once: few, because strangers ask for them, and visitors need the
// processors.
func pagesAboutLinks() throttle.SeatLimits {
	return throttle.SeatLimits{All: 2, Each: 1, Waiting: 64, WaitingEach: 8, Timeout: 5 * time.Second}
}

// httpLimits are the limits of one connection: the times that a client may take, and
// the bytes that it may send.
type httpLimits struct {
	header time.Duration // from the first byte of a request to the end of its header
	read   time.Duration // for a request with its body
	write  time.Duration // for an answer
	idle   time.Duration // without a request

	// For HTTP/2 alone: how long a write may make no progress, after how long a
	// client that sends nothing gets a ping, and how long it may take to answer it.
	stalled, ping, pong time.Duration

	headerBytes int
	streams     int // requests at once on a connection of HTTP/2
}

// publicLimits are those of the public listeners. A header has room for a long URL
// of 8,192 bytes, each of which may take three in a query.
var publicLimits = httpLimits{
	header: 10 * time.Second, read: 20 * time.Second, write: 60 * time.Second, idle: 120 * time.Second,
	stalled: 15 * time.Second, ping: 30 * time.Second, pong: 15 * time.Second,
	headerBytes: 32 << 10, streams: 32,
}

const (
	// http2Window is the number of bytes that a client of HTTP/2 may send before the
	// server reads them, on a connection and on each of its streams. A client may send as
	// much of a first body before it gets the settings that say so; with a smaller
	// window net/http would end its stream then.
	http2Window = 64 << 10
	// maxBody is the longest body, in bytes, after which a connection of HTTP/1.1
	// stays open.
	maxBody = v3.MaxBody
)
