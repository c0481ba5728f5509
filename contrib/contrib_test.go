//go:build contrib

package contrib_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The snippets say port 443, /etc/letsencrypt and so on. They run as they stand, in
// a network and with mounts of their own, which the test binary makes: it runs
// itself again in there.
const (
	inside  = "FOOTFALL_TEST_INSIDE"
	program = "/usr/local/bin/footfall" // as the unit says
	// certificates are where certbot has them.
	certificates = "/etc/letsencrypt"
	// visitor is an address that only that network has, in Germany.
	visitor = "88.198.1.1"
)

func TestMain(m *testing.M) {
	var err error
	code := 0
	if os.Getenv(inside) == "" {
		code, err = again()
	} else if err = furnish(); err == nil {
		code = m.Run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// again builds the program and runs the tests where nothing else listens.
func again() (int, error) {
	dir, err := os.MkdirTemp("", "footfall-contrib-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(certificates, 0o755); err == nil {
		defer os.Remove(certificates) // made to mount upon, for it was not there
	} else if !os.IsExist(err) {
		return 0, err
	}
	built := filepath.Join(dir, "footfall")
	if out, err := exec.Command("go", "build", "-o", built, "../cmd/footfall").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, out)
	}
	cmd := exec.Command("unshare", append([]string{"--net", "--mount", os.Args[0]}, os.Args[1:]...)...)
	cmd.Env = append(os.Environ(), inside+"="+built)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// furnish brings up the network, and puts directories of this test's own over those
// of the machine.
func furnish() error {
	script := []string{
		"ip link set lo up", "ip addr add " + visitor + "/32 dev lo",
		"mount -t tmpfs tmpfs /usr/local/bin", "cp " + os.Getenv(inside) + " " + program,
		"mount -t tmpfs tmpfs /etc/nginx/conf.d", "mount -t tmpfs tmpfs /etc/nginx/sites-enabled",
		"mount -t tmpfs tmpfs /var/log/nginx", "mount -t tmpfs tmpfs /var/lib/nginx", "mount -t tmpfs tmpfs /run",
		"mount -t tmpfs tmpfs " + certificates,
	}
	out, err := exec.Command("sh", "-ec", strings.Join(script, "\n")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s: run this as root, with the packages that .ci/run installs", err, out)
	}
	return nil
}

// must runs a command and returns what it printed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// snippet is a block of a page in docs: the first in a language after some words.
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
		t.Fatalf("docs/%s has no block of %q after %q", file, language, after)
	}
	return block
}

// TestAlerts: Prometheus takes the rules, and they fire when they should.
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

// TestUnits: systemd understands the units.
func TestUnits(t *testing.T) {
	units, err := filepath.Glob("*.service")
	if err != nil || len(units) < 2 {
		t.Fatal(units, err)
	}
	// It also warns of other units of the machine that these need.
	for line := range strings.Lines(must(t, "systemd-analyze", append([]string{"verify", "footfall-backup.timer"}, units...)...)) {
		if strings.Contains(line, "footfall") {
			t.Errorf("systemd-analyze verify: %s", line)
		}
	}
}
