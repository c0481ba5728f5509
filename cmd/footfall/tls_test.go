package main

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/certtest"
)

// TestTLS speaks https with the real program, and changes the certificate
// beneath it as certbot does.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile := filepath.Join(dir, "fullchain.pem"), filepath.Join(dir, "privkey.pem")
	later := time.Now().Add(24 * time.Hour)
	ca.Write(t, certFile, keyFile, later, "first.example", "sho.rt")
	data := filepath.Join(dir, "data")
	token, _ := run(t, "user", "add", "ann", "--data", data)
	base, _ := serve(t, "--data", data, "--tls-cert", certFile, "--tls-key", keyFile, "--domain", "sho.rt")
	if !strings.HasPrefix(base, "https://") {
		t.Fatalf("with a certificate the server says it is at %s", base)
	}
	client := func(config *tls.Config) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	}
	ask := func(path string) (*http.Response, string) {
		t.Helper()
		res, err := client(ca.Trust("sho.rt")).Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	res, short := ask("/v3/shorten?format=txt&longUrl=" + url.QueryEscape("http://example.com/") + "&access_token=" + strings.TrimSpace(token))
	if res.StatusCode != 200 || res.ProtoMajor != 2 || !strings.HasPrefix(short, "https://sho.rt/") {
		t.Errorf("shorten over https: %s %s %q", res.Proto, res.Status, short)
	}

	// shown asks until the certificate shown is that of the host: the files are
	// looked at once a second.
	shown := func(want string) {
		t.Helper()
		for name := ""; name != want; {
			res, _ := ask("/healthz")
			name = res.TLS.PeerCertificates[0].Subject.CommonName
		}
	}
	shown("first.example")
	ca.Write(t, certFile, keyFile, later, "second.example", "sho.rt")
	shown("second.example")
	if err := os.WriteFile(certFile, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	shown("second.example")
	ca.Write(t, certFile, keyFile, later, "third.example", "sho.rt")
	shown("third.example")

	if _, err := client(&tls.Config{ServerName: "sho.rt", RootCAs: ca.Trust("").RootCAs, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}).Get(base + "/healthz"); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	if res, err := http.Get("http" + strings.TrimPrefix(base, "https") + "/healthz"); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("http on the port of https gave %v, %v; want 400", res, err)
	}
}
