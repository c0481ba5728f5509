//go:build contrib

package contrib_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/harness"
)

const password = "secretpassword"

// start runs a program until the end of the test.
func start(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...)
	cmd.Env = append(os.Environ(), env...)
	p, err := harness.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil || t.Failed() {
			t.Errorf("%s ended with %v; its log is\n%s", name, err, p.Log)
		}
	})
}

// site is footfall with a proxy in front, as a visitor with a public address reaches it.
type site struct {
	http        *http.Client
	data, token string
}

// newSite starts footfall with the options of docs/install.md.
func newSite(t *testing.T, trust *tls.Config) *site {
	t.Helper()
	s := &site{data: filepath.Join(t.TempDir(), "data")}
	run := func(stdin string, args ...string) string {
		t.Helper()
		out, _, err := footfall.Run(t.Context(), stdin, append(args, "--data", s.data)...)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	s.token = run("", "user", "add", "ann")
	run(password+"\n", "user", "password", "ann")
	env := strings.Fields(snippet(t, "install.md", "## Behind a proxy", ""))
	start(t, append(env, "FOOTFALL_DATA="+s.data, "FOOTFALL_GEO_DB="), program, "serve")
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(visitor)}}
	s.http = harness.NewClient(trust)
	s.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return from.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return s
}

// ask sends a request as a browser, with headers that claim another address.
func (s *site) ask(t *testing.T, method, url string, form url.Values) (*http.Response, string) {
	t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", harness.Browser)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range map[string]string{
		"X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.8.8", "X-Real-IP": "8.8.8.8", "X-Forwarded-Proto": "ftp",
	} {
		r.Header.Set(name, value)
	}
	res, text, err := harness.Do(s.http, r)
	if err != nil {
		t.Fatal(err)
	}
	return res, strings.TrimSpace(text)
}

// awaitAnswer waits until footfall answers through the proxy.
func (s *site) awaitAnswer(t *testing.T) {
	t.Helper()
	await.Until(t, "footfall answers through the proxy", func() (string, bool) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://sho.rt/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, _, err := harness.Do(s.http, r)
		if err != nil {
			return err.Error(), false
		}
		return res.Status, res.StatusCode == http.StatusOK
	})
}

// check does what users and visitors do, and checks the answers.
func (s *site) check(t *testing.T) {
	t.Helper()
	s.awaitAnswer(t)
	api := "https://sho.rt/v3/"
	token := "access_token=" + s.token
	if _, issued := s.ask(t, http.MethodPost, "https://ann:"+password+"@sho.rt/oauth/access_token", url.Values{"client_id": {"a script"}}); len(issued) != len(s.token) {
		t.Errorf("POST /oauth/access_token returned %q, want a token", issued)
	}
	_, short := s.ask(t, http.MethodPost, api+"shorten", url.Values{"access_token": {s.token}, "longUrl": {"http://example.org/"}, "format": {"txt"}})
	if !strings.HasPrefix(short, "https://sho.rt/") {
		t.Fatalf("shorten returned %q, want a short URL", short)
	}
	for range 3 {
		if res, _ := s.ask(t, http.MethodGet, short, nil); res.StatusCode != 301 || res.Header.Get("Location") != "http://example.org/" || res.ProtoMajor != 2 {
			t.Errorf("a visit was answered with %s %s, %v; want a redirect over HTTP/2", res.Proto, res.Status, res.Header)
		}
	}
	_, name, _ := strings.Cut(short, "sho.rt/")
	// The proxy passes the path unchanged, so this is the fourth visit.
	if res, _ := s.ask(t, http.MethodGet, "https://sho.rt//"+name, nil); res.StatusCode != 301 || res.Header.Get("Location") != "http://example.org/" {
		t.Errorf("a visit with an additional slash was answered with %s, %v; want a redirect", res.Status, res.Header)
	}
	if res, _ := s.ask(t, http.MethodHead, short, nil); res.StatusCode != 301 {
		t.Errorf("HEAD of a link was answered with %s, want 301", res.Status)
	}
	if res, _ := s.ask(t, http.MethodGet, "http://sho.rt/"+name+"?a=b", nil); res.StatusCode/100 != 3 || res.Header.Get("Location") != short+"?a=b" {
		t.Errorf("a visit over http was answered with %s to %s, want a redirect to https", res.Status, res.Header.Get("Location"))
	}
	if res, body := s.ask(t, http.MethodGet, "https://sho.rt/nothing-here", nil); res.StatusCode != 404 || body == "" {
		t.Errorf("an unknown name was answered with %s and %q, want 404 and a page", res.Status, body)
	}
	long := "http://example.org/?q=" + strings.Repeat("ü", 1300)
	res, body := s.ask(t, http.MethodGet, api+"shorten?format=txt&"+token+"&longUrl="+url.QueryEscape(long), nil)
	if res.StatusCode != 200 || !strings.HasPrefix(body, "https://sho.rt/") {
		t.Fatalf("shorten of a long URL was answered with %s, %s", res.Status, body)
	}
	if res, _ := s.ask(t, http.MethodGet, body, nil); res.StatusCode != 301 || len(res.Header.Get("Location")) < 7800 {
		t.Errorf("a visit of a link to a long URL was answered with %s and %d bytes of Location", res.Status, len(res.Header.Get("Location")))
	}
	if res, _ := s.ask(t, http.MethodGet, "https://sho.rt/metrics", nil); res.StatusCode != 404 {
		t.Errorf("/metrics through the proxy was answered with %s, want 404", res.Status)
	}
	if out := must(t, program, "check", "--data", s.data); !strings.Contains(out, "everything agrees") { // waits until all is counted
		t.Errorf("footfall check printed\n%s", out)
	}
	if _, body := s.ask(t, http.MethodGet, api+"link/countries?format=xml&"+token+"&link="+url.QueryEscape(short), nil); !strings.Contains(body, "<countries><country>DE</country><clicks>4</clicks></countries>") || strings.Contains(body, "US") {
		t.Errorf("four visits from Germany, with headers that claim another address, are counted as %s", body)
	}
}

