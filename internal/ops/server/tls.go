package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/net/idna"

	"github.com/footfall/footfall/internal/core/links"
)

// httpsSetup configures public listeners for https.
type httpsSetup struct {
	config *tls.Config // nil without https
	// challenges answers the challenges of ACME over http before the next handler.
	challenges func(next http.Handler) http.Handler
}

// https returns the setup: with the certificate in its files, which it
// watches until ctx is done, with ACME, or without https.
func (p *PublicOptions) https(ctx context.Context, o *Options) (httpsSetup, error) {
	noChallenges := func(next http.Handler) http.Handler { return next }
	switch {
	case p.TLSCert != "":
		c, err := openCertificate(p.TLSCert, p.TLSKey, o.Data.Now, o.Data.Log)
		if err != nil {
			return httpsSetup{}, err
		}
		ticker := time.NewTicker(certificateEvery)
		context.AfterFunc(ctx, ticker.Stop)
		go c.watch(ctx, ticker.C)
		return httpsSetup{c.config(), noChallenges}, nil
	case len(p.ACME.Domains) > 0:
		for _, d := range p.ACME.Domains { // autocert would ignore a wrong one
			if _, err := idna.Lookup.ToASCII(d); err != nil {
				return httpsSetup{}, fmt.Errorf("--acme-domain: %q %w", d, links.ErrNotDomain)
			}
		}
		m := p.ACME.manager(o.Data.Path)
		return httpsSetup{acmeConfig(ctx, m, o.Data.Now, o.Data.Log), func(next http.Handler) http.Handler { return challenges(m, next) }}, nil
	}
	return httpsSetup{nil, noChallenges}, nil
}
