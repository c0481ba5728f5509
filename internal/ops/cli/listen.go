package cli

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// secure reports whether the server has a certificate, so that --listen serves https.
func (c *serveCmd) secure() bool { return c.TLSCert != "" || len(c.ACMEDomain) > 0 }

// listeners are the listeners of a server, by option: --listen, --http-listen and
// --metrics-listen. metrics may be nil.
type listeners struct {
	public, plainHTTP []net.Listener
	metrics           net.Listener
}

// listen opens all listeners. After an error it closes those that are open.
func (c *serveCmd) listen() (_ listeners, err error) {
	var opened []net.Listener
	open := func(option string, addresses ...string) (ls []net.Listener) {
		for _, address := range addresses {
			if err != nil {
				return nil
			}
			var l net.Listener
			if l, err = listen(option, address); err == nil {
				ls, opened = append(ls, l), append(opened, l)
			}
		}
		return ls
	}
	all := listeners{public: open("--listen", c.Listen...), plainHTTP: open("--http-listen", c.HTTPListen...)}
	if c.MetricsListen != "" {
		if ls := open("--metrics-listen", c.MetricsListen); len(ls) > 0 {
			all.metrics = ls[0]
		}
	}
	if err != nil {
		for _, l := range opened {
			err = errors.Join(err, l.Close())
		}
	}
	return all, err
}

// urls returns the URLs of the listeners on this machine, as attributes of the log: the
// first one, and the others under another key.
func (l listeners) urls(scheme string) []any {
	urls := func(scheme string, ls []net.Listener) string {
		var all []string
		for _, l := range ls {
			all = append(all, urlOf(scheme, l))
		}
		return strings.Join(all, ",")
	}
	said := []any{"url", urlOf(scheme, l.public[0])}
	if len(l.public) > 1 {
		said = append(said, "also", urls(scheme, l.public[1:]))
	}
	if len(l.plainHTTP) > 0 {
		said = append(said, "http", urls("http", l.plainHTTP))
	}
	if l.metrics != nil {
		said = append(said, "metrics", urlOf("http", l.metrics)+"/metrics")
	}
	return said
}

// urlOf returns a URL of a listener that can be opened on this machine.
func urlOf(scheme string, l net.Listener) string { return scheme + "://" + hostOf(l) }

// listen opens an address that names its port; port 0 is any that is free.
func listen(option, address string) (net.Listener, error) {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return nil, fmt.Errorf("%s %s is not an address to listen on: use HOST:PORT, or :PORT for every address of this machine", option, address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w: choose another address with %s", address, errors.Unwrap(err), option)
	}
	return l, nil
}

// hostOf returns the host and port under which this machine reaches a listener.
func hostOf(l net.Listener) string {
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(a.Port))
	}
	return l.Addr().String()
}
