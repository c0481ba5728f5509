package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

var kills = flag.Int("kills", 5, "how often TestKilledServer kills the server")

// visitor never follows a redirect.
var visitor = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
}

const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

// visit asks for a short URL; headers are "Key: value".
func visit(t *testing.T, method, short string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, short, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", browser)
	for _, h := range headers {
		key, value, _ := strings.Cut(h, ": ")
		r.Header.Set(key, value)
	}
	answer, err := visitor.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// shorten makes a short link over the API.
func shorten(t *testing.T, base, token, longURL string) string {
	t.Helper()
	short := fetch(t, base+"/v3/shorten?format=txt&access_token="+token+"&longUrl="+url.QueryEscape(longURL))
	return strings.TrimSpace(short)
}

// countries asks for the clicks of the last minutes by country, until as many
// as wanted are counted.
func countries(t *testing.T, base, token string, want int) map[string]int {
	t.Helper()
	var got map[string]int
	await(t, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
		var answer struct {
			Data struct {
				List []struct {
					Country string
					Clicks  int
				} `json:"user_countries"`
			}
		}
		body := fetch(t, base+"/v3/user/countries?unit=minute&limit=1000&access_token="+token)
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		sum := 0
		got = map[string]int{}
		for _, c := range answer.Data.List {
			got[c.Country] = c.Clicks
			sum += c.Clicks
		}
		return fmt.Sprint(got), sum >= want
	})
	return got
}

// TestVisitors sends visitors of every kind: each counts as it should.
func TestVisitors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, _ := run(t, "user", "add", "ann", "--data", dir)
	token := strings.TrimSpace(out)
	base, _ := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--trusted-proxies", "10.0.0.0/8")
	short := shorten(t, base, token, "https://example.org/a?b=c")
	if again := shorten(t, base, token, "https://example.org/a?b=c"); again != short {
		t.Errorf("the same URL is %s and then %s", short, again)
	}
	added, _ := run(t, "link", "add", "ann", "https://example.org/a?b=c", "--data", dir)
	if strings.TrimSpace(added) != short {
		t.Errorf("link add prints %q, want %s", added, short)
	}

	count := 0
	want := map[string]int{}
	for _, v := range []struct {
		country string // that it counts for; - where it does not count
		method  string
		headers []string
	}{
		{"None", "GET", nil}, // from this machine
		{"US", "GET", []string{"X-Forwarded-For: 8.8.8.8"}},
		{"AU", "GET", []string{"X-Forwarded-For: 1.1.1.1"}},
		{"NL", "GET", []string{"X-Forwarded-For: 193.0.6.139"}},
		{"BR", "GET", []string{"X-Forwarded-For: 8.8.8.8, 200.160.2.3"}},              // what stands left of it was said by nobody known
		{"ZA", "GET", []string{"X-Forwarded-For: 41.0.0.1, 10.1.2.3"}},                // through two proxies
		{"AU", "GET", []string{"X-Forwarded-For: 1.1.1.1", "Forwarded: for=8.8.8.8"}}, // which the proxy let through
		{"DE", "GET", []string{"X-Forwarded-For: 2a00:1450:4001:81b::200e", "Referer: https://t.co/x?secret"}},
		{"None", "GET", []string{"X-Forwarded-For: rubbish", "User-Agent: curl/8.0"}},
		{"-", "HEAD", nil},
		{"-", "GET", []string{"Sec-Purpose: prefetch;prerender"}},
		{"-", "GET", []string{"X-Moz: prefetch"}},
		{"-", "GET", []string{"User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}},
		{"-", "GET", []string{"User-Agent: "}},
	} {
		answer := visit(t, v.method, short, v.headers...)
		if answer.StatusCode != http.StatusMovedPermanently || answer.Header.Get("Location") != "https://example.org/a?b=c" {
			t.Errorf("%s %v: %d to %s", v.method, v.headers, answer.StatusCode, answer.Header.Get("Location"))
		}
		if v.country != "-" {
			want[v.country]++
			count++
		}
	}
	if got := countries(t, base, token, count); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("clicks by country are %v, want %v", got, want)
	}
}

