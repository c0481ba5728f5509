//go:build contrib

package contrib_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// TestClickHouseFile: the current ClickHouse reads the cluster, the macros and the settings from
// the file of the cluster.
func TestClickHouseFile(t *testing.T) {
	text, err := os.ReadFile("cluster/clickhouse.xml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	here := filepath.Join(dir, "clickhouse-0-0") // where the engine runs
	if err := os.Mkdir(here, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(here, "config.xml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SHARD", "2")
	t.Setenv("REPLICA", "clickhouse-2-1")
	c := clustertest.Start(t, clustertest.Options{Dir: dir, Current: true, Password: password})
	for statement, want := range map[string]string{
		"SELECT cluster, shard_num, replica_num, host_name, port FROM system.clusters ORDER BY ALL": "" +
			"footfall\t1\t1\tclickhouse-1-1\t9000\n" +
			"footfall\t1\t2\tclickhouse-1-2\t9000\n" +
			"footfall\t2\t1\tclickhouse-2-1\t9000\n" +
			"footfall\t2\t2\tclickhouse-2-2\t9000\n",
		"SELECT macro, substitution FROM system.macros ORDER BY ALL":                                 "replica\tclickhouse-2-1\nshard\t2\n",
		"SELECT name, value FROM system.merge_tree_settings WHERE name LIKE 'fsync_%' ORDER BY name": "fsync_after_insert\t1\nfsync_part_directory\t1\n",
	} {
		if got, err := c.Nodes[0].Query("", statement); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", statement, got, err, want)
		}
	}
}

// TestClusterCaddyfile: Caddy accepts the file, and sends each request to one server only, once it
// has been sent.
func TestClusterCaddyfile(t *testing.T) {
	home := t.TempDir()
	env := []string{"HOME=" + home, "XDG_DATA_HOME=" + home, "XDG_CONFIG_HOME=" + home}
	args := []string{"--config", "cluster/Caddyfile", "--adapter", "caddyfile"}
	t.Log(must(t, "env", append(append(env, "caddy", "validate"), args...)...))
	adapted := must(t, "env", append(append(env, "caddy", "adapt"), args...)...)
	for _, want := range []string{
		`"upstreams":[{"dial":"footfall-1:8080"},{"dial":"footfall-2:8080"}]`, `"retry_match":[{"method":["NONE"]}]`, `"uri":"/healthz"`,
	} {
		if !strings.Contains(adapted, want) {
			t.Errorf("Caddy understands the file without %s: %s", want, adapted)
		}
	}
}
