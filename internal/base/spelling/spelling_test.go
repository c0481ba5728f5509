package spelling_test

import (
	"testing"

	"github.com/footfall/footfall/internal/base/spelling"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"bitly-feed", "ndjson", "combined"}
	for wrong, want := range map[string]string{
		"combinde": "combined", "njson": "ndjson", "bitly": "bitly-feed", "csv": "", "": "", "combined-vhost": "combined", "NDJSON": "",
	} {
		if got := spelling.Nearest(wrong, known, "-"); got != want {
			t.Errorf("%q is taken for %q, want %q", wrong, got, want)
		}
	}
}
