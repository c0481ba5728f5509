package redirect_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/faces/redirect"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

var now = time.Date(2026, 1, 15, 12, 0, 0, 7e6, time.UTC)

// face is a Handler, and the clicks that it recorded.
type face struct {
	*redirect.Handler
	clicks []click.Click
	fails  error // what Record returns
}

// known are the links of the tests.
type known struct{}

func (known) Resolve(_ context.Context, host, path string) (store.Link, error) {
	switch {
	case host == "sho.rt" && path == "abc":
		return store.Link{ID: 3, User: 2, LongURL: "http://example.org/a?b=c d"}, nil
	case strings.HasPrefix(path, "end") && !strings.HasSuffix(path, "+"):
		return ending(path), nil
	case path == "evil":
		return store.Link{ID: 4, User: 2, LongURL: "javascript:alert(1)//<script>", Created: 1700000000, LinkDetails: store.LinkDetails{Title: "<b>\"T\"&"}}, nil
	case path == "private":
		return store.Link{ID: 5, User: 2, LongURL: "http://secret.example/", LinkDetails: store.LinkDetails{Private: true}}, nil
	case path == "agg" || path == "hidden":
		return store.Link{ID: 6, Aggregate: 6, Hash: click.Hash(path), LongURL: "http://example.org/" + path}, nil
	case path == "real+", path == "real.qrcode", path == "real":
		return store.Link{ID: 7, User: 2, LongURL: "ftp://example.org/" + path}, nil
	case path == "gone":
		return store.Link{}, context.Canceled
	case path == "down":
		return store.Link{}, errors.New("the database is away")
	}
	return store.Link{}, click.ErrNotFound
}

func (known) Domain(asked, _ string) (string, error) {
	if asked == "" || asked == "sho.rt" {
		return "sho.rt", nil
	}
	return "", errors.New("not ours")
}

func (known) ShortURL(domain string, name click.Hash) string {
	return "https://" + domain + "/" + string(name)
}

func (known) VisibleAggregate(_ context.Context, user click.UserID, id click.LinkID) (store.Link, error) {
	if user != click.Nobody || id != 6 {
		return store.Link{}, click.ErrNotFound
	}
	return store.Link{ID: 6, Aggregate: 6, LongURL: "http://example.org/agg", Created: 1700000000}, nil
}

func (known) Versions(context.Context, click.LinkID) ([]store.Version, error) {
	return nil, click.ErrNotFound
}

func (known) LinksOfURL(_ context.Context, longURL string) ([]store.Link, error) {
	return []store.Link{
		{ID: 6, Aggregate: 6, LongURL: longURL},
		{ID: 8, Aggregate: 6, User: 2, LongURL: longURL},
		{ID: 9, Aggregate: 6, User: 2, LongURL: longURL, LinkDetails: store.LinkDetails{Private: true}},
	}, nil
}

// Ever counts 1,234,567 clicks on each scope.
func (known) Ever(_ context.Context, of metrics.Subject) (uint64, error) {
	return uint64(len(of)) * 1_234_567, nil
}

// islands is a geo database: 192.0.2.1 is in New Zealand, other addresses are unknown.
type islands struct{}

func (islands) Place(a netip.Addr) click.Place {
	if a != netip.MustParseAddr("192.0.2.1") { // of httptest
		return click.Place{}
	}
	return click.Place{Country: click.Country{'N', 'Z'}, Region: "AUK", City: "Auckland"}
}

func (d *face) RecordWithin(_ time.Duration, c click.Click) error {
	d.clicks = append(d.clicks, c)
	return d.fails
}

// recording is a Recorder.
type recording func(time.Duration, click.Click) error

func (r recording) RecordWithin(patience time.Duration, c click.Click) error { return r(patience, c) }

func newFace(t testing.TB, change func(*redirect.Options)) *face {
	d := &face{}
	o := redirect.Options{
		Links: known{}, Agents: useragent.New(), Places: islands{}, Recorder: d, Clicks: counted{}, Store: known{}, Totals: known{},
		Now:    func() time.Time { return now },
		Log:    logtest.To(t),
		Status: 301, MaxAge: 90 * time.Second,
	}
	if change != nil {
		change(&o)
	}
	d.Handler = redirect.New(o)
	return d
}

