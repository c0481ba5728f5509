package server

import (
	"errors"
	"net"
	"net/http"
	"sync"
)

// publicServers are the web servers for the public: one for the listeners of
// Serve, and one for those of PublicOptions.PlainHTTP if there are any.
type publicServers []publicServer

type publicServer struct {
	server    *http.Server
	https     bool
	listeners []*limitedListener
}

// publicServers puts the handlers of a site on its listeners. All listeners share
// the limits of connections.
func (a *App) publicServers(p PublicOptions, https httpsSetup, ls []net.Listener) (publicServers, error) {
	handlers, err := a.newHandlers(p)
	if err != nil {
		return nil, err
	}
	limiter, err := p.connLimiter()
	if err != nil {
		return nil, err
	}
	limit := func(ls []net.Listener) (limited []*limitedListener) {
		for _, l := range ls {
			limited = append(limited, limiter.listener(l))
		}
		return limited
	}
	servers := publicServers{{limiter.newServer(publicLimits, handlers, https.config, a.log), https.config != nil, limit(ls)}}
	if len(p.PlainHTTP) > 0 {
		plain := https.challenges(handlers.plainHTTP(portOf(ls[0])))
		servers = append(servers, publicServer{limiter.newServer(publicLimits, plain, nil, a.log), false, limit(p.PlainHTTP)})
	}
	return servers, nil
}

func portOf(l net.Listener) int {
	if at, ok := l.Addr().(*net.TCPAddr); ok {
		return at.Port
	}
	return 0
}

// serve starts to accept connections. failed gets the error of each listener when
// it ends, and must have room for all.
func (p publicServers) serve(failed chan<- error) {
	for _, s := range p {
		for _, l := range s.listeners {
			go func() {
				if s.https {
					failed <- s.server.ServeTLS(l, "", "")
				} else {
					failed <- s.server.Serve(l)
				}
			}()
		}
	}
}

// shutdown closes the listeners, and waits for requests in progress for at most
// publicTimeout.
func (p publicServers) shutdown() {
	var stopped sync.WaitGroup
	for _, s := range p {
		for _, l := range s.listeners {
			_ = l.Close()
		}
		stopped.Go(func() { shutdown(s.server, publicTimeout) })
	}
	stopped.Wait()
}

// close closes all listeners and connections at once.
func (p publicServers) close() error {
	var errs []error
	for _, s := range p {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}
