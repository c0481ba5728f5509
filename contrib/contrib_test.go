//go:build contrib

package contrib_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// The snippets use port 443, /etc/letsencrypt and other fixed places of a machine. To run
// them unchanged, the test binary starts itself again in a network namespace and a mount
// namespace.
const (
	inside  = "FOOTFALL_TEST_INSIDE"
	program = "/usr/local/bin/footfall" // as in the unit
	// certificates is the directory of certbot.
	certificates = "/etc/letsencrypt"
	// visitor is an address in Germany that prepare adds to the namespace.
	visitor = "88.198.1.1"
)

var footfall = harness.Program{Path: program}

func TestMain(m *testing.M) {
	var err error
	code := 0
	if os.Getenv(inside) == "" {
		code, err = runInside()
	} else if err = prepare(); err == nil {
		code = m.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// runInside builds the program and runs the tests in new namespaces. It returns their
// exit status.
func runInside() (int, error) {
	dir, err := os.MkdirTemp("", "footfall-contrib-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(certificates, 0o755); err == nil {
		defer os.Remove(certificates) // it is only a mount point
	} else if !os.IsExist(err) {
		return 0, err
	}
	if _, err := clustertest.Library(); err != nil { // the namespace has no network
		return 0, err
	}
	built, err := harness.Build(dir)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command("unshare", append([]string{"--net", "--mount", os.Args[0]}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), inside+"="+built.Path)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// prepare sets up the network of the namespace, and mounts empty directories over those of
// the machine.
func prepare() error {
	script := []string{
		"ip link set lo up", "ip addr add " + visitor + "/32 dev lo",
		"mount -t tmpfs tmpfs /usr/local/bin", "cp " + os.Getenv(inside) + " " + program,
		"mount -t tmpfs tmpfs /etc/nginx/conf.d", "mount -t tmpfs tmpfs /etc/nginx/sites-enabled",
		"mount -t tmpfs tmpfs /var/log/nginx", "mount -t tmpfs tmpfs /var/lib/nginx", "mount -t tmpfs tmpfs /run",
		"mount -t tmpfs tmpfs " + certificates,
	}
	out, err := exec.Command("sh", "-ec", strings.Join(script, "\n")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("prepare the namespaces: %w: %s: run the tests as root, with the packages that .ci/run installs", err, out)
	}
	return nil
}

// must runs a command, which must succeed, and returns what it printed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// snippet returns the first code block in a language that follows some words on a page of
// docs.
func snippet(t *testing.T, file, after, language string) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("../docs", file))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), after)
	_, rest, begun := strings.Cut(rest, "```"+language+"\n")
	block, _, ended := strings.Cut(rest, "```\n")
	if !found || !begun || !ended {
		t.Fatalf("docs/%s has no code block in the language %q after the words %q", file, language, after)
	}
	return block
}

// TestAlerts: Prometheus accepts the rules, and they fire when they should.
func TestAlerts(t *testing.T) {
	t.Chdir("prometheus")
	t.Log(must(t, "promtool", "check", "rules", "footfall.rules.yml"))
	t.Log(must(t, "promtool", "test", "rules", "footfall.rules.test.yml"))
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	rules, err := filepath.Abs("footfall.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("..")
	text := strings.Replace(snippet(t, "operations.md", "## Watch", "yaml"), "footfall.rules.yml", rules, 1)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Log(must(t, "promtool", "check", "config", config))
}

// TestUnits: systemd accepts the units.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob("*.service")
	if err != nil || len(units) < 2 {
		t.Fatal(units, err)
	}
	// systemd-analyze also prints warnings about units of the machine that these need.
	for line := range strings.Lines(must(t, "systemd-analyze", append([]string{"verify", "footfall-backup.timer"}, units...)...)) {
		if strings.Contains(line, "footfall") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
}