func (d *face) ask(method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Header.Set("User-Agent", "Mozilla/5.0")
	for _, h := range header {
		key, value, _ := strings.Cut(h, ": ")
		r.Header.Set(key, value)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result()
}

func TestVisits(t *testing.T) {
	urls := func(o *redirect.Options) {
		o.NotFoundURL, o.HomeURL, o.Status, o.MaxAge = "http://lost/", "http://home/", 307, 0
	}
	forward := func(o *redirect.Options) { o.ForwardQuery = true }
	const to = "http://example.org/a?b=c%20d"
	const phone = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
	a := click.Click{
		Time: now.UnixMilli(), User: 2, Link: 3, Country: click.Country{'N', 'Z'}, Region: "AUK", City: "Auckland",
		Agent: click.Agent{Device: click.OtherDevice, Browser: click.OtherBrowser, System: click.OtherSystem, Source: click.FromLink},
	}
	byBot, byPhone, referred := a, a, a
	byBot.Bot, byBot.BotFamily, byBot.Agent, byBot.Region, byBot.City = true, "Googlebot", click.Agent{}, "", ""
	scanned := a
	scanned.Agent.Source = click.FromQR
	unnamed := byBot
	unnamed.BotFamily = useragent.NoAgent
	byPhone.Agent = click.Agent{Device: click.Mobile, Browser: click.Safari, System: click.IOS, Source: click.FromLink}
	referred.Referrer = "http://t.co/x"
	for _, c := range []struct {
		name, method, target string
		header               string
		options              func(*redirect.Options)

		status   int
		location string
		cache    string
		click    *click.Click
	}{
		{"a click", "GET", "http://sho.rt/abc", "", nil, 301, to, "private, max-age=90", &a},
		{"with a query", "GET", "http://sho.rt/abc?x=y", "", nil, 301, to, "private, max-age=90", &a},
		{"with a query that goes along", "GET", "http://sho.rt/abc?x=y&b=z", "", forward, 301, to + "&x=y", "private, max-age=90", &a},
		{"with a query that is too long", "GET", "http://sho.rt/abc?x=" + strings.Repeat("y", 16<<10), "", forward, 301, to, "private, max-age=90", &a},
		{"with a query that grows", "GET", "http://sho.rt/abc?x=" + strings.Repeat("\xc3", 6<<10), "", forward, 301, to, "private, max-age=90", &a},
		{"with a referrer", "GET", "http://sho.rt/abc", "Referer: http://t.co/x?secret", nil, 301, to, "private, max-age=90", &referred},
		{"a scan", "GET", "http://sho.rt/abc?r=qr", "", forward, 301, to, "private, max-age=90", &scanned},
		{"a scan with a query", "GET", "http://sho.rt/abc?x=y&r=qr&z=%41", "", forward, 301, to + "&x=y&z=%41", "private, max-age=90", &scanned},
		{"another r", "GET", "http://sho.rt/abc?r=qrs&rr=qr", "", forward, 301, to + "&r=qrs&rr=qr", "private, max-age=90", &a},
		{"a scan of a bot", "GET", "http://sho.rt/abc?r=qr", "User-Agent: Googlebot/2.1", nil, 301, to, "private, max-age=90", &byBot},
		{"the end of a page as a name", "GET", "http://sho.rt/real+", "", nil, 301, "ftp://example.org/real+", "private, max-age=90", &click.Click{
			Time: a.Time, User: 2, Link: 7, Country: a.Country, Region: a.Region, City: a.City, Agent: a.Agent,
		}},
		{"a phone", "GET", "http://sho.rt/abc", phone, nil, 301, to, "private, max-age=90", &byPhone},
		{"no agent", "GET", "http://sho.rt/abc", "User-Agent: ", nil, 301, to, "private, max-age=90", &unnamed},
		{"a bot", "GET", "http://sho.rt/abc", "User-Agent: Googlebot/2.1", nil, 301, to, "private, max-age=90", &byBot},
		{"HEAD", "HEAD", "http://sho.rt/abc", "", nil, 301, to, "private, max-age=90", nil},
		{"a prefetch", "GET", "http://sho.rt/abc", "Purpose: prefetch", nil, 301, to, "no-store", nil},
		{"another status", "GET", "http://sho.rt/abc", "", urls, 307, to, "private, max-age=0", &a},
		{"POST", "POST", "http://sho.rt/abc", "", nil, 405, "", "", nil},
		{"another host", "GET", "http://other/abc", "", nil, 404, "", "no-store", nil},
		{"unknown", "GET", "http://sho.rt/nope", "", nil, 404, "", "no-store", nil},
		{"unknown leads on", "GET", "http://sho.rt/nope", "", urls, 302, "http://lost/", "no-store", nil},
		{"store away", "GET", "http://sho.rt/down", "", nil, 503, "", "no-store", nil},
		{"home", "GET", "http://sho.rt/", "", nil, 200, "", "no-store", nil},
		{"home leads on", "GET", "http://sho.rt/", "", urls, 302, "http://home/", "no-store", nil},
		{"robots", "GET", "http://sho.rt/robots.txt", "", nil, 200, "", "no-store", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newFace(t, c.options)
			got := d.ask(c.method, c.target, c.header)
			if got.StatusCode != c.status || got.Header.Get("Location") != c.location || got.Header.Get("Cache-Control") != c.cache {
				t.Errorf("%d to %q, %q; want %d to %q, %q", got.StatusCode, got.Header.Get("Location"), got.Header.Get("Cache-Control"), c.status, c.location, c.cache)
			}
			switch {
			case c.click == nil && len(d.clicks) > 0:
				t.Errorf("recorded %+v, want nothing", d.clicks)
			case c.click != nil && (len(d.clicks) != 1 || d.clicks[0] != *c.click):
				t.Errorf("recorded %+v, want %+v", d.clicks, *c.click)
			}
		})
	}
}

