package server

import (
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
)

// PublicOptions are the settings of the public listeners. The zero value is ready to
// use.
type PublicOptions struct {
	// RedirectStatus is the HTTP status of a redirect; 0 is 301.
	RedirectStatus int
	// RedirectMaxAge is the time for which a browser may repeat a redirect without
	// asking again.
	RedirectMaxAge time.Duration
	// ForwardQuery adds the parameters of a visit to the long URL. See links.WithQuery.
	ForwardQuery bool
	// NotFoundURL and HomeURL are the URLs that unknown names and / redirect to; if
	// empty, they get plain pages.
	NotFoundURL, HomeURL string
	// GeoDB are the paths of MMDB files of countries or cities, which are read again
	// when they change; if empty, the built-in data are used. See geo.Open.
	GeoDB []string
	geo   *geo.Lookup // of GeoDB; nil before check
	// TLSCert and TLSKey are files of a certificate and its key, both or neither;
	// with them the listeners speak https only. They are read again when they change.
	TLSCert, TLSKey string
	// ACME obtains certificates, instead of TLSCert and TLSKey, if it has domains.
	ACME ACME
	// RateLimit is the number of questions a second that a user may ask on average; 0
	// is no limit.
	RateLimit int
	// LinksPerMinute is the number of links that a user may make or change each minute,
	// and TextPerMinute the number of their bytes, on average and at once; 0 is no
	// limit.
	LinksPerMinute, TextPerMinute int
	// MaxConnections is the maximum number of open connections; 0 is
	// DefaultConnections.
	MaxConnections int
	// PlainHTTP are listeners for http next to https. They answer visitors and the
	// challenges of ACME, redirect pages to https, and refuse the API. They need a
	// certificate or ACME.
	PlainHTTP []net.Listener
	// Metrics is the listener of /metrics for Prometheus; nil is none.
	Metrics net.Listener
	// TrustedProxies are the addresses and networks of proxies that give the address
	// of the visitor, and ProxyHeader is the header in which they do;
	// geo.XForwardedFor if empty. See geo.ParseProxies.
	TrustedProxies []string
	ProxyHeader    string
}

// geoEvery is the interval at which the files of GeoDB are checked for a change.
const geoEvery = 10 * time.Second

// check returns an error if an option has no meaning. It is called before the data
// directory is opened, so that none is made for options that are wrong.
func (p *PublicOptions) check() error {
	if _, err := p.proxies(); err != nil {
		return err
	}
	if err := p.normalizeURLs(); err != nil {
		return err
	}
	_, err := p.places()
	return err
}

// places opens GeoDB, at the first call: files of cities take seconds.
func (p *PublicOptions) places() (*geo.Lookup, error) {
	if p.geo == nil {
		lookup, err := geo.Open(p.GeoDB...)
		if err != nil {
			return nil, fmt.Errorf("--geo-db: %w", err)
		}
		p.geo = lookup
	}
	return p.geo, nil
}

func (p *PublicOptions) proxies() (geo.Proxies, error) {
	return parseProxies(p.TrustedProxies, p.ProxyHeader)
}

func parseProxies(trusted []string, header string) (geo.Proxies, error) {
	p, err := geo.ParseProxies(trusted, header)
	switch {
	case errors.Is(err, geo.ErrHeader):
		return p, fmt.Errorf("--proxy-header: %w", err)
	case err != nil:
		return p, fmt.Errorf("--trusted-proxies: %w", err)
	}
	return p, nil
}

// normalizeURLs checks NotFoundURL and HomeURL, and encodes them for a Location
// header.
func (p *PublicOptions) normalizeURLs() error {
	for name, u := range map[string]*string{"--not-found-url": &p.NotFoundURL, "--home-url": &p.HomeURL} {
		if *u == "" {
			continue
		}
		valid, err := links.ParseLongURL(*u)
		if err != nil {
			return fmt.Errorf("%s %q is not an http or https URL", name, *u)
		}
		*u = valid
	}
	return nil
}

// DefaultHost is the default of --listen. It is also the host of short URLs that
// commands print if no --domain is given.
const DefaultHost = "127.0.0.1:8080"
