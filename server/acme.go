package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// ACME says how certificates are got by themselves (RFC 8555). The zero value
// gets none.
type ACME struct {
	// Domains are those that a certificate may be of; each must lead here, and
	// port 443 to the listener, over which the domain is proven (RFC 8737).
	Domains []string
	// Email is where the authority writes to; empty is nowhere.
	Email string
	// Directory is the URL of the authority; empty is Let's Encrypt.
	Directory string
}

// config is for a server that gets its certificates; they are kept in the data
// directory.
func (a *ACME) config(dir string) *tls.Config {
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(filepath.Join(dir, "acme")), // made 0700, files 0600
		HostPolicy: autocert.HostWhitelist(a.Domains...),
		Email:      a.Email,
	}
	if a.Directory != "" {
		m.Client = &acme.Client{DirectoryURL: a.Directory}
	}
	c := m.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	return c
}

// tlsConfig is nil where the Site speaks plain http. The files of a certificate
// are watched until ctx is done.
func (s *Site) tlsConfig(ctx context.Context, o *Options) (*tls.Config, error) {
	switch {
	case s.TLSCert != "":
		c, err := openCertificate(s.TLSCert, s.TLSKey, o.Now, o.Log)
		if err != nil {
			return nil, err
		}
		ticker := time.NewTicker(certificateEvery)
		context.AfterFunc(ctx, ticker.Stop)
		go c.watch(ctx, ticker.C, c.look, certificateSlow)
		return c.config(), nil
	case len(s.ACME.Domains) > 0:
		for _, d := range s.ACME.Domains { // autocert leaves out what is none
			if _, err := idna.Lookup.ToASCII(d); err != nil {
				return nil, fmt.Errorf("--acme-domain: %q is no domain: give a host, without scheme, port and path", d)
			}
		}
		return s.ACME.config(o.Dir), nil
	}
	return nil, nil
}
