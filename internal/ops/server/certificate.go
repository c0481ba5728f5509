package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/footfall/footfall/internal/base/reload"
)

const (
	// certificateEvery is the interval at which the files of a certificate are checked
	// for a change. A check that takes certificateSlow is logged.
	certificateEvery, certificateSlow = time.Second, 10 * time.Second
	// maxCertificate is the maximum size of each of the files, in bytes.
	maxCertificate = 1 << 20
)

// certificate is a TLS certificate in two files, which are read again when they
// change. While they cannot be read or do not belong together, the last good
// certificate is used.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	files             *reload.Value[*tls.Certificate]
}

// openCertificate returns an error if the files are not a certificate and its key.
// It logs a warning if the certificate has expired.
func openCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	files, err := reload.Open(reload.Options[*tls.Certificate]{
		Files:   []reload.File{{Name: "--tls-cert", Path: certFile}, {Name: "--tls-key", Path: keyFile}},
		Largest: maxCertificate,
		Parse: func(pem [][]byte) (*tls.Certificate, error) {
			pair, err := tls.X509KeyPair(pem[0], pem[1])
			if err != nil {
				err = fmt.Errorf("--tls-cert %s and --tls-key %s are not a certificate and its key, PEM and not encrypted: %w", certFile, keyFile, err)
			}
			return &pair, err
		},
	})
	if err != nil {
		return nil, err
	}
	if leaf := files.Get().Leaf; now().After(leaf.NotAfter) {
		log.Warn("the certificate has expired, and clients refuse it: renew it, and footfall reads it again", "file", certFile, "expired", leaf.NotAfter)
	}
	return &certificate{certFile, keyFile, log, files}, nil
}

// get is tls.Config.GetCertificate. It never waits for a file.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.files.Get(), nil
}

// watch checks the files at every tick until ctx is done.
func (c *certificate) watch(ctx context.Context, ticks <-chan time.Time) {
	c.files.Watch(ctx, ticks, certificateSlow, c.report())
}

func (c *certificate) report() reload.Report[*tls.Certificate] {
	return reload.Report[*tls.Certificate]{
		Changed: func(next *tls.Certificate) {
			c.log.Info("the certificate was read again", "file", c.certFile, "expires", next.Leaf.NotAfter)
		},
		Failed: func(err error) {
			c.log.Error("the changed certificate cannot be used; the last good one stays in use: look at its files", "error", err)
		},
		Slow: func(waited time.Duration) {
			c.log.Warn("reading the files of the certificate hangs; the last good one stays in use: look at their disk or network share", "waited", waited, "cert", c.certFile, "key", c.keyFile)
		},
	}
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}
