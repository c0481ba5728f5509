package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/certtest"
)

// TestSeveralListeners: each listener answers alike, whether it is named by an
// option or in a list of the environment.
func TestSeveralListeners(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	added, _ := run(t, "user", "add", "ann", "--data", data)
	token := strings.TrimSpace(added)
	for name, cmd := range map[string]func() (map[string]string, func(os.Signal) error){
		"options": func() (map[string]string, func(os.Signal) error) {
			return ready(t, program(t.Context(), "serve", "--data", data, "--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--listen", ":0"))
		},
		"variable": func() (map[string]string, func(os.Signal) error) {
			cmd := program(t.Context(), "serve", "--data", data)
			cmd.Env = append(cmd.Env, "FOOTFALL_LISTEN=127.0.0.1:0,127.0.0.2:0,:0")
			return ready(t, cmd)
		},
	} {
		t.Run(name, func(t *testing.T) {
			said, stop := cmd()
			all := append([]string{said["url"]}, strings.Split(said["also"], ",")...)
			if len(all) != 3 || !strings.HasPrefix(all[0], "http://127.0.0.1:") || !strings.HasPrefix(all[1], "http://127.0.0.2:") || !strings.HasPrefix(all[2], "http://localhost:") {
				t.Fatalf("it is ready at %v", said)
			}
			for i, base := range all {
				// The short URL leads to the listener that was asked.
				short := shorten(t, base, token, fmt.Sprintf("http://%s.example/%d", name, i))
				if !strings.HasPrefix(short, base+"/") {
					t.Errorf("%s made %s", base, short)
				}
				if res := visit(t, "GET", short); res.StatusCode != http.StatusMovedPermanently {
					t.Errorf("%s: %s", short, res.Status)
				}
			}
			// None of the listeners may be led back to.
			for _, to := range all {
				res, err := http.Get(all[0] + "/v3/shorten?format=txt&access_token=" + token + "&longUrl=" + to + "/abc")
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				if res.Body.Close(); !strings.Contains(string(body), "ALREADY_A_BITLY_LINK") {
					t.Errorf("a link to %s was made: %s", to, body)
				}
			}
			if err := stop(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		})
	}
	url, _ := serve(t, "--data", data)
	if got := countries(t, url, token, 6); got["None"] != 6 {
		t.Errorf("6 visits made the clicks %v", got)
	}
}

// TestListenersAllOrNone: where one address is taken, the program says which, and
// ends.
func TestListenersAllOrNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0") // it stays, so that the address is taken
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	for _, option := range []string{"--listen", "--metrics-listen"} {
		out := says(t, true, "serve", "--data", dir+"/data", "--listen", "127.0.0.1:0", option, taken)
		if want := fmt.Sprintf("footfall: listen on %s: bind: address already in use (%s takes another address)\n", taken, option); out != want {
			t.Errorf("%s: %q, want %q", option, out, want)
		}
	}
	out := says(t, true, "serve", "--data", dir+"/data", "--listen", taken, "--http-listen", "127.0.0.1:0")
	if !strings.Contains(out, "--http-listen is for http beside https: give a certificate") {
		t.Errorf("http beside http: %q", out)
	}
}

// TestHTTPBesideHTTPS: visitors are answered over http as over https, each visit
// counts once, and nothing with a token is said over http.
func TestHTTPBesideHTTPS(t *testing.T) {
	t.Parallel()
	ca, dir := certtest.New(t), t.TempDir()
	certFile, keyFile, data := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "data")
	ca.Write(t, certFile, keyFile, time.Now().Add(24*time.Hour), "sho.rt")
	added, _ := run(t, "user", "add", "ann", "--data", data)
	token := strings.TrimSpace(added)
	said, stop := ready(t, serving("--data", data, "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
		"--tls-cert", certFile, "--tls-key", keyFile, "--domain", "sho.rt"))
	defer func() {
		if err := stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}()
	config := ca.Trust("sho.rt")
	client := &http.Client{CheckRedirect: visitor.CheckRedirect, Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}
	ask := func(method, url, host string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Header.Set("User-Agent", browser); host != "" {
			r.Host = host
		}
		res, err := client.Do(r)
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
	secure := append([]string{said["url"]}, said["also"])
	clear := strings.Split(said["http"], ",")
	if len(clear) != 2 || !strings.HasPrefix(said["also"], "https://") {
		t.Fatalf("it is ready at %v", said)
	}
	_, short := ask("GET", secure[0]+"/v3/shorten?format=txt&longUrl=http://example.com/&access_token="+token, "")
	name, ok := strings.CutPrefix(strings.TrimSpace(short), "https://sho.rt")
	if !ok {
		t.Fatalf("shorten made %q", short)
	}
	for _, base := range append(secure, clear...) {
		if res, _ := ask("GET", base+name, "sho.rt"); res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != "http://example.com/" {
			t.Errorf("a visit at %s: %s to %s", base, res.Status, res.Header.Get("Location"))
		}
		if res, body := ask("GET", base+"/healthz", ""); res.StatusCode != http.StatusOK || !strings.HasPrefix(body, "ok\n") {
			t.Errorf("health at %s: %s %s", base, res.Status, body)
		}
		if res, _ := ask("GET", base+"/none", ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("a name that there is not, at %s: %s", base, res.Status)
		}
	}
	port := secure[0][strings.LastIndex(secure[0], ":"):]
	for host, want := range map[string]string{"sho.rt": "https://sho.rt/?a=b", "sho.rt:8080": "https://sho.rt" + port + "/?a=b", "[::1]:8080": "https://[::1]" + port + "/?a=b", "[::1]": "https://[::1]/?a=b"} {
		if res, _ := ask("GET", clear[0]+"/?a=b", host); res.StatusCode != http.StatusFound || res.Header.Get("Location") != want {
			t.Errorf("the page of %s over http: %s to %s, want %s", host, res.Status, res.Header.Get("Location"), want)
		}
	}
	for _, c := range [][2]string{
		{"GET", "/v3/user/info?access_token=" + token}, {"GET", "/%76%33/user/info?access_token=" + token}, {"POST", "/v3/shorten?access_token=" + token}, {"GET", "/v3"},
		{"POST", "/oauth/access_token"}, {"GET", "/v4/user"}, {"OPTIONS", "/v4/user"}, {"POST", "/"},
	} {
		res, body := ask(c[0], clear[1]+c[1], "")
		if res.StatusCode != http.StatusForbidden || !strings.Contains(body, `"status_txt": "HTTPS_REQUIRED"`) || res.Header.Get("Location") != "" {
			t.Errorf("%s %s over http: %s %s %v", c[0], c[1], res.Status, body, res.Header)
		}
	}
	clicks := ""
	await(t, "4 visits are counted", func() (string, bool) {
		_, body := ask("GET", secure[0]+"/v3/link/clicks?format=txt&link=https://sho.rt"+name+"&access_token="+token, "")
		clicks = strings.TrimSpace(body)
		return clicks, clicks >= "4" || len(clicks) != 1
	})
	if clicks != "4" {
		t.Errorf("4 visits, 2 of them over http, made %s clicks", clicks)
	}
}
