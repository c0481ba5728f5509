package server

import (
	"cmp"
	"crypto/tls"
	stdlog "log"
	"log/slog"
	"net/http"
)

// newHTTPServer returns an http.Server with these limits. config is nil for http.
func newHTTPServer(l httpLimits, handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: closeAfterBody(handler), TLSConfig: config,
		ReadHeaderTimeout: l.header, ReadTimeout: l.read, WriteTimeout: l.write, IdleTimeout: l.idle,
		MaxHeaderBytes: l.headerBytes, ErrorLog: stdlog.New(newHTTPErrorLog(log), "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: l.streams, WriteByteTimeout: l.stalled, SendPingTimeout: l.ping, PingTimeout: l.pong,
			MaxReceiveBufferPerConnection: http2Window, MaxReceiveBufferPerStream: http2Window, MaxReadFrameSize: 16 << 10,
		},
	}
}

// closeAfterBody closes a connection of HTTP/1.1 after the answer to a request whose
// body is chunked, or longer than any that is read. With both a chunked body and a
// Content-Length RFC 9112, 6.1 requires this, because a proxy and the server may
// disagree on where the request ends; net/http does not report whether a chunked
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
func (p *PublicOptions) connLimiter() (*connLimiter, error) {
	proxies, err := p.proxies()
	if err != nil {
		return nil, err
	}
	return newConnLimiter(cmp.Or(p.MaxConnections, DefaultConnections()), publicLimits.header, proxies.Trusts), nil
}

// newServer returns an http.Server for listeners of the limiter. A request passes
// closeAfterBody, trackRequests, and then the handler.
func (l *connLimiter) newServer(limits httpLimits, handler http.Handler, config *tls.Config, log *slog.Logger) *http.Server {
	s := newHTTPServer(limits, l.trackRequests(handler), config, log)
	s.ConnState, s.ConnContext = l.connState, l.connContext
	return s
}
