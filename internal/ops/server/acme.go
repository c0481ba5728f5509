package server

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ErrNotDomain says that a text cannot be a domain of a certificate.
var ErrNotDomain = errors.New("is not a domain")

// ACME says how certificates are obtained from an authority (RFC 8555). The zero
// value obtains none.
type ACME struct {
	// Domains are the domains of the certificates. Each must lead to this server. The
	// authority checks that through the https listener at port 443 (RFC 8737), or
	// through one of PublicOptions.PlainHTTP at port 80.
	Domains []string
	// Email is the address that the authority writes to; if empty, it writes to nobody.
	Email string
	// Directory is the URL of the directory of the authority; if empty, Let's Encrypt
	// is used.
	Directory string
}

// manager obtains certificates, and keeps them in the data directory.
func (a *ACME) manager(dir string) *autocert.Manager {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(dir, "acme")), // made with mode 0700, its files with 0600
		HostPolicy: autocert.HostWhitelist(a.Domains...),
		Email:      a.Email,
	}
	if a.Directory != "" {
		m.Client = &acme.Client{DirectoryURL: a.Directory}
	}
	return m
}

// challenges answers the challenges of ACME over http (RFC 8555, 8.3), and passes
// other requests to next. m makes the authority use http only after challenges was
// called.
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
