package server

import (
	"net/http"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says how certificates are obtained from an authority (RFC 8555). The zero
// value obtains none.
type ACME struct {
	// Domains are those of the certificates. Each must lead here. The authority
	// proves them at port 443 of the https listener (RFC 8737), or at port 80 of one
	// of Site.PlainHTTP.
	Domains []string
	// Email is the address that the authority writes to; empty is none.
	Email string
	// Directory is the URL of the directory of the authority; empty is that of Let's
	// Encrypt.
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
// other requests to next. The authority may use them once it has been called.
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
