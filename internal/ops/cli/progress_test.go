package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/meter"
)

// TestBar: a bar shows the stage and how much of it is done. It is cleared before
// something is printed.
func TestBar(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := &bar{to: &out}
	shows := func(at meter.State, wants ...string) {
		t.Helper()
		out.Reset()
		b.show(at)
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the bar of %+v is %q, which lacks %q", at, out.String(), want)
			}
		}
	}
	shows(meter.State{Stage: "journal", Unit: meter.Bytes, Done: 500_000, Total: 2_000_000}, "journal", "25%", "/2.0 MB")
	shows(meter.State{Stage: "counts", Unit: meter.Clicks, Done: 30, Total: 40}, "counts", "75%", "30/40", "clicks/")
	shows(meter.State{Stage: "links and users", Unit: meter.Bytes}, "links and users")
	out.Reset()
	_, _ = io.WriteString(b.before(&out), "a sentence\n")
	if said := out.String(); !strings.HasSuffix(said, "\ra sentence\n") || !strings.HasPrefix(said, "\r") {
		t.Errorf("a sentence that is printed while a bar is shown comes out as %q", said)
	}
	if isTerminal(&out) {
		t.Error("isTerminal says that a buffer is a terminal")
	}
}
