package faultproxy_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/faultproxy"
)

// TestRelay: a relay passes connections on, except while it refuses them.
func TestRelay(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	r, err := faultproxy.ListenAny("127.0.0.1:0", strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Refuse()
	get := func() error {
		res, err := server.Client().Get("http://" + r.Addr)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return err
	}
	for range 2 {
		if err := get(); err != nil {
			t.Error(err)
		}
		r.Refuse() // and the connection that the client keeps
		if err := get(); err == nil {
			t.Error("a connection that was to be refused passes")
		}
		if err := r.Accept(); err != nil {
			t.Fatal(err)
		}
	}
}
