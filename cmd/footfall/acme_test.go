package main

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/testkit/certtest"
)

// authority is as much of RFC 8555 as gives one certificate: it looks at what
// is said, and not at who says it.
type authority struct {
	t      *testing.T
	ca     *certtest.Authority
	url    string
	kind   string       // of the challenge
	prove  func() error // that the domain leads to the server (RFC 8737; RFC 8555, 8.3)
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
		a.t.Errorf("%s %s was asked for", r.Method, r.URL)
	}
}

// TestACME gets a certificate from an authority, and has it after a restart
// without asking again.
func TestACME(t *testing.T) {
	t.Parallel()
	data, addr := filepath.Join(t.TempDir(), "data"), freeAddr(t)
	a := &authority{t: t, ca: certtest.New(t), kind: "tls-alpn-01"}
	a.prove = func() error {
		// The server shows a certificate made for the proof, and nobody signed it.
		c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "sho.rt", NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		defer c.Close()
		s := c.ConnectionState()
		if s.NegotiatedProtocol != "acme-tls/1" || len(s.PeerCertificates) == 0 || !strings.Contains(fmt.Sprint(s.PeerCertificates[0].DNSNames), "sho.rt") {
			return fmt.Errorf("no proof of the domain: %+v", s)
		}
		return nil
	}
	directory := httptest.NewServer(a)
	a.url = directory.URL
	args := []string{"--data", data, "--listen", addr, "--acme-domain", "sho.rt", "--acme-email", "ann@example.org", "--acme-directory", a.url + "/"}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.ca.Trust("sho.rt"), DisableKeepAlives: true}}
	for range 2 {
		base, stop := serveUntil(t, args...)
		r, err := client.Get(base + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != 200 || r.TLS.PeerCertificates[0].DNSNames[0] != "sho.rt" {
			t.Errorf("%s with a certificate of %v", r.Status, r.TLS.PeerCertificates[0].DNSNames)
		}
		if _, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
			t.Error("a certificate was got of a domain that is not ours")
		}
		stop(syscall.SIGTERM)
		directory.Close() // the second time it is not asked
	}
	var errs bytes.Buffer
	cmd := program(t.Context(), "serve", "--data", data, "--acme-domain", "sho.rt", "--tls-cert", "x", "--tls-key", "y", "--listen", addr)
	cmd.Stderr = &errs
	if err := cmd.Run(); err == nil || !strings.Contains(errs.String(), "two ways") {
		t.Errorf("both ways to a certificate gave %v %s", err, errs.String())
	}
}

// TestACMEOverHTTP gets a certificate from an authority that reaches the server by
// http alone, as where port 443 leads through something that speaks TLS itself.
func TestACMEOverHTTP(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	a := &authority{t: t, ca: certtest.New(t), kind: "http-01"}
	directory := httptest.NewServer(a)
	defer directory.Close()
	a.url = directory.URL
	said, stop := ready(t, serving("--data", data, "--http-listen", "127.0.0.1:0", "--acme-domain", "sho.rt", "--acme-directory", a.url+"/"))
	defer stop(syscall.SIGTERM)
	get := func(host, path string) (*http.Response, string) {
		r, err := http.NewRequest("GET", said["http"]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := visitor.Do(r)
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
	a.prove = func() error {
		res, body := get("sho.rt", "/.well-known/acme-challenge/token")
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "token.") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			return fmt.Errorf("no proof of the domain: %s %q %v", res.Status, body, res.Header)
		}
		return nil
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: a.ca.Trust("sho.rt"), DisableKeepAlives: true}}
	res, err := client.Get(said["url"] + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for host, want := range map[string]int{"sho.rt": http.StatusNotFound, "other.example": http.StatusForbidden} {
		if res, body := get(host, "/.well-known/acme-challenge/other"); res.StatusCode != want {
			t.Errorf("a challenge that there is not, of %s: %s %q, want %d", host, res.Status, body, want)
		}
	}
}
