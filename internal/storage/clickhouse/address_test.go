package clickhouse_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text     string
		tls      bool
		user     string
		secret   string
		hosts    []string
		database string
		cluster  string
	}{
		{"clickhouse://localhost", false, "default", "", []string{"localhost:8123"}, "default", ""},
		{"clickhouse://localhost/", false, "default", "", []string{"localhost:8123"}, "default", ""},
		{"clickhouses://ch.example.com/clicks", true, "default", "", []string{"ch.example.com:8443"}, "clicks", ""},
		{"clickhouse://footfall:s3%2Fc%40ret@a:1,b:2,c/clicks?cluster=main", false, "footfall", "s3/c@ret", []string{"a:1", "b:2", "c:8123"}, "clicks", "main"},
		{"clickhouse://u:p@[::1]:9,[::2]?cluster=c", false, "u", "p", []string{"[::1]:9", "[::2]:8123"}, "default", "c"},
		{"clickhouse://u:@host?cluster=c", false, "u", "", []string{"host:8123"}, "default", "c"},
	}
	for _, test := range tests {
		a, err := clickhouse.ParseAddress(test.text)
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		secret, err := a.Secret()
		if a.TLS != test.tls || a.User != test.user || secret != test.secret || err != nil || !reflect.DeepEqual(a.Hosts, test.hosts) ||
			a.Database != test.database || a.Cluster != test.cluster {
			t.Errorf("%s: %+v, password %q, %v", test.text, a, secret, err)
		}
	}
}

// TestRefusedAddresses: an error says what is wrong, without the password.
func TestRefusedAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", "must start with clickhouse://"},
		{"http://localhost:8123", "must start with clickhouse://"},
		{"clickhouse://", "a host is missing"},
		{"clickhouse://a,,b?cluster=c", "a host is missing"},
		{"clickhouse://a,a?cluster=c", "twice"},
		{"clickhouse://a,b", "its name is missing"},
		{"clickhouse://a?shards=2", "its name is missing"},
		{"clickhouse://a?cluster=c&shards=0", "from 1 to 1024"},
		{"clickhouse://a?cluster=c&shards=many", "from 1 to 1024"},
		{"clickhouse://u:hunter2%@a", "must be escaped"},
		{"clickhouse://u:hunter2@a b", "host"},
		{"clickhouse://u:hunter2#x@a/b", "must be escaped"},
		{"clickhouse://u:hunter2?x@a/b", "must be escaped"},
		{"clickhouse://u:hunter2@a/x-y", "letters, digits and underscores"},
		{"clickhouse://u:hunter2@a?cluster=x'y", "letters, digits and underscores"},
		{"clickhouse://u:hunter2@a?pasword-file=x", "no parameter"},
		{"clickhouse://u:hunter2@a?password-file=x", "both a password and"},
		{"clickhouse://u:hunter2@a?ca-file=/nowhere/x", "ca-file needs clickhouses://"},
		{"clickhouses://u:hunter2@a?ca-file=/nowhere/x", "no such file"},
		{"clickhouses://u:hunter2@a?ca-file=/dev/null", "no certificate"},
	}
	for _, test := range tests {
		a, err := clickhouse.ParseAddress(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %+v, %v, want an error with %q and without the password", test.text, a, err, test.want)
		}
		if err != nil && !errors.Is(err, clickhouse.ErrAddress) {
			t.Errorf("%s: %v is not ErrAddress", test.text, err)
		}
	}
}

// TestPasswordFile: the file is read at each use, so a password can be changed while footfall runs.
func TestPasswordFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	a, err := clickhouse.ParseAddress("clickhouse://u@h/d?password-file=" + file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Secret(); err == nil {
		t.Error("a missing file is no error")
	}
	for _, want := range []string{"one", "two words"} {
		if err := os.WriteFile(file, []byte(want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := a.Secret(); got != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}
