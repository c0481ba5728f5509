package redirect_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/redirect"
)

// BenchmarkVisit measures a visit without the journal and the network, with an agent that is
// known from the visits before it, and with one that is new.
func BenchmarkVisit(b *testing.B) {
	const agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21G93 [FBAN/FBIOS;FBAV/489.0.0.59.103;FBDV/iPhone14,5]"
	for name, next := range map[string]func(i int) string{
		"known": func(int) string { return agent },
		"new":   func(i int) string { return agent + strconv.Itoa(i) },
	} {
		b.Run(name, func(b *testing.B) {
			d := newFace(b, func(o *redirect.Options) {
				o.Recorder = recording(func(time.Duration, click.Click) error { return nil })
			})
			r := httptest.NewRequest(http.MethodGet, "http://sho.rt/abc", nil)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Header["User-Agent"] = []string{next(i)}
				d.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