// TestVisitorWhoLeaves: a visitor who leaves before the name is resolved is not
// logged.
func TestVisitorWhoLeaves(t *testing.T) {
	log := new(logtest.Log)
	d := newFace(t, func(o *redirect.Options) { o.Log = log.Logger() })
	ctx, leave := context.WithCancel(t.Context())
	leave()
	d.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "http://sho.rt/gone", nil))
	if log.String() != "" {
		t.Errorf("the log has %s", log)
	}
	for _, name := range []string{"gone", "down"} { // for another reason
		d := newFace(t, func(o *redirect.Options) { o.Log = log.Logger() })
		if d.ask("GET", "http://sho.rt/"+name); !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%s is not in the log", name)
		}
		log.Reset()
	}
}

// TestLogIsBounded: unresolved names are logged once a second, with the number of visitors.
func TestLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := new(logtest.Log)
		d := newFace(t, func(o *redirect.Options) { o.Log = log.Logger() })
		for range 1000 {
			if got := d.ask("GET", "http://sho.rt/down"); got.StatusCode != 503 {
				t.Fatalf("status %d, want 503", got.StatusCode)
			}
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "visitors=1 ") {
			t.Errorf("a thousand at once: %.500s", text)
		}
		d.Close()
		if text := log.String(); strings.Count(text, "\n") != 2 || !strings.Contains(text, "visitors=999 ") {
			t.Errorf("after the last: %.500s", text)
		}
	})
}

// TestVisitorComesFirst: a journal that fails or hangs delays visitors by RecordTimeout at most.
func TestVisitorComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Log
		d := newFace(t, func(o *redirect.Options) {
			o.Log = log.Logger()
			o.Recorder = recording(func(patience time.Duration, _ click.Click) error {
				time.Sleep(patience) // a disk that hangs
				return context.DeadlineExceeded
			})
		})
		began := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the click of a visitor who left counts, too
		r := httptest.NewRequest("GET", "http://sho.rt/abc", nil).WithContext(ctx)
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if took := time.Since(began); w.Code != 301 || took != redirect.RecordTimeout {
			t.Errorf("status %d after %v, want 301 after %v", w.Code, took, redirect.RecordTimeout)
		}
		if d.NotDurable() != 1 || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%d not durable, want 1, and one line of log: %s", d.NotDurable(), log.String())
		}
		d.Close()
	})
}

// TestClicksThatAreNotDurable: the first is logged at once, further ones ten times a
// second, and no visitor is answered before the click is in the log.
func TestClicksThatAreNotDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Log
		d := newFace(t, func(o *redirect.Options) {
			o.Log = log.Logger()
			o.Recorder = recording(func(time.Duration, click.Click) error { return errors.New("no space left on device") })
		})
		var answered atomic.Uint64
		visit := func(visitors int) {
			for range visitors {
				go func() {
					d.ask("GET", "http://sho.rt/abc")
					answered.Add(1)
				}()
			}
			synctest.Wait()
		}
		expect := func(visitors uint64, want string) {
			t.Helper()
			synctest.Wait()
			if got := clicksIn(&log); got != want || answered.Load() != visitors {
				t.Errorf("%d visitors are answered and the log has %q, want %d and %q", answered.Load(), got, visitors, want)
			}
		}
		visit(1)
		expect(1, "1 total=1")
		visit(99)
		expect(1, "1 total=1") // no other visitor was answered, so no click is lost unlogged
		<-time.After(100 * time.Millisecond)
		expect(100, "1 total=1; 99 total=100")
		<-time.After(time.Second) // quiet
		visit(1)
		visit(1)
		expect(101, "1 total=1; 99 total=100; 1 total=101")
		d.Close()
		expect(102, "1 total=1; 99 total=100; 1 total=101; 1 total=102")
		<-time.After(time.Second)
		if d.NotDurable() != 102 {
			t.Errorf("%d clicks are not durable, want 102", d.NotDurable())
		}
	})
}

// TestLogThatHangs: a visitor waits for a log that blocks for a second at most.
func TestLogThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		d := newFace(t, func(o *redirect.Options) { o.Log = slog.New(slog.NewTextHandler(pipe(hangs), nil)) })
		d.fails = errors.New("no space left on device")
		began := time.Now()
		for range 2 {
			d.ask("GET", "http://sho.rt/abc")
		}
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("two visitors waited %v for the log, want 2s", took)
		}
		close(hangs)
		<-time.After(time.Second)
	})
}

// pipe is a log whose reader hangs until it is closed.
type pipe chan struct{}

func (p pipe) Write(b []byte) (int, error) {
	<-p
	return len(b), nil
}

// clicksIn is the numbers of the log about clicks that are not durable.
func clicksIn(log *logtest.Log) string {
	var said []string
	for l := range strings.Lines(log.String()) {
		_, l, _ = strings.Cut(l, " clicks=")
		n, _, _ := strings.Cut(l, " error=")
		said = append(said, n)
	}
	return strings.Join(said, "; ")
}
