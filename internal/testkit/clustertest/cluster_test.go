//go:build cluster

package clustertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/certtest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/harness"
)

const password = `p@ss/w:?&<"rd%`

// table is replicated, and keeps nothing of what was inserted before (18.16 otherwise
// drops a block that it has seen).
const table = `CREATE TABLE t (n UInt64) ENGINE = ReplicatedMergeTree('/clickhouse/tables/%s/{cluster}/{shard}/t', '{replica}')
	ORDER BY n SETTINGS replicated_deduplication_window = 0`

// name returns the database of an address.
func name(t *testing.T, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func exec(t *testing.T, n *clustertest.Node, database, statement string) {
	t.Helper()
	if err := n.Exec(database, statement); err != nil {
		t.Fatal(err)
	}
}

// want waits until a node answers with a sum.
func want(t *testing.T, n *clustertest.Node, database string, sum uint64) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%s has the sum %d", n.Name, sum), func() (string, bool) {
		got, err := n.Query(database, "SELECT sum(n) FROM t")
		return fmt.Sprint(got, err), got == fmt.Sprintln(sum)
	})
}

func TestCluster(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: password})
	db := name(t, c.Database(t))
	for _, n := range c.Nodes {
		exec(t, n, db, fmt.Sprintf(table, db))
	}
	exec(t, c.Nodes[0], db, "INSERT INTO t VALUES (1)")
	exec(t, c.Nodes[2], db, "INSERT INTO t VALUES (10)")
	for i, sum := range []uint64{1, 1, 10, 10} {
		want(t, c.Nodes[i], db, sum)
	}
	all, err := c.Nodes[3].Query(db, "SELECT sum(n) FROM cluster('footfall', '"+db+"', t)")
	if all != "11\n" {
		t.Errorf("the whole cluster has the sum %q (%v), want 11", all, err)
	}

	t.Run("killed", func(t *testing.T) {
		c.Nodes[1].Kill()
		if err := c.Nodes[1].Exec(db, "SELECT 1"); err == nil {
			t.Error("a killed server answered")
		}
		exec(t, c.Nodes[0], db, "INSERT INTO t VALUES (100)")
		if err := c.Nodes[1].Start(); err != nil {
			t.Fatal(err)
		}
		want(t, c.Nodes[1], db, 101)
	})
	t.Run("frozen", func(t *testing.T) {
		if err := c.Nodes[0].Freeze(); err != nil {
			t.Fatal(err)
		}
		await.Until(t, "the other replica takes an insert", func() (string, bool) {
			err := c.Nodes[1].Exec(db, "INSERT INTO t VALUES (1000)")
			return fmt.Sprint(err), err == nil
		})
		if err := c.Nodes[0].Thaw(); err != nil {
			t.Fatal(err)
		}
		want(t, c.Nodes[0], db, 1101)
	})
	t.Run("wiped", func(t *testing.T) {
		if err := c.Nodes[1].Wipe(); err != nil {
			t.Fatal(err)
		}
		want(t, c.Nodes[1], db, 1101)
	})
	t.Run("without ZooKeeper", func(t *testing.T) {
		c.ZooKeeper.Kill()
		await.Until(t, "an insert fails", func() (string, bool) {
			err := c.Nodes[0].Exec(db, "INSERT INTO t VALUES (0)")
			return fmt.Sprint(err), err != nil
		})
		want(t, c.Nodes[0], db, 1101)
		if err := c.ZooKeeper.Start(); err != nil {
			t.Fatal(err)
		}
		await.Until(t, "an insert succeeds", func() (string, bool) {
			err := c.Nodes[0].Exec(db, "INSERT INTO t VALUES (0)")
			return fmt.Sprint(err), err == nil
		})
	})
	t.Run("healed", func(t *testing.T) {
		c.Nodes[2].Kill()
		c.ZooKeeper.Kill()
		if err := c.Nodes[3].Freeze(); err != nil {
			t.Fatal(err)
		}
		if err := c.Heal(); err != nil {
			t.Fatal(err)
		}
		for i, sum := range []uint64{1101, 1101, 10, 10} {
			want(t, c.Nodes[i], db, sum)
		}
	})
}

func TestPassword(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Password: password})
	address, err := url.Parse(c.Address("default"))
	if err != nil {
		t.Fatal(err)
	}
	for given, status := range map[string]int{password: http.StatusOK, "": http.StatusUnauthorized, "wrong": http.StatusUnauthorized} {
		u := url.URL{Scheme: "http", Host: address.Host, Path: "/", RawQuery: url.Values{"query": {"SELECT 1"}}.Encode()}
		u.User = url.UserPassword(address.User.Username(), given)
		res, err := http.Get(u.String())
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("with the password %q the server answers with status %d, want %d", given, res.StatusCode, status)
		}
	}
	if got, _ := address.User.Password(); got != password {
		t.Errorf("the address %s has the password %q, want %q", address.Redacted(), got, password)
	}
}

func TestTLS(t *testing.T) {
	authority, dir := certtest.New(t), t.TempDir()
	files := clustertest.TLS{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), Authority: authority.File}
	authority.Write(t, files.Certificate, files.Key, time.Now().Add(time.Hour), "127.0.0.1")
	c := clustertest.Start(t, clustertest.Options{Password: password, TLS: &files})
	u, err := url.Parse(c.Address("default"))
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Query().Get("ca-file"); u.Scheme != "clickhouses" || got != files.Authority {
		t.Errorf("the address is %s, want clickhouses:// and the file of the authority", u.Redacted())
	}
	client := harness.NewClient(authority.Trust("127.0.0.1"))
	res, err := client.Get("https://" + u.Host + "/ping")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the status is %d, want 200", res.StatusCode)
	}
}

// TestFaults shows what an insert leaves when the network fails.
func TestFaults(t *testing.T) {
	for what, o := range map[string]clustertest.Options{
		"18.16": {Password: password, Proxies: true}, "current": {Password: password, Proxies: true, Current: true},
	} {
		t.Run(what, func(t *testing.T) {
			c := clustertest.Start(t, o)
			address := c.Database(t)
			db, n := name(t, address), c.Nodes[0]
			exec(t, n, db, "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			u.Scheme, u.Path = "http", "/"
			u.RawQuery = url.Values{"database": {db}, "query": {"INSERT INTO t FORMAT RowBinary"}}.Encode()
			insert := func(rows string) error {
				res, err := http.Post(u.String(), "", strings.NewReader(rows))
				if err == nil {
					res.Body.Close()
				}
				return err
			}
			isInsert := func(statement string) bool { return strings.HasPrefix(statement, "INSERT") }
			const one, ten = "\x01\x00\x00\x00\x00\x00\x00\x00", "\x0a\x00\x00\x00\x00\x00\x00\x00"

			taken := n.Proxy.Next(faultproxy.LoseReply, isInsert)
			if insert(one) == nil {
				t.Error("an insert whose reply is lost was answered")
			}
			<-taken
			want(t, n, db, 1)

			taken = n.Proxy.Next(faultproxy.CutBody(8), isInsert)
			if insert(ten+one) == nil {
				t.Error("an insert that was cut was answered")
			}
			<-taken
			if o.Current { // it refuses what is not whole
				want(t, n, db, 1)
			} else {
				want(t, n, db, 11)
			}
		})
	}
}
