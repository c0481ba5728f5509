package main

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestSeveralListeners: all listeners answer alike, those of options and those of a list
// in the environment.
func TestSeveralListeners(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	token := addUser(t, data, "ann")
	byVariable := program(t.Context(), "serve", "--data", data)
	byVariable.Env = append(byVariable.Env, "FOOTFALL_LISTEN=127.0.0.1:0,127.0.0.2:0,:0")
	for name, cmd := range map[string]*exec.Cmd{
		"options":  serving("--data", data, "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--listen", ":0"),
		"variable": byVariable,
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, cmd)
			all := append([]string{server.URL}, strings.Split(server.Attributes["also"], ",")...)
			if len(all) != 3 || !strings.HasPrefix(all[0], "http://127.0.0.1:") || !strings.HasPrefix(all[1], "http://127.0.0.2:") || !strings.HasPrefix(all[2], "http://localhost:") {
				t.Fatalf("the server is ready at %v", server.Attributes)
			}
			for i, base := range all {
				// The short URL has the host of the listener that was asked.
				short := strings.TrimSpace(fetch(t, fmt.Sprintf("%s/v3/shorten?format=txt&access_token=%s&longUrl=http://%s.example/%d", base, token, name, i)))
				if !strings.HasPrefix(short, base+"/") {
					t.Errorf("the listener %s made the short URL %s, which has another host", base, short)
				}
				if res := visit(t, short); res.StatusCode != http.StatusMovedPermanently {
					t.Errorf("a visit of %s: %s, want a redirect", short, res.Status)
				}
			}
			// No link may lead to one of the listeners.
			for _, to := range all {
				if _, body := ask(t, plain, "GET", all[0]+"/v3/shorten?format=txt&access_token="+token+"&longUrl="+to+"/abc"); !strings.Contains(body, "ALREADY_A_BITLY_LINK") {
					t.Errorf("a link to %s was made: %s", to, body)
				}
			}
		})
	}
	if got := countries(t, serve(t, "--data", data), token, 6); got["None"] != 6 {
		t.Errorf("6 visits are counted as %v", got)
	}
}

// TestListenersAllOrNone: if one address is in use, the program prints which and ends.
func TestListenersAllOrNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for _, option := range []string{"--listen", "--metrics-listen"} {
		out := sentence(t, "serve", "--data", dir+"/data", "--listen", "127.0.0.1:0", option, taken)
		if want := fmt.Sprintf("footfall: listen on %s: bind: address already in use: choose another address with %s\n", taken, option); out != want {
			t.Errorf("with an address in use for %s, the server prints %q, want %q", option, out, want)
		}
	}
	out := sentence(t, "serve", "--data", dir+"/data", "--listen", taken, "--http-listen", "127.0.0.1:0")
	if !strings.Contains(out, "--http-listen only applies next to https: give a certificate") {
		t.Errorf("--http-listen without https prints %q", out)
	}
}

// TestPlainHTTPNextToHTTPS: visitors are answered over http as over https, each visit
// counts once, and the API refuses requests over http.
func TestPlainHTTPNextToHTTPS(t *testing.T) {
	t.Parallel()
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile, data := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "data")
	ca.Write(t, certFile, keyFile, time.Now().Add(24*time.Hour), "sho.rt")
	token := addUser(t, data, "ann")
	server := serve(t, "--data", data, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
		"--tls-cert", certFile, "--tls-key", keyFile, "--domain", "sho.rt")
	client := harness.NewClient(ca.Trust("sho.rt"))
	get := func(url string, headers ...string) (*http.Response, string) {
		t.Helper()
		return ask(t, client, "GET", url, headers...)
	}
	secure := []string{server.URL, server.Attributes["also"]}
	clear := strings.Split(server.Attributes["http"], ",")
	if len(clear) != 2 || !strings.HasPrefix(secure[1], "https://") {
		t.Fatalf("the server is ready at %v", server.Attributes)
	}
	_, short := get(secure[0] + "/v3/shorten?format=txt&longUrl=http://example.com/&access_token=" + token)
	name, ok := strings.CutPrefix(strings.TrimSpace(short), "https://sho.rt")
	if !ok {
		t.Fatalf("shorten made %q", short)
	}
	for _, base := range slices.Concat(secure, clear) {
		if res, _ := get(base+name, "Host: sho.rt"); res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != "http://example.com/" {
			t.Errorf("a visit at %s: %s to %s", base, res.Status, res.Header.Get("Location"))
		}
		if res, body := get(base + "/healthz"); res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "ok\n") {
			t.Errorf("/healthz at %s answers %s %s", base, res.Status, body)
		}
		if res, _ := get(base + "/none"); res.StatusCode != http.StatusNotFound {
			t.Errorf("an unknown name at %s: %s", base, res.Status)
		}
	}
	port := secure[0][strings.LastIndex(secure[0], ":"):]
	for host, want := range map[string]string{"sho.rt": "https://sho.rt/?a=b", "sho.rt:8080": "https://sho.rt" + port + "/?a=b", "[::1]:8080": "https://[::1]" + port + "/?a=b", "[::1]": "https://[::1]/?a=b"} {
		if res, _ := get(clear[0]+"/?a=b", "Host: "+host); res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
			t.Errorf("/ of %s over http: %s to %s, want %s", host, res.Status, res.Header.Get("Location"), want)
		}
	}
	for _, c := range [][2]string{
		{"GET", "/v3/user/info?access_token=" + token}, {"GET", "/%76%33/user/info?access_token=" + token}, {"POST", "/v3/shorten?access_token=" + token}, {"GET", "/v3"},
		{"POST", "/oauth/access_token"}, {"GET", "/v4/user"}, {"OPTIONS", "/v4/user"}, {"POST", "/"},
	} {
		res, body := ask(t, client, c[0], clear[1]+c[1])
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, `"status_txt": "HTTPS_REQUIRED"`) || res.Header.Get("Location") != "" {
			t.Errorf("%s %s over http: %s %s %v", c[0], c[1], res.Status, body, res.Header)
		}
	}
	clicks := ""
	await.Until(t, "4 visits are counted", func() (string, bool) {
		_, body := get(secure[0] + "/v3/link/clicks?format=txt&link=https://sho.rt" + name + "&access_token=" + token)
		clicks = strings.TrimSpace(body)
		return clicks, clicks >= "4" || len(clicks) != 1
	})
	if clicks != "4" {
		t.Errorf("4 visits, 2 of them over http, are counted as %s clicks", clicks)
	}
}
