// Package clustertest runs real servers of ClickHouse, for tests and for developers to try
// out: Debian's 18.16, as a cluster with ZooKeeper or as one server alone, and the current
// engine, as one server alone: chdbfront serves the library of an npm package.
//
// The processes end with the one that started them. Everything that they write is in one
// directory.
package clustertest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/testkit/daemon"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
)

// Name is the name of the cluster in the configuration of its nodes.
const Name = "footfall"

// healTimeout is how long replicated tables may stay read-only once all servers run.
// Usually it is up to 10 s.
const healTimeout = time.Minute

// Options says which servers to run.
type Options struct {
	// Dir is where the servers keep their files. It is made if it does not exist. If a
	// cluster used it before, this one has the same data and ports.
	Dir string
	// Shards and Replicas are the size of the cluster. If Shards is 0, it is one server
	// without ZooKeeper.
	Shards, Replicas int
	// Current runs the current engine instead of 18.16, as one server alone.
	Current bool
	// Proxies puts a proxy that fails on command in front of each node, and another one
	// between the node and ZooKeeper. Addresses name the proxies.
	Proxies bool
	// TLS, if it is not nil, is the certificate of the nodes. Addresses name the ports of
	// https, and bypass the proxies. Only 18.16 has it.
	TLS *TLS
	// Password is the password of footfall, the only user.
	Password string
}

// TLS has names of files in PEM. The certificate is for 127.0.0.1.
type TLS struct{ Certificate, Key, Authority string }

// Cluster is the servers of one Launch.
type Cluster struct {
	// Nodes are the servers of ClickHouse: the replicas of the first shard, of the
	// second, and so on.
	Nodes []*Node
	// ZooKeeper is nil if there is one server alone.
	ZooKeeper *daemon.Daemon

	options       Options
	ports         *daemon.Ports
	zookeeperAddr string
}

// Launch starts servers and waits until they serve.
func Launch(o Options) (*Cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	c := &Cluster{options: o}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if c.ports, err = daemon.ReservePorts(filepath.Join(dir, "ports")); err != nil {
		return nil, err
	}
	if err := c.start(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) start() (err error) {
	if c.options.Shards > 0 {
		zookeeper := c.ports.Take()
		c.zookeeperAddr = daemon.Address(zookeeper)
		if c.ZooKeeper, err = newZooKeeper(filepath.Join(c.options.Dir, "zookeeper"), zookeeper); err != nil {
			return err
		}
	}
	var shards [][]*Node
	for shard := range c.options.Shards {
		var replicas []*Node
		for replica := range c.options.Replicas {
			replicas = append(replicas, c.newNode(shard+1, replica+1))
		}
		shards = append(shards, replicas)
		c.Nodes = append(c.Nodes, replicas...)
	}
	switch {
	case c.options.Current:
		n, err := c.newCurrent()
		if err != nil {
			return err
		}
		c.Nodes = []*Node{n}
	case c.options.Shards == 0:
		c.Nodes = []*Node{c.newNode(0, 0)}
	}
	if !c.options.Current {
		for _, n := range c.Nodes {
			if c.options.Proxies && c.ZooKeeper != nil {
				if n.ZooKeeper, err = faultproxy.ListenAny(daemon.Address(c.ports.Take()), c.zookeeperAddr); err != nil {
					return err
				}
			}
			if err := n.configure(shards); err != nil {
				return err
			}
		}
	}
	if c.ZooKeeper != nil {
		// A server with replicated tables hangs or ends if it starts before ZooKeeper.
		if err := c.ZooKeeper.Start(); err != nil {
			return err
		}
	}
	if c.options.Proxies {
		for _, n := range c.Nodes {
			if n.Proxy, err = faultproxy.Listen(daemon.Address(c.ports.Take()), n.Addr); err != nil {
				return err
			}
		}
	}
	return c.each((*Node).Start)
}

// each calls f for all nodes at the same time.
func (c *Cluster) each(f func(*Node) error) error {
	errs := make([]error, len(c.Nodes))
	var all sync.WaitGroup
	for i, n := range c.Nodes {
		all.Go(func() { errs[i] = f(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Heal starts and thaws all servers, ends the faults of their proxies, and waits until no
// replicated table is read-only.
func (c *Cluster) Heal() error {
	if c.ZooKeeper != nil {
		if err := errors.Join(c.ZooKeeper.Thaw(), c.ZooKeeper.Start()); err != nil {
			return err
		}
	}
	return c.each(func(n *Node) error {
		err := error(nil)
		if n.ZooKeeper != nil {
			err = n.ZooKeeper.Accept()
		}
		err = errors.Join(err, n.Thaw(), n.Start())
		if n.Proxy != nil {
			n.Proxy.Set(nil)
			err = errors.Join(err, n.Proxy.Accept())
		}
		for end := time.Now().Add(healTimeout); err == nil; time.Sleep(pause) {
			if err := n.writable(); err == nil || time.Now().After(end) {
				return err
			}
		}
		return err
	})
}

// Close kills all servers. Their files stay.
func (c *Cluster) Close() {
	_ = c.each(func(n *Node) error {
		if n.Proxy != nil {
			n.Proxy.Close()
		}
		if n.ZooKeeper != nil {
			n.ZooKeeper.Refuse()
		}
		n.Kill()
		return nil
	})
	if c.ZooKeeper != nil {
		c.ZooKeeper.Kill()
	}
	c.ports.Release()
}

// Start is Launch for a test, which closes the cluster at its end. o.Dir may be empty.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	c, err := Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Database makes a database on every node, for one test, and returns its address. At the
// end of the test it heals the cluster and drops the database.
func (c *Cluster) Database(t testing.TB) (address string) {
	t.Helper()
	name := c.NewName()
	if err := c.Create(name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Heal(), c.Drop(name)); err != nil {
			t.Logf("the database %s stays until the cluster ends: %v", name, err)
		}
	})
	return c.Address(name)
}

// Create makes a database on every node.
func (c *Cluster) Create(database string) error {
	return c.each(func(n *Node) error { return n.Exec("", "CREATE DATABASE IF NOT EXISTS "+database) })
}

// Drop removes a database on every node. The nodes must run.
func (c *Cluster) Drop(database string) error {
	return c.each(func(n *Node) error { return n.Exec("", "DROP DATABASE IF EXISTS "+database) })
}

// Address returns the address of a database, as serve --clicks takes it.
func (c *Cluster) Address(database string) string {
	scheme, parameters := "clickhouse", url.Values{}
	if c.options.Shards > 0 {
		parameters.Set("cluster", Name)
	}
	if c.options.TLS != nil {
		scheme += "s"
		parameters.Set("ca-file", c.options.TLS.Authority)
	}
	var hosts []string
	for _, n := range c.Nodes {
		switch {
		case c.options.TLS != nil:
			hosts = append(hosts, daemon.Address(n.https))
		case n.Proxy != nil:
			hosts = append(hosts, n.Proxy.Addr)
		default:
			hosts = append(hosts, n.Addr)
		}
	}
	u := url.URL{Scheme: scheme, User: url.UserPassword(User, c.options.Password), Host: strings.Join(hosts, ","),
		Path: "/" + database, RawQuery: parameters.Encode()}
	return u.String()
}

// NewName returns a name for a database that no other test uses.
func (c *Cluster) NewName() string { return fmt.Sprintf("test_%d_%d", os.Getpid(), names.Add(1)) }
