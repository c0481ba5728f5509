package click_test

import (
	"testing"

	"github.com/footfall/footfall/internal/base/click"
)

// TestNames: every number has a name of its own, which leads back to it; that of a newer
// version has another name.
func TestNames(t *testing.T) {
	names(t, click.TV, "other", click.ParseDevice)
	names(t, click.NetFront, "other", click.ParseBrowser)
	names(t, click.Nintendo, "other", click.ParseSystem)
	names(t, click.FromQR, click.Unknown, click.ParseSource)
	if d, s := click.ParseDevice("toaster"), click.ParseSource("toaster"); d != click.OtherDevice || s != click.UnknownSource {
		t.Errorf("names that are not in the lists are %v, %v", d, s)
	}
}

func names[N interface {
	~uint8
	String() string
}](t *testing.T, last N, newer string, parse func(string) N) {
	t.Helper()
	for n := range last + 1 {
		if n.String() == "" || parse(n.String()) != n {
			t.Errorf("%T %d is %q, which is %d", n, n, n, parse(n.String()))
		}
	}
	if n := last + 1; n.String() != newer || parse("") != 0 {
		t.Errorf("%T %d is %q, and no name is %d", n, n, n, parse(""))
	}
}

func TestPackAgent(t *testing.T) {
	a := click.Agent{Device: click.Tablet, Browser: click.Silk, System: click.Android, Source: click.FromQR}
	packed := a.Pack()
	if got := click.UnpackAgent(packed[:]); got != a {
		t.Errorf("%+v, want %+v", got, a)
	}
	if a := click.UnpackAgent("12345"); a.Known() {
		t.Errorf("five bytes are %+v", a)
	}
}
