package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// authority implements as much of RFC 8555 as one certificate needs. It does not check
// signatures.
type authority struct {
	t      *testing.T
	ca     *certtest.Authority
	url    string
	kind   string       // of the challenge
	prove  func() error // checks that the domain leads to the server (RFC 8737; RFC 8555, 8.3)
	mu     sync.Mutex
	proven bool
	chain  []byte // PEM
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Replay-Nonce", "nonce")
	say := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(v)
	}
	status := func(done bool) string {
		if done {
			return "valid"
		}
		return "pending"
	}
	challenge := func() map[string]any {
		return map[string]any{"type": a.kind, "url": a.url + "/challenge", "token": "token", "status": status(a.proven)}
	}
	order := func() map[string]any {
		o := map[string]any{
			"status": "pending", "authorizations": []string{a.url + "/authorization"}, "finalize": a.url + "/finalize",
			"identifiers": []any{map[string]string{"type": "dns", "value": "sho.rt"}},
		}
		if a.proven {
			o["status"] = "ready"
		}
		if a.chain != nil {
			o["status"], o["certificate"] = "valid", a.url+"/certificate"
		}
		return o
	}
	switch r.URL.Path {
	case "/":
		say(200, map[string]string{"newNonce": a.url + "/nonce", "newAccount": a.url + "/account", "newOrder": a.url + "/orders"})
	case "/nonce":
	case "/account":
		w.Header().Set("Location", a.url+"/account/1")
		say(201, map[string]any{"status": "valid"})
	case "/orders":
		w.Header().Set("Location", a.url+"/order")
		say(201, order())
	case "/order":
		say(200, order())
	case "/authorization":
		say(200, map[string]any{
			"status": status(a.proven), "identifier": map[string]string{"type": "dns", "value": "sho.rt"},
			"challenges": []any{challenge()},
		})
	case "/challenge":
		if err := a.prove(); err != nil {
			a.t.Error(err)
		}
		a.proven = true
		say(200, challenge())
	case "/finalize":
		var jws struct{ Payload string }
		var payload struct{ CSR string }
		err := json.NewDecoder(r.Body).Decode(&jws)
		if b, err2 := base64.RawURLEncoding.DecodeString(jws.Payload); err == nil && err2 == nil {
			err = json.Unmarshal(b, &payload)
		}
		csr, err2 := base64.RawURLEncoding.DecodeString(payload.CSR)
		if err != nil || err2 != nil {
			a.t.Error(err, err2)
			return
		}
		a.chain = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.ca.Sign(a.t, csr)})
		w.Header().Set("Location", a.url+"/order")
		say(200, order())
	case "/certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(a.chain)
	default:
		a.t.Errorf("unexpected request %s %s", r.Method, r.URL)
	}
}

// TestACME gets a certificate from an authority, and uses it after a restart without
// asking again.
func TestACME(t *testing.T) {
	t.Parallel()
	data, addr := filepath.Join(t.TempDir(), "data"), ""
	a := &authority{t: t, ca: certtest.New(t), kind: "tls-alpn-01"}
	a.prove = func() error {
		// The certificate of the proof is not signed by an authority.
		c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "sho.rt", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		defer c.Close()
		s := c.ConnectionState()
		if s.NegotiatedProtocol != "acme-tls/1" || len(s.PeerCertificates) == 0 || !strings.Contains(fmt.Sprint(s.PeerCertificates[0].DNSNames), "sho.rt") {
			return fmt.Errorf("the server does not prove the domain over TLS: %+v", s)
		}
		return nil
	}
	directory := httptest.NewServer(a)
	a.url = directory.URL
	args := []string{"--data", data, "--acme-domain", "sho.rt", "--acme-email", "ann@example.org", "--acme-directory", a.url + "/"}
	for range 2 {
		server := serve(t, args...)
		addr = server.Addr
		r, _ := ask(t, harness.NewClient(a.ca.Trust("sho.rt")), "GET", server.URL+"/healthz")
		if r.StatusCode != 200 || r.TLS.PeerCertificates[0].DNSNames[0] != "sho.rt" {
			t.Errorf("/healthz answered %s with a certificate for %v, want 200 and one for sho.rt", r.Status, r.TLS.PeerCertificates[0].DNSNames)
		}
		if _, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
			t.Error("the server has a certificate for other.example, which --acme-domain does not name")
		}
		stop(t, server)
		directory.Close() // the second server must not need it
	}
	fails(t, "exclude each other", "serve", "--data", data, "--acme-domain", "sho.rt", "--tls-cert", "x", "--tls-key", "y", "--listen", "127.0.0.1:0")
}

// TestACMEOverHTTP gets a certificate from an authority that reaches the server over
// http only, as behind a proxy that terminates TLS on port 443.
func TestACMEOverHTTP(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	a := &authority{t: t, ca: certtest.New(t), kind: "http-01"}
	directory := httptest.NewServer(a)
	defer directory.Close()
	a.url = directory.URL
	server := serve(t, "--data", data, "--http-listen", "127.0.0.1:0", "--acme-domain", "sho.rt", "--acme-directory", a.url+"/")
	challenge := server.Attributes["http"] + "/.well-known/acme-challenge/"
	a.prove = func() error {
		res, body := ask(t, plain, "GET", challenge+"token", "Host: sho.rt")
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "token.") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			return fmt.Errorf("the server does not prove the domain over http: %s %q %v", res.Status, body, res.Header)
		}
		return nil
	}
	ask(t, harness.NewClient(a.ca.Trust("sho.rt")), "GET", server.URL+"/healthz")
	for host, want := range map[string]int{"sho.rt": http.StatusNotFound, "other.example": http.StatusForbidden} {
		if res, body := ask(t, plain, "GET", challenge+"other", "Host: "+host); res.StatusCode != want {
			t.Errorf("an unknown challenge for %s was answered with %s %q, want %d", host, res.Status, body, want)
		}
	}
}
