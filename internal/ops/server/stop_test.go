package server

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/datadir"
)

// TestGraceIsEnough: systemd, Compose, Kubernetes and the image wait for as long as a
// stop may take, and docs/operations.md says how long that is.
func TestGraceIsEnough(t *testing.T) {
	t.Parallel()
	most := publicTimeout + closeTimeout + datadir.RememberTimeout
	for path, pattern := range map[string]string{
		"../../../contrib/footfall.service": `TimeoutStopSec=(\d+)\n`, "../../../contrib/compose.yaml": `stop_grace_period: (\d+s)\n`,
		"../../../contrib/cluster/kubernetes.yaml": `terminationGracePeriodSeconds: (\d+)\n`,
		"../../../contrib/cluster/compose.yaml":    `stop_grace_period: (\d+s)\n`,
		"../../../contrib/kubernetes.yaml":         `terminationGracePeriodSeconds: (\d+)\n`, "../../../Dockerfile": `--stop-timeout (\d+)`,
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
		if m == nil {
			t.Errorf("%s has no text that matches %s", path, pattern)
			continue
		}
		grace, err := time.ParseDuration(regexp.MustCompile(`\d+`).FindString(m[1]) + "s")
		if err != nil || grace < most+5*time.Second {
			t.Errorf("%s waits only %v, but a stop may take %v", path, grace, most)
		}
	}
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`A stop takes (\d+) seconds at most`).FindSubmatch(page); m == nil || string(m[1])+"s" != (most/time.Second*time.Second).String() {
		t.Errorf("docs/operations.md says %q, but a stop may take %v", m, most)
	}
}
