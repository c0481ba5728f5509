package cli

import "testing"

// TestEngineURL: the log has no password of an engine, however its address is written.
func TestEngineURL(t *testing.T) {
	for address, want := range map[engineURL]string{
		"clickhouse://ann:secret@a:1,b:2/footfall?cluster=x":          "clickhouse://a:1,b:2/footfall",
		"clickhouse://ann:se@cret@a/footfall":                         "clickhouse://a/footfall",
		"postgres://ann:s%2Fecret@[::1]:5432/footfall?sslmode=prefer": "postgres://[::1]:5432/footfall",
		"postgres:///footfall?host=/run&password=secret":              "postgres:///footfall",
		"postgres://ann:s?ecret@a/footfall":                           "postgres://…",
		"host=a password=secret":                                      "(no URL)",
	} {
		if got := address.String(); got != want {
			t.Errorf("the log shows %q, want %q", got, want)
		}
	}
}
