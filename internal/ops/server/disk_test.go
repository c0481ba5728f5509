package server

import (
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestFullDisk: users cannot make or change links; visitors are redirected and
// counted.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir, token, name := t.TempDir(), "", ""
	clicks := 0
	for _, c := range []struct {
		reserve int64 // bytes; every disk has more free than the first, and less than the second
		want    string
		level   int
	}{{1, `"status_txt": "OK"`, 0}, {math.MaxInt64, `"status_txt": "TEMPORARILY_UNAVAILABLE"`, 2}} {
		app, err := Open(t.Context(), Options{Data: datadir.Options{Path: dir, Create: true, Reserve: c.reserve, Now: time.Now, Log: logtest.To(t)}, Host: "sho.rt"})
		if err != nil {
			t.Fatal(err)
		}
		app.data.Disk.Measure()
		site, err := app.Handler(PublicOptions{})
		if err != nil {
			t.Fatal(err)
		}
		get := func(target string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest("GET", "http://sho.rt"+target, nil))
			return w
		}
		if token == "" {
			if token, err = app.AddUser(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
			short := strings.TrimSpace(get("/v3/shorten?format=txt&longUrl=http://visited.example/&access_token=" + token).Body.String())
			_, name, _ = strings.Cut(strings.TrimPrefix(short, "http://"), "/")
		}
		for _, write := range []string{
			"shorten?longUrl=http://a.example/" + c.want[15:17], "user/link_save?longUrl=http://b.example/" + c.want[15:17],
			"user/link_edit?edit=note&note=x&link=" + name, "user/info?full_name=Ann",
		} {
			if body := get("/v3/" + write + "&access_token=" + token).Body.String(); !strings.Contains(body, c.want) {
				t.Errorf("%s, which writes, with a reserve of %d, is answered %s", write, c.reserve, body)
			}
		}
		for _, read := range []string{"user/info?a=b", "shorten?longUrl=http://visited.example/", "user/link_history?a=b", "user/clicks?unit=day"} {
			if body := get("/v3/" + read + "&access_token=" + token).Body.String(); !strings.Contains(body, `"status_txt": "OK"`) {
				t.Errorf("%s, which writes nothing, with a reserve of %d, is answered %s", read, c.reserve, body)
			}
		}
		if w := get("/" + name); w.Code == http.StatusMovedPermanently {
			clicks++
		} else {
			t.Errorf("with a reserve of %d a visitor got the status %d, want a redirect", c.reserve, w.Code)
		}
		if w := get("/healthz"); w.Code != http.StatusOK {
			t.Errorf("with a reserve of %d /healthz returned %d", c.reserve, w.Code)
		}
		if err := app.data.Recorder.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		state, err := app.state()
		if err != nil || state.DiskLow != c.level || state.DiskFree == 0 || int(state.Counted) != clicks {
			t.Errorf("with a reserve of %d, and %d clicks, the state is %+v, %v", c.reserve, clicks, state, err)
		}
		if full := strings.Join(admin{app}.Health(t.Context()).Problems, " "); strings.Contains(full, "The disk is almost full") != (c.level == 2) {
			t.Errorf("with a reserve of %d the page of admins names the problems %q", c.reserve, full)
		}
		app.mustClose(t)
	}
}
