package main

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestTLS speaks https with the real program, and replaces the certificate of the running
// server as certbot does.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
	later := time.Now().Add(24 * time.Hour)
	ca.Write(t, certFile, keyFile, later, "first.example", "sho.rt")
	data := filepath.Join(dir, "data")
	token := addUser(t, data, "ann")
	base := serve(t, "--data", data, "--tls-cert", certFile, "--tls-key", keyFile, "--domain", "sho.rt").URL
	if !strings.HasPrefix(base, "https://") {
		t.Fatalf("with a certificate the server is ready at %s", base)
	}
	get := func(path string) (*http.Response, string) {
		t.Helper()
		return ask(t, harness.NewClient(ca.Trust("sho.rt")), "GET", base+path) // a new connection each time
	}
	res, short := get("/v3/shorten?format=txt&longUrl=" + url.QueryEscape("http://example.com/") + "&access_token=" + token)
	if res.StatusCode != 200 || res.ProtoMajor != 2 || !strings.HasPrefix(short, "https://sho.rt/") {
		t.Errorf("shorten over https answered %s %s %q", res.Proto, res.Status, short)
	}

	// awaitCertificate waits for a certificate: the server checks the files every second.
	awaitCertificate := func(host string) {
		t.Helper()
		await.Until(t, "the certificate is that of "+host, func() (string, bool) {
			res, _ := get("/healthz")
			name := res.TLS.PeerCertificates[0].Subject.CommonName
			return name, name == host
		})
	}
	awaitCertificate("first.example")
	ca.Write(t, certFile, keyFile, later, "second.example", "sho.rt")
	awaitCertificate("second.example")
	writeFile(t, certFile, "garbage")
	awaitCertificate("second.example")
	ca.Write(t, certFile, keyFile, later, "third.example", "sho.rt")
	awaitCertificate("third.example")

	old := &tls.Config{ServerName: "sho.rt", RootCAs: ca.Trust("").RootCAs, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	if _, err := harness.NewClient(old).Get(base + "/healthz"); err == nil {
		t.Error("the server accepts TLS 1.1")
	}
	if res, _ := ask(t, plain, "GET", "http"+strings.TrimPrefix(base, "https")+"/healthz"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a request over http to the port of https got %s, want 400", res.Status)
	}
}
