package server

import (
	"errors"
	"net"
	"net/http"
	"sync"
)

// house is how the public comes in: all doors to a handler alike, and those of
// Site.Clear to what may be asked in clear.
type house []wing

// wing is the doors to one web server.
type wing struct {
	server *http.Server
	secure bool // https is spoken
	doors  []*door
}

// public puts together who answers the public on which listeners. All share the
// bounds of connections.
func (a *App) public(s Site, secured security, ls []net.Listener) (house, error) {
	rooms, err := a.rooms(s)
	if err != nil {
		return nil, err
	}
	bounded, err := s.public()
	if err != nil {
		return nil, err
	}
	doors := func(ls []net.Listener) (ds []*door) {
		for _, l := range ls {
			ds = append(ds, bounded.door(l))
		}
		return ds
	}
	h := house{{bounded.serve(publicBounds, rooms, secured.config, a.log), secured.config != nil, doors(ls)}}
	if len(s.Clear) > 0 {
		clear := secured.challenges(rooms.inClear(portOf(ls[0])))
		h = append(h, wing{bounded.serve(publicBounds, clear, nil, a.log), false, doors(s.Clear)})
	}
	return h, nil
}

func portOf(l net.Listener) int {
	if at, ok := l.Addr().(*net.TCPAddr); ok {
		return at.Port
	}
	return 0
}

// serve lets the public in. failed has room for what each door may say.
func (h house) serve(failed chan<- error) {
	for _, w := range h {
		for _, d := range w.doors {
			go func() {
				if w.secure {
					failed <- w.server.ServeTLS(d, "", "")
				} else {
					failed <- w.server.Serve(d)
				}
			}()
		}
	}
}

// shutdown lets nobody in any more, and everybody finish what they began, for a
// while.
func (h house) shutdown() {
	var stopped sync.WaitGroup
	for _, w := range h {
		for _, d := range w.doors {
			_ = d.Close()
		}
		stopped.Go(func() { shutdown(w.server, publicTimeout) })
	}
	stopped.Wait()
}

// close cuts everybody off.
func (h house) close() error {
	var errs []error
	for _, w := range h {
		errs = append(errs, w.server.Close())
	}
	return errors.Join(errs...)
}
