package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/regular"
)

const (
	// certificateEvery is how often the files of a certificate are looked at, and
	// certificateSlow how long that may take before the log is told.
	certificateEvery, certificateSlow = time.Second, 10 * time.Second
	// largestCertificate bounds each of the files, in bytes.
	largestCertificate = 1 << 20
)

// certificate is a TLS certificate in two files. It is read again when they
// change; as long as they do not fit each other, or cannot be read, the last good
// one is used. A handshake never waits for a file.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	current atomic.Pointer[tls.Certificate]
	seen    [2]stamp // of the files as they were read last, for good or ill; of whoever looks
}

// stamp tells whether a file is another one by now.
type stamp struct {
	changed time.Time
	size    int64
}

// openCertificate fails with a sentence where the files hold no certificate
// and its key.
func openCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	seen, next, err := c.read([2]stamp{})
	if err != nil {
		return nil, err
	}
	c.seen = seen
	c.current.Store(next)
	if leaf := next.Leaf; now().After(leaf.NotAfter) {
		log.Warn("the certificate has expired; clients will refuse it", "file", certFile, "expired", leaf.NotAfter)
	}
	return c, nil
}

// read reads the files, or returns neither a certificate nor an error where they
// are as they were seen.
func (c *certificate) read(before [2]stamp) (seen [2]stamp, _ *tls.Certificate, _ error) {
	var files [2]*regular.File
	for i, f := range []struct{ option, name string }{{"--tls-cert", c.certFile}, {"--tls-key", c.keyFile}} {
		file, err := regular.Open(f.name)
		if err != nil {
			return seen, nil, fmt.Errorf("%s: %w", f.option, err)
		}
		defer file.Close()
		files[i], seen[i] = file, stamp{file.Info.ModTime(), file.Info.Size()}
	}
	if seen == before {
		return seen, nil, nil
	}
	var pem [2][]byte
	for i, f := range files {
		var err error
		if pem[i], err = f.Read(largestCertificate); err != nil {
			return seen, nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
	}
	pair, err := tls.X509KeyPair(pem[0], pem[1])
	if err != nil {
		return seen, nil, fmt.Errorf("--tls-cert %s and --tls-key %s are not a certificate and its key, PEM and not encrypted: %w", c.certFile, c.keyFile, err)
	}
	return seen, &pair, nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

// look reads the files again if they changed. Each state of them is told of once;
// files that cannot be opened have none, and differ from any others.
func (c *certificate) look() {
	seen, next, err := c.read(c.seen)
	if seen == c.seen || err == nil && next == nil {
		return
	}
	c.seen = seen
	if err != nil {
		c.log.Error("the changed certificate cannot be used; the last good one stays in use", "error", err)
		return
	}
	c.current.Store(next)
	c.log.Info("the certificate was read again", "file", c.certFile, "expires", next.Leaf.NotAfter)
}

// watch looks at every tick until ctx is done. Where a file system does not
// answer, it waits, and nobody else does.
func (c *certificate) watch(ctx context.Context, ticks <-chan time.Time, look func(), slow time.Duration) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		looked := make(chan struct{})
		go func() {
			defer close(looked)
			look()
		}()
		late := time.NewTimer(slow)
		select {
		case <-looked:
			late.Stop()
			continue
		case <-ctx.Done():
			return
		case <-late.C:
			c.log.Warn("the files of the certificate do not answer; the last good one stays in use", "waited", slow, "cert", c.certFile, "key", c.keyFile)
		}
		select {
		case <-looked:
		case <-ctx.Done():
			return
		}
	}
}

// config is for a server that shows the certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}
