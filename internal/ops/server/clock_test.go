package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestClockSetBack: after the clock was set back, answers by the minute have the
// clicks that came since.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	var now atomic.Int64
	now.Store(start.Unix())
	app, err := server.Open(t.Context(), server.Options{
		Data: datadir.Options{Path: t.TempDir(), Create: true, Now: func() time.Time { return time.Unix(now.Load(), 0) }, Log: logtest.To(t)},
		Host: "sho.rt",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer closeApp(t, app)
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := app.AddUser(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	short, err := app.AddLink(t.Context(), control.NewLink{Login: "ann", LongURL: "http://example.org/"})
	if err != nil {
		t.Fatal(err)
	}
	visit := func() {
		r := httptest.NewRequest(http.MethodGet, short, nil)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
		site.ServeHTTP(httptest.NewRecorder(), r)
		if _, err := app.Check(t.Context(), func(finding string) { t.Error(finding) }); err != nil { // waits until it is counted
			t.Fatal(err)
		}
	}
	visit()
	for _, by := range []time.Duration{-30 * time.Second, -59 * time.Minute, -5 * time.Hour, -40 * 365 * 24 * time.Hour, 70 * 365 * 24 * time.Hour, -5 * time.Hour} {
		now.Store(start.Add(by).Unix())
		for _, want := range []string{"", "1"} {
			_, total := get(t, site, "/v3/user/clicks?unit=minute&units=1&format=txt&access_token="+token)
			if want != "" && strings.TrimSpace(total) != want {
				t.Errorf("with the clock %v from the start, the total after a click is %q", by, total)
			}
			_, list := get(t, site, "/v3/user/clicks?unit=minute&rollup=false&units=60&access_token="+token)
			if !strings.Contains(list, `"status_txt": "OK"`) || strings.Count(list, `"dt"`) != 60 {
				t.Errorf("with the clock %v from the start, the list is %s", by, list)
			}
			if want == "" {
				visit()
			}
		}
		now.Add(-60) // so that the next time begins in a minute without clicks
	}
}
