package server

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// hello returns the first message of a client that visits a host.
func hello(host string, protocols ...string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: host, SupportedProtos: protocols, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedCurves: []tls.CurveID{tls.CurveP256}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
	}
}

// TestFailuresOfACMEAreLogged: if the authority refuses a certificate, the log says why,
// once a minute at most. What clients can cause is not logged.
func TestFailuresOfACMEAreLogged(t *testing.T) {
	t.Parallel()
	authority := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "the domain is on a list"}`))
	}))
	defer authority.Close()
	a := ACME{Domains: []string{"sho.rt", "go.example"}, Directory: authority.URL}
	var log logtest.Log
	config := acmeConfig(t.Context(), a.manager(t.TempDir()), time.Now, log.Logger())
	for _, client := range []*tls.ClientHelloInfo{
		hello("other.example"), hello(""), hello("localhost"), hello("a b"), hello("sho.rt", acme.ALPNProto),
	} {
		if _, err := config.GetCertificate(client); err == nil {
			t.Errorf("there is a certificate for %q", client.ServerName)
		}
	}
	if log.String() != "" {
		t.Errorf("visits of clients were logged: %s", log.String())
	}
	for range 3 {
		for _, domain := range []string{"SHO.rt", "go.example"} {
			if _, err := config.GetCertificate(hello(domain, "h2")); err == nil {
				t.Errorf("there is a certificate for %s, although the authority refused it", domain)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 || !strings.Contains(lines[0], "no certificate could be obtained") || !strings.Contains(lines[0], "domain=sho.rt times=1") ||
		!strings.Contains(lines[0], "the domain is on a list") {
		t.Errorf("logged %q, want one line with the domain and the reason", lines)
	}
}

// TestLateRenewalIsLogged: a certificate that expires soon is used, and the log says so.
func TestLateRenewalIsLogged(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 10)
	authority := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.NotFound(w, r)
		asked <- struct{}{}
	}))
	defer authority.Close()
	const day = 24 * time.Hour
	for left, want := range map[time.Duration]bool{14 * day: true, 16 * day: false} {
		ca, dir := certtest.New(t), t.TempDir()
		certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
		ca.Write(t, certFile, keyFile, time.Now().Add(left), "sho.rt")
		var kept [][]byte // in the order of autocert
		for _, name := range []string{keyFile, certFile} {
			pem, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, pem)
		}
		if err := os.Mkdir(filepath.Join(dir, "acme"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "acme", "sho.rt"), slices.Concat(kept...), 0o600); err != nil {
			t.Fatal(err)
		}
		a := ACME{Domains: []string{"sho.rt"}, Directory: authority.URL}
		var log logtest.Log
		config := acmeConfig(t.Context(), a.manager(dir), time.Now, log.Logger())
		for range 2 {
			if _, err := config.GetCertificate(hello("sho.rt")); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(log.String(), "could not be renewed"); got != map[bool]int{true: 1}[want] {
			t.Errorf("%v before the end the log has %d lines about it: %s", left, got, log.String())
		}
		<-asked // a renewal began; it writes no more files into dir
	}
}
