package v3_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/throttle"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// TestServeAs: the answer is that of the user, whatever credentials the call has, and pages of
// other origins cannot read it.
func TestServeAs(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	ann, err := api.Auth.User(t.Context(), "good")
	if err != nil {
		t.Fatal(err)
	}
	api.Limits.Users = throttle.New(time.Hour, 1, time.Now) // does not apply
	at, done, err := api.At(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	}()
	for _, credentials := range []string{"", "&access_token=new", "&access_token=bad", "&login=cat&apiKey=R_cat"} {
		for name, a := range map[string]*v3.API{"now": api, "at an instant": at} {
			w := httptest.NewRecorder()
			a.ServeAs(w, httptest.NewRequest("GET", "/v3/user/clicks?unit=day&units=3"+credentials, nil), ann)
			if !strings.Contains(w.Body.String(), `"user_clicks": 17`) || w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %q: %s, %v", name, credentials, w.Body, w.Header())
			}
		}
	}
}

// TestWrites: the methods that may change something are known.
func TestWrites(t *testing.T) {
	t.Parallel()
	api := newAPI(t)
	var writes []string
	for _, m := range api.Methods() {
		if api.Writes("/v3/" + m) {
			writes = append(writes, m)
		}
		if api.Writes("/v3/"+m) != api.Writes("/v3/v3/"+m+"/") {
			t.Errorf("%s writes under one of its paths only", m)
		}
	}
	slices.Sort(writes)
	if want := strings.Fields("shorten user/info user/link_edit user/link_save user/save_custom_domain_keyword"); !slices.Equal(writes, want) {
		t.Errorf("the methods that write are %v, want %v", writes, want)
	}
}
