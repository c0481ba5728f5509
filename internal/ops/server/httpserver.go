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

// httpLimits are the limits of one connection: how long a client may take, and how
// much it may send.
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
	// http2Window is how many bytes a client of HTTP/2 may send before the server
	// reads them, on a connection and on each of its streams. A client may send as
	// much of a first body before it gets the settings that say so; with a smaller
	// window net/http would end its stream then.
	http2Window = 64 << 10
	// maxBody is the longest body, in bytes, after which a connection of HTTP/1.1
	// stays open.
	maxBody = v3.MaxBody
)

// newServer returns an http.Server with these limits. config is nil for http.
func (l httpLimits) newServer(handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: closeAfterBody(handler), TLSConfig: config,
		ReadHeaderTimeout: l.header, ReadTimeout: l.read, WriteTimeout: l.write, IdleTimeout: l.idle,
		MaxHeaderBytes: l.headerBytes, ErrorLog: stdlog.New(newServerLog(log), "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: l.streams, WriteByteTimeout: l.stalled, SendPingTimeout: l.ping, PingTimeout: l.pong,
			MaxReceiveBufferPerConnection: http2Window, MaxReceiveBufferPerStream: http2Window, MaxReadFrameSize: 16 << 10,
		},
	}
}

// closeAfterBody closes a connection of HTTP/1.1 after the answer to a request whose
// body is chunked, or longer than any that is read. With both a chunked body and a
// Content-Length RFC 9112, 6.1 requires this, because a proxy and the server may
// disagree on where the request ends; net/http does not say whether a chunked
// request had a Content-Length.
func closeAfterBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 1 && (len(r.TransferEncoding) > 0 || r.ContentLength > maxBody) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// connLimiter returns the limiter that all public listeners share.
func (s *Site) connLimiter() (*connLimiter, error) {
	proxies, err := s.proxies()
	if err != nil {
		return nil, err
	}
	return newConnLimiter(cmp.Or(s.MaxConnections, DefaultConnections()), publicLimits.header, proxies.Trusts), nil
}

// newServer returns an http.Server for listeners of the limiter.
func (l *connLimiter) newServer(limits httpLimits, handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	s := limits.newServer(l.trackRequests(handler), config, log)
	s.ConnState, s.ConnContext = l.connState, l.connContext
	return s
}
