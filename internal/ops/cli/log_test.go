package cli

import (
	"reflect"
	"testing"

	"github.com/footfall/footfall/internal/ops/datadir"
)

// TestShown: the log shows options in the form in which they are given, except
// passwords.
func TestShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, want any
	}{
		{seconds(90e9), "1m30s"},
		{retention(datadir.Forever), "forever"},
		{retention(0), "0s"},
		{retention(36 * 3600e9), "36h0m0s"},
		{retention(72 * 3600e9), "3d"},
		{level(4), "WARN"},
		{[]string{"a", "b"}, "a,b"},
		{"/etc/x", "/etc/x"},
		{"https://me:secret@ca.example/?x=y", "https://me:xxxxx@ca.example/?x=y"},
		{true, true},
		{number(3), number(3)},
	} {
		if got := shown(reflect.ValueOf(c.value)); got != c.want {
			t.Errorf("%v is shown as %v, want %v", c.value, got, c.want)
		}
	}
}