// TestNginx runs the snippet of docs/install.md in Debian's nginx. An import of its
// log counts the visits again, except those that the document says to cut off.
func TestNginx(t *testing.T) {
	certificate := certificates + "/live/sho.rt"
	must(t, "mkdir", "-p", certificate)
	authority := certtest.New(t)
	authority.Write(t, certificate+"/fullchain.pem", certificate+"/privkey.pem", time.Now().Add(time.Hour), "sho.rt")
	if err := os.WriteFile("/etc/nginx/conf.d/footfall.conf", []byte(snippet(t, "install.md", "**nginx**", "nginx")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Log(must(t, "nginx", "-t"))
	s := newSite(t, authority.Trust("sho.rt"))
	start(t, nil, "nginx", "-g", "daemon off;")
	s.check(t)

	const log = "/var/log/nginx/access.log"
	must(t, "cp", log, filepath.Join(filepath.Dir(s.data), "access.log"))
	example := snippet(t, "install.md", "**Do not import the log", "")
	_, rest, found := strings.Cut(example, "cut=")
	date, _, ended := strings.Cut(rest, " ")
	if !found || !ended {
		t.Fatalf("the example has no cut=DATE: %s", example)
	}
	recorded := func(cut string) string {
		command := strings.NewReplacer("cut="+date, "cut="+cut, "sudo -u footfall ", "", "/var/lib/footfall/data", s.data, " -\n", " --json -\n").
			Replace(example)
		return must(t, "sh", "-ec", "cd "+filepath.Dir(s.data)+"\n"+command)
	}
	if out := recorded(time.Now().Add(-time.Hour).Format("20060102150405")); !strings.Contains(out, `"lines":0`) {
		t.Errorf("there was no visit before footfall ran, but the import prints %s", out)
	}
	if out := recorded(time.Now().Add(time.Hour).Format("20060102150405")); !strings.Contains(out, `"clicks":5,`) {
		t.Errorf("the log of the proxy has five clicks, but the import prints %s", out)
	}
}

// TestCaddy runs the snippet of docs/install.md in Debian's Caddy, with Caddy's own
// authority in place of Let's Encrypt. It also imports Caddy's log.
func TestCaddy(t *testing.T) {
	home := t.TempDir()
	file, log := filepath.Join(home, "Caddyfile"), filepath.Join(home, "access.log")
	site := strings.Replace(snippet(t, "install.md", "**Caddy**", "caddy"), "sho.rt {\n", "sho.rt {\n\tlog {\n\t\toutput file "+log+"\n\t}\n", 1)
	if err := os.WriteFile(file, []byte("{\n\tlocal_certs\n\tskip_install_trust\n}\n"+site), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home}
	t.Log(must(t, "env", append(env, "caddy", "validate", "--config", file)...))
	roots := x509.NewCertPool()
	s := newSite(t, &tls.Config{RootCAs: roots, ServerName: "sho.rt"})
	start(t, env, "caddy", "run", "--config", file)
	await.Until(t, "Caddy has made its authority", func() (string, bool) {
		pem, err := os.ReadFile(filepath.Join(home, "caddy/pki/authorities/local/root.crt"))
		return fmt.Sprintf("%s, %v", pem, err), err == nil && roots.AppendCertsFromPEM(pem)
	})
	s.check(t)
	if out := must(t, program, "import", "--json", "--format", "caddy", "--data", s.data, log); !strings.Contains(out, `"clicks":5,`) || !strings.Contains(out, `"rejected":0}`) {
		t.Errorf("the log of Caddy has five clicks, but the import prints %s", out)
	}
}
