package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// ACME says how certificates are got by themselves (RFC 8555). The zero value
// gets none.
type ACME struct {
	// Domains are those that a certificate may be of; each must lead here, and
	// port 443 to the listener, over which the domain is proven (RFC 8737), or
	// port 80 to one of Clear.
	Domains []string
	// Email is where the authority writes to; empty is nowhere.
	Email string
	// Directory is the URL of the authority; empty is Let's Encrypt.
	Directory string
}

// manager gets certificates, and keeps them in the data directory.
func (a *ACME) manager(dir string) *autocert.Manager {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(dir, "acme")), // made 0700, files 0600
		HostPolicy: autocert.HostWhitelist(a.Domains...),
		Email:      a.Email,
	}
	if a.Directory != "" {
		m.Client = &acme.Client{DirectoryURL: a.Directory}
	}
	return m
}

// security is how a Site speaks https. The zero value does not.
type security struct {
	config *tls.Config
	// challenges puts the challenges of ACME over http before a handler.
	challenges func(http.Handler) http.Handler
}

// security is that of the Site. The files of a certificate are watched until ctx
// is done.
func (s *Site) security(ctx context.Context, o *Options) (security, error) {
	none := func(h http.Handler) http.Handler { return h }
	switch {
	case s.TLSCert != "":
		c, err := openCertificate(s.TLSCert, s.TLSKey, o.Data.Now, o.Data.Log)
		if err != nil {
			return security{}, err
		}
		ticker := time.NewTicker(certificateEvery)
		context.AfterFunc(ctx, ticker.Stop)
		go c.watch(ctx, ticker.C)
		return security{c.config(), none}, nil
	case len(s.ACME.Domains) > 0:
		for _, d := range s.ACME.Domains { // autocert leaves out what is none
			if _, err := idna.Lookup.ToASCII(d); err != nil {
				return security{}, fmt.Errorf("--acme-domain: %q is no domain: give a host, without scheme, port and path", d)
			}
		}
		m := s.ACME.manager(o.Data.Path)
		c := m.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return security{c, func(h http.Handler) http.Handler { return challenges(m, h) }}, nil
	}
	return security{nil, none}, nil
}

// challenges answers the challenges of ACME over http (RFC 8555, 8.3). From then
// on the authority may choose them.
func challenges(m *autocert.Manager, next http.Handler) http.Handler {
	h := m.HTTPHandler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.well-known/acme-challenge/") {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
		}
		h.ServeHTTP(w, r)
	})
}
