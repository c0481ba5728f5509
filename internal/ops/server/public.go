package server

import (
	"cmp"
	"crypto/tls"
	stdlog "log"
	"log/slog"
	"net/http"
	"time"

	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// bounds are the times that a connection is given, and what it may hold.
type bounds struct {
	header time.Duration // from the first byte of a request to the end of its header
	read   time.Duration // for a request with its body
	write  time.Duration // for an answer
	idle   time.Duration // without a request

	// HTTP/2 alone: how long a write may make no progress, when a client that
	// sends nothing is asked whether it is there, and how long it may take to say
	// so.
	stalled, ping, pong time.Duration

	headerBytes int
	streams     int // requests of a connection of HTTP/2 at once
}

// publicBounds are for everybody. A header has room for a long URL of 8,192
// bytes, each of which may take three in a query.
var publicBounds = bounds{
	header: 10 * time.Second, read: 20 * time.Second, write: 60 * time.Second, idle: 120 * time.Second,
	stalled: 15 * time.Second, ping: 30 * time.Second, pong: 15 * time.Second,
	headerBytes: 32 << 10, streams: 32,
}

const (
	// http2Unread is what HTTP/2 may send before somebody reads it, in bytes, on a
	// connection and on each of its streams. A client may send as much of a first
	// body before it hears of a smaller bound, and net/http ends its stream then.
	http2Unread = 64 << 10
	// mostBody is the longest body, in bytes, after which a connection of
	// HTTP/1.1 goes on.
	mostBody = v3.MaxBody
)

// serve makes a web server that keeps the bounds.
func (b bounds) serve(handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: closing(handler), TLSConfig: config,
		ReadHeaderTimeout: b.header, ReadTimeout: b.read, WriteTimeout: b.write, IdleTimeout: b.idle,
		MaxHeaderBytes: b.headerBytes, ErrorLog: stdlog.New(newServerLog(log), "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: b.streams, WriteByteTimeout: b.stalled, SendPingTimeout: b.ping, PingTimeout: b.pong,
			MaxReceiveBufferPerConnection: http2Unread, MaxReceiveBufferPerStream: http2Unread, MaxReadFrameSize: 16 << 10,
		},
	}
}

// closing ends a connection of HTTP/1.1 with the answer to a request whose body
// is chunked, or longer than anything here reads. Of a chunked one nobody can
// tell any more whether it had a Content-Length too, of which RFC 9112, 6.1 wants
// the same: the two may make two requests of what a proxy took for one.
func closing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (len(r.TransferEncoding) > 0 || r.ContentLength > mostBody) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// public is the bounds that all connections of the public share.
func (s *Site) public() (*connections, error) {
	proxies, err := s.proxies()
	if err != nil {
		return nil, err
	}
	return limitConnections(cmp.Or(s.MaxConnections, DefaultConnections()), publicBounds.header, proxies.Trusts), nil
}

// serve makes a web server for those whom doors of the connections let in.
func (l *connections) serve(b bounds, handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	s := b.serve(l.attend(handler), config, log)
	s.ConnState, s.ConnContext = l.note, l.context
	return s
}
