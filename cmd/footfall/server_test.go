package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// serving prepares the server, on a free port unless the arguments name one.
func serving(args ...string) *exec.Cmd {
	if !slices.Contains(args, "--listen") {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	return program(context.Background(), append([]string{"serve"}, args...)...)
}

// serve starts the server and returns once it is ready. When the test ends, it stops the
// server if that still runs; the stop must succeed.
func serve(t *testing.T, args ...string) *harness.Process {
	t.Helper()
	return startServer(t, serving(args...))
}

// startServer does what serve does, with a command that was prepared.
func startServer(t *testing.T, cmd *exec.Cmd) *harness.Process {
	t.Helper()
	server, err := harness.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-server.Ended():
		default:
			stop(t, server)
		}
		if log := server.Log.String(); harness.Crashed(log) {
			t.Errorf("the log has a stack trace:\n%s", log)
		}
	})
	return server
}

// stop stops the server, which must succeed.
func stop(t *testing.T, server *harness.Process) {
	t.Helper()
	if err := server.Stop(); err != nil {
		t.Errorf("footfall %v did not stop cleanly, it ended with %v", server.Cmd.Args[1:], err)
	}
}

// awaitLine waits until a process prints a line that a regular expression matches, and
// returns the text of its last group.
func awaitLine(t *testing.T, p *harness.Process, expression string) (text string) {
	t.Helper()
	re := regexp.MustCompile("(?m)" + expression)
	awaitProcess(t, p, "a line "+expression, func() (string, bool) {
		m := re.FindStringSubmatch(p.Log.String())
		if m != nil {
			text = m[len(m)-1]
		}
		return p.Log.String(), m != nil
	})
	return text
}

// fetch returns the body at a URL. The status must be 200.
func fetch(t *testing.T, url string) string {
	t.Helper()
	body, err := harness.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// plain is a client of http, which does not follow redirects.
var plain = harness.NewClient(nil)

// ask sends a request as a browser does, and returns the answer with its body. Headers
// are "Name: value". A header Host replaces the host of the URL.
func ask(t *testing.T, client *http.Client, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", harness.Browser)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	res, body, err := harness.Do(client, r)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// visit asks for a short URL as a browser does.
func visit(t *testing.T, short string, headers ...string) *http.Response {
	t.Helper()
	res, _ := ask(t, plain, http.MethodGet, short, headers...)
	return res
}

// shorten makes a short link over the API and returns its URL.
func shorten(t *testing.T, server *harness.Process, token, longURL string) string {
	t.Helper()
	short, err := server.Shorten(token, longURL)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// clicks returns how many clicks of the token's user the API counts.
func clicks(t *testing.T, server *harness.Process, token string) uint64 {
	t.Helper()
	n, err := server.Clicks("user/clicks?", token)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitClicks waits until the API counts the wanted number of clicks of the token's user.
// If it counts more, the test fails.
func awaitClicks(t *testing.T, server *harness.Process, token string, want uint64) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
		got := clicks(t, server, token)
		if got > want {
			t.Fatalf("%d clicks are counted, but there were only %d", got, want)
		}
		return fmt.Sprint(got), got == want
	})
}

// countries waits until the wanted number of clicks is counted, and returns the clicks of
// the last minutes by country.
func countries(t *testing.T, server *harness.Process, token string, want int) map[string]int {
	t.Helper()
	var got map[string]int
	await.Until(t, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
		var answer struct {
			Data struct {
				List []struct {
					Country string
					Clicks  int
				} `json:"user_countries"`
			}
		}
		body := fetch(t, server.URL+"/v3/user/countries?unit=minute&limit=1000&access_token="+token)
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

// visitors counts the visits that many visitors at once have sent, and those that were
// answered.
type visitors struct{ sent, answered atomic.Uint64 }

// begin sends 64 visitors at once to a link, again and again, until end is called or the
// server has ended. each is called with the number of each answer; it may be nil.
func (v *visitors) begin(server *harness.Process, hash string, each func(answered uint64)) (end func()) {
	stopped := make(chan struct{})
	request := harness.Visit(server.Addr, hash)
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			// Talk returns an error when the server is killed.
			_ = harness.Talk(server.Addr, func() ([]byte, func(int) error) {
				select {
				case <-stopped:
					return nil, nil
				default:
				}
				v.sent.Add(1)
				return request, func(status int) error {
					if status == http.StatusMovedPermanently {
						if n := v.answered.Add(1); each != nil {
							each(n)
						}
					}
					return nil
				}
			})
		})
	}
	return sync.OnceFunc(func() {
		close(stopped)
		wg.Wait()
	})
}

// await waits until a number of visitors were answered.
func (v *visitors) await(t *testing.T, answered uint64) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%d visitors are answered", answered), func() (string, bool) {
		got := v.answered.Load()
		return fmt.Sprint(got), got >= answered
	})
}

// awaitProcess does what await.Until does, for something that a process does. It fails
// as soon as the process has ended and has not done it.
func awaitProcess(t *testing.T, p *harness.Process, what string, f func() (got string, ok bool)) {
	t.Helper()
	await.Until(t, what, func() (string, bool) {
		t.Helper()
		ended := false
		select {
		case <-p.Ended(): // look before f is called: then f sees everything that the process did
			ended = true
		default:
		}
		got, ok := f()
		if ended && !ok {
			t.Fatalf("%s: footfall %v ended before: %v\n%v; the last result was %q", what, p.Cmd.Args[1:], p.Wait(), p.Log, got)
		}
		return got, ok
	})
}
