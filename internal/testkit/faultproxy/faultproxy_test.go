package faultproxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/faultproxy"
)

// got is what a server has read of a request.
type got struct {
	body string
	err  error
}

// start starts a server that answers with the length of the body, and a proxy to it.
func start(t *testing.T) (*faultproxy.Proxy, <-chan got) {
	t.Helper()
	requests := make(chan got, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		requests <- got{string(body), err}
		w.Header().Set("X-Test", r.URL.RawQuery)
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprint(w, len(body))
	}))
	t.Cleanup(server.Close)
	p, err := faultproxy.Listen("127.0.0.1:0", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, requests
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func post(p *faultproxy.Proxy, query string, body io.Reader) (*http.Response, string, error) {
	res, err := client.Post("http://"+p.Addr+"/?query="+url.QueryEscape(query), "", body)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res, string(answer), err
}

// passes checks that a request passes unchanged.
func passes(t *testing.T, p *faultproxy.Proxy, requests <-chan got) {
	t.Helper()
	body := strings.Repeat("x", 3*faultproxy.StatementSize)
	res, answer, err := post(p, "SELECT", strings.NewReader(body))
	if err != nil || res.StatusCode != http.StatusAccepted || res.Header.Get("X-Test") != "query=SELECT" || answer != fmt.Sprint(len(body)) {
		t.Errorf("the answer is %v %q (%v), want status 202 and %d", res, answer, err, len(body))
	}
	if r := <-requests; r.body != body || r.err != nil {
		t.Errorf("the server read %d bytes (%v), want %d", len(r.body), r.err, len(body))
	}
}

func isInsert(statement string) bool { return strings.HasPrefix(statement, "INSERT\n") }

func TestPass(t *testing.T) {
	p, requests := start(t)
	passes(t, p, requests)
}

func TestRefuse(t *testing.T) {
	p, requests := start(t)
	p.Refuse()
	if _, _, err := post(p, "", nil); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the error is %v, want a refused connection", err)
	}
	if err := p.Accept(); err != nil {
		t.Fatal(err)
	}
	passes(t, p, requests)
}

func TestLoseReply(t *testing.T) {
	p, requests := start(t)
	taken := p.Next(faultproxy.LoseReply, isInsert)
	passes(t, p, requests)
	if _, answer, err := post(p, "INSERT", strings.NewReader("rows")); err == nil {
		t.Errorf("the answer is %q, want none", answer)
	}
	<-taken
	if r := <-requests; r.body != "rows" {
		t.Errorf("the server read %q, want rows", r.body)
	}
	passes(t, p, requests)
}

func TestCutBody(t *testing.T) {
	p, requests := start(t)
	body := strings.Repeat("abc", 2*faultproxy.StatementSize)
	for _, n := range []int{0, 5, len(body) - 1} {
		for name, reader := range map[string]io.Reader{
			"with a length": strings.NewReader(body), "in chunks": io.MultiReader(strings.NewReader(body)),
		} {
			taken := p.Next(faultproxy.CutBody(int64(n)), isInsert)
			if _, answer, err := post(p, "INSERT", reader); err == nil {
				t.Errorf("%s: the answer is %q, want none", name, answer)
			}
			<-taken
			if r := <-requests; r.body != body[:n] || r.err == nil {
				t.Errorf("%s: the server read %d bytes (%v), want %d and an error", name, len(r.body), r.err, n)
			}
		}
	}
	passes(t, p, requests)
}

func TestHang(t *testing.T) {
	for _, fault := range []faultproxy.Fault{faultproxy.Hang, faultproxy.HoldReply} {
		p, requests := start(t)
		taken := p.Next(fault, isInsert)
		ended := make(chan error)
		go func() {
			_, _, err := post(p, "INSERT", strings.NewReader("rows"))
			ended <- err
		}()
		<-taken
		if fault == faultproxy.HoldReply {
			<-requests
		}
		select {
		case err := <-ended:
			t.Errorf("the request ended with %v, want no answer", err)
		default:
		}
		p.Set(nil)
		if err := <-ended; err == nil {
			t.Error("the request was answered after the fault")
		}
		passes(t, p, requests)
	}
}