// TestUntrustedProxy: a header of a peer that nobody trusts is not believed.
func TestUntrustedProxy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, _ := run(t, "user", "add", "ann", "--data", dir)
	token := strings.TrimSpace(out)
	base, _ := serve(t, "--data", dir)
	visit(t, "GET", shorten(t, base, token, "https://example.org/"), "X-Forwarded-For: 8.8.8.8", "Forwarded: for=8.8.8.8")
	if got := countries(t, base, token, 1); fmt.Sprint(got) != "map[None:1]" {
		t.Errorf("clicks by country are %v, want one of None", got)
	}
}

// TestProxyHeader: of the two headers that one is believed which the proxy is
// said to write.
func TestProxyHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, _ := run(t, "user", "add", "ann", "--data", dir)
	token := strings.TrimSpace(out)
	base, _ := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--proxy-header", "Forwarded")
	short := shorten(t, base, token, "https://example.org/")
	visit(t, "GET", short, `Forwarded: for="[2001:4860:4860::8888]";proto=https`, "X-Forwarded-For: 1.1.1.1")
	visit(t, "GET", short, "X-Forwarded-For: 1.1.1.1")
	if got := countries(t, base, token, 2); fmt.Sprint(got) != "map[None:1 US:1]" {
		t.Errorf("clicks by country are %v", got)
	}
}

// visits is what many visitors at once have sent and were answered.
type visits struct{ sent, answered atomic.Int64 }

// begin lets visitors come to a short URL until end, or until the server is
// gone.
func (v *visits) begin(short string) (end func()) {
	dead := make(chan struct{})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for {
				select {
				case <-dead:
					return
				default:
				}
				v.sent.Add(1)
				r, err := http.NewRequest("GET", short, nil)
				if err != nil {
					return
				}
				r.Header.Set("User-Agent", browser)
				answer, err := visitor.Do(r)
				if err != nil {
					return // the server is gone
				}
				answer.Body.Close()
				if answer.StatusCode == http.StatusMovedPermanently {
					v.answered.Add(1)
				}
			}
		})
	}
	return func() {
		close(dead)
		wg.Wait()
		visitor.CloseIdleConnections()
	}
}

// await waits until so many visitors were answered.
func (v *visits) await(t *testing.T, answered int64) {
	t.Helper()
	await(t, fmt.Sprintf("%d visitors are answered", answered), func() (string, bool) {
		got := v.answered.Load()
		return fmt.Sprint(got), got >= answered
	})
}

// all is all clicks of a token's user.
func all(t *testing.T, base, token string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimSpace(fetch(t, base+"/v3/user/clicks?unit=month&format=txt&access_token="+token)), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKilledServer kills the server with -9 under load, again and again, on
// one data directory: never is a click lost whose visitor was answered, and
// never is one counted that was not sent.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out, _ := run(t, "user", "add", "ann", "--data", dir)
	token := strings.TrimSpace(out)
	link, _ := run(t, "link", "add", "ann", "https://example.org/", "--data", dir, "--domain", "sho.rt")
	path := strings.TrimPrefix(strings.TrimSpace(link), "http://sho.rt")

	rng := seedtest.Rand(t)
	var visits visits
	reported := notDurable.Load()
	for i := range *kills {
		base, stop := serveUntil(t, "--data", dir)
		end := visits.begin(base + path)
		<-time.After(time.Duration(rng.IntN(700)) * time.Millisecond)
		if i == *kills-1 { // the machine may be busy
			visits.await(t, 1)
		}
		stop(os.Kill)
		end()
		// All that was answered is counted once the journal is read again.
		if out, _ := run(t, "check", "--data", dir); !strings.Contains(out, "everything agrees") {
			t.Fatal(out)
		}
	}
	base, stop := serveUntil(t, "--data", dir)
	defer stop(os.Interrupt)
	counted := all(t, base, token)
	reported = notDurable.Load() - reported // where the disk took too long
	t.Logf("%d kills: %d sent, %d counted, %d answered, %d reported", *kills, visits.sent.Load(), counted, visits.answered.Load(), reported)
	if counted < visits.answered.Load()-reported || counted > visits.sent.Load() {
		t.Errorf("%d clicks are counted; %d were answered and %d sent", counted, visits.answered.Load(), visits.sent.Load())
	}
}
