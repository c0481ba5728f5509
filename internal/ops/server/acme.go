package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"

	"github.com/footfall/footfall/internal/base/lograte"
)

// ACME are the settings for certificates from an authority (RFC 8555). The zero value
// obtains none.
type ACME struct {
	// Domains are the domains of the certificates. Each must lead to this server. The
	// authority checks that through the https listener at port 443 (RFC 8737), or
	// through one of PublicOptions.PlainHTTP at port 80.
	Domains []string
	// Email is the address that the authority writes to; it may be empty.
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

const (
	// acmeLogEvery is the interval at which failures of ACME are logged, at most.
	acmeLogEvery = time.Minute
	// A renewal is late if a certificate expires in less than renewalLate, and in less
	// than 1/renewalLatePart of its lifetime. Autocert begins to renew it when twice as
	// much is left.
	renewalLate, renewalLatePart = 15 * 24 * time.Hour, 6
	// failedBefore is the error of autocert in the minute after a failure, which was
	// logged.
	failedBefore = "acme/autocert: missing certificate"
)

// acmeConfig returns the TLS configuration with the certificates of m. It logs a
// warning if the certificate of a listed domain cannot be obtained or renewed. What
// clients can cause, such as the name of another host, is not logged. ctx ends with
// the server.
func acmeConfig(ctx context.Context, m *autocert.Manager, now func() time.Time, log *slog.Logger) *tls.Config {
	type failure struct {
		domain  string
		err     error     // of obtaining
		expires time.Time // of a certificate that was not renewed
	}
	obtain := lograte.New(acmeLogEvery, func(times uint64, last failure) {
		log.Warn("no certificate could be obtained, so https does not work for the domain; the next visit tries again: look at the error, and check that port 443 or 80 of the domain leads to this server",
			"domain", last.domain, "times", times, "error", last.err)
	})
	renew := lograte.New(acmeLogEvery, func(_ uint64, last failure) {
		log.Warn("a certificate that expires soon could not be renewed; footfall tries again each hour: check that port 443 or 80 of the domain leads to this server, and that it reaches the authority",
			"domain", last.domain, "expires", last.expires)
	})
	context.AfterFunc(ctx, func() { obtain.Close(); renew.Close() })
	c := m.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := m.GetCertificate(hello)
		domain, invalid := idna.Lookup.ToASCII(hello.ServerName)
		switch {
		case slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}): // a challenge
		case invalid != nil || m.HostPolicy(hello.Context(), domain) != nil: // not listed
		case err != nil && err.Error() != failedBefore:
			obtain.Note(failure{domain: domain, err: err})
		case err == nil && renewalIsLate(cert, now()):
			renew.Note(failure{domain: domain, expires: cert.Leaf.NotAfter})
		}
		return cert, err
	}
	return c
}

// renewalIsLate reports whether a certificate should have been renewed already.
func renewalIsLate(cert *tls.Certificate, now time.Time) bool {
	leaf := cert.Leaf
	return leaf != nil && leaf.NotAfter.Sub(now) < min(renewalLate, leaf.NotAfter.Sub(leaf.NotBefore)/renewalLatePart)
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
