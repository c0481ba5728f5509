package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateEvery is how often the files of a certificate are looked at, at
// most.
const certificateEvery = time.Second

// certificate is a TLS certificate in two files. It is read again when they
// change; as long as they do not fit each other, the last good one is used.
type certificate struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp // of the files as they were read last, for good or ill
	looked  time.Time
}

// stamp tells whether a file is another one by now.
type stamp struct {
	changed time.Time
	size    int64
}

// openCertificate fails with a sentence where the files hold no certificate
// and its key.
func openCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, now: now, log: log, looked: now()}
	seen, err := c.stamps()
	if err == nil {
		c.seen = seen
		c.current, err = c.read()
	}
	if err != nil {
		return nil, err
	}
	if leaf := c.current.Leaf; now().After(leaf.NotAfter) {
		log.Warn("the certificate has expired; clients will refuse it", "file", certFile, "expired", leaf.NotAfter)
	}
	return c, nil
}

func (c *certificate) stamps() (s [2]stamp, err error) {
	for i, f := range []struct{ option, name string }{{"--tls-cert", c.certFile}, {"--tls-key", c.keyFile}} {
		info, err := os.Stat(f.name) // of what a symbolic link leads to
		if err != nil {
			return s, fmt.Errorf("%s: %w", f.option, err)
		}
		s[i] = stamp{info.ModTime(), info.Size()}
	}
	return s, nil
}

func (c *certificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	var path *fs.PathError
	if errors.As(err, &path) {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("--tls-cert %s and --tls-key %s are not a certificate and its key, PEM and not encrypted: %w", c.certFile, c.keyFile, err)
	}
	return &pair, nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if age := c.now().Sub(c.looked); age < 0 || age >= certificateEvery {
		c.looked = c.now()
		c.reload()
	}
	return c.current, nil
}

// reload is called with mu held. Each state of the files is told of once.
func (c *certificate) reload() {
	seen, err := c.stamps()
	if err == nil && seen == c.seen {
		return
	}
	if err != nil {
		seen = [2]stamp{} // the files are missing, and differ from any others
		if seen == c.seen {
			return
		}
	}
	c.seen = seen
	var next *tls.Certificate
	if err == nil {
		next, err = c.read()
	}
	if err != nil {
		c.log.Error("the changed certificate cannot be used; the last good one stays in use", "error", err)
		return
	}
	c.current = next
	c.log.Info("the certificate was read again", "file", c.certFile, "expires", next.Leaf.NotAfter)
}

// config is for a server that shows the certificate.
func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}
