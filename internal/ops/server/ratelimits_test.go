package server

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestLimitsOfUsers: expensive questions need a seat, and in this test there is none.
// Links that users make are limited, and links of the operator are not.
func TestLimitsOfUsers(t *testing.T) {
	t.Parallel()
	app, _ := openIn(t, t.TempDir())
	defer func() {
		if err := app.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	var links []store.ForeignLink
	for i := range 1001 {
		links = append(links, store.ForeignLink{Login: "big", Hash: click.Hash(fmt.Sprintf("big%04d", i)), LongURL: "http://big.example/", Created: 1})
	}
	if _, err := app.data.DB.ImportLinks(t.Context(), links); err != nil {
		t.Fatal(err)
	}
	token, err := app.AddToken(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	app.expensive = throttle.SeatLimits{}
	site, err := app.Handler(PublicOptions{LinksPerMinute: 2, TextPerMinute: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct{ target, want string }{
		{"user/link_history?query=zzzz", "OK"},
		{"user/link_history?query=zzzz&user=big", "TEMPORARILY_UNAVAILABLE"},
		{"user/link_history?user=big", "OK"},
		{"shorten?longUrl=http://a.example/" + strings.Repeat("x", 70), "OK"},
		{"shorten?longUrl=http://b.example/", "RATE_LIMIT_EXCEEDED"}, // of the text
		{"shorten?longUrl=http://c.ex/", "OK"},
		{"user/info?full_name=A", "RATE_LIMIT_EXCEEDED"}, // of the links
	} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest("GET", "http://sho.rt/v3/"+step.target+"&access_token="+token, nil))
		if !strings.Contains(w.Body.String(), `"status_txt": "`+step.want+`"`) {
			t.Errorf("step %d, %.60s, is answered %s", i, step.target, w.Body)
		}
	}
	for i := range 5 {
		if _, err := app.AddLink(t.Context(), control.NewLink{Login: "ann", LongURL: fmt.Sprintf("http://operator.example/%d", i)}); err != nil {
			t.Errorf("the operator cannot make link %d: %v", i, err)
		}
	}
}
