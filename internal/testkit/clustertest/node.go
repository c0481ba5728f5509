package clustertest

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"text/template"
	"time"

	"github.com/footfall/footfall/internal/testkit/daemon"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
)

// User is the only user of the servers.
const User = "footfall"

// QueryTimeout is how long a statement of Query or Exec may take. A frozen node does
// not answer at all.
const QueryTimeout = time.Minute

const (
	pause          = 20 * time.Millisecond
	sessionTimeout = 3 * time.Second // as config.xml says
)

var names atomic.Int64

//go:embed config.xml
var configText string

//go:embed users.xml
var usersText string

// Node is one server of ClickHouse.
type Node struct {
	*daemon.Daemon
	// Shard and Replica count from 1. They are 0 for one server alone.
	Shard, Replica int
	// Addr is where it serves HTTP, as host:port.
	Addr string
	// Proxy is nil without Options.Proxies.
	Proxy *faultproxy.Proxy
	// ZooKeeper is between the node and ZooKeeper. It is nil without Options.Proxies, and for one
	// server alone.
	ZooKeeper *faultproxy.Relay

	cluster                       *Cluster
	dir                           string
	http, https, tcp, interserver int
}

func (c *Cluster) newNode(shard, replica int) *Node {
	n := &Node{Shard: shard, Replica: replica, cluster: c,
		http: c.ports.Take(), https: c.ports.Take(), tcp: c.ports.Take(), interserver: c.ports.Take()}
	n.Addr = daemon.Address(n.http)
	name := fmt.Sprintf("clickhouse-%d-%d", shard, replica)
	n.dir = filepath.Join(c.options.Dir, name)
	n.Daemon = &daemon.Daemon{
		Name: name,
		Command: func() *exec.Cmd {
			cmd := exec.Command("clickhouse-server", "--config-file="+filepath.Join(n.dir, "config.xml"))
			cmd.Dir = n.dir
			return cmd
		},
		Ready:    n.ping,
		Output:   filepath.Join(n.dir, "output"),
		Logs:     []string{filepath.Join(n.dir, "errors")},
		Patience: 6 * time.Second, // 18.16 sometimes hangs at a start, but not at the next one
	}
	return n
}

// configure writes the files that the server reads at its start.
func (n *Node) configure(shards [][]*Node) error {
	zookeeper := n.cluster.zookeeperAddr
	if n.ZooKeeper != nil {
		zookeeper = n.ZooKeeper.Addr
	}
	_, zookeeperPort, _ := strings.Cut(zookeeper, ":")
	if err := os.MkdirAll(n.dir, 0o700); err != nil {
		return err
	}
	type ports struct{ TCP int }
	var others [][]ports
	for _, replicas := range shards {
		var list []ports
		for _, r := range replicas {
			list = append(list, ports{r.tcp})
		}
		others = append(others, list)
	}
	values := map[string]any{
		"Dir": n.dir, "HTTP": n.http, "HTTPS": n.https, "TLS": n.cluster.options.TLS, "TCP": n.tcp, "Interserver": n.interserver, "ZooKeeper": zookeeperPort,
		"Cluster": Name, "Shard": n.Shard, "Replica": n.Name, "Shards": others,
		"User": User, "Password": n.cluster.options.Password, "Zone": "UTC",
	}
	for file, text := range map[string]string{"config.xml": configText, "users.xml": usersText} {
		t, err := template.New(file).Funcs(template.FuncMap{"xml": escape}).Parse(text)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, values); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(n.dir, file), b.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func escape(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

// Start starts the server and waits until it serves. After a kill it first waits until
// ZooKeeper has ended the old session, if ZooKeeper answers: a server that starts earlier
// keeps its replicated tables read-only for 10 s.
func (n *Node) Start() error {
	if zookeeper := n.cluster.ZooKeeper; zookeeper != nil && !n.Running() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*sessionTimeout)
		defer cancel()
		for sessionsEnded(ctx, n.cluster.zookeeperAddr, n.Name) != nil && zookeeper.Running() && ctx.Err() == nil {
			time.Sleep(pause)
		}
	}
	return n.Daemon.Start()
}

// Restart kills the server and starts it again.
func (n *Node) Restart() error {
	n.Kill()
	return n.Start()
}

// writable returns nil once no replicated table of the server is read-only.
func (n *Node) writable() error {
	tables, err := n.Query("system", "SELECT groupArray(table) FROM replicas WHERE is_readonly")
	if err == nil && tables != "[]\n" {
		err = fmt.Errorf("%s: read-only tables: %s", n.Name, tables)
	}
	return err
}

func (n *Node) ping(ctx context.Context) error {
	_, err := n.do(ctx, http.MethodGet, "/ping", nil)
	return err
}

// Wipe is the loss of a replica's disk. It kills the server, removes all its data, and
// starts it again with the definitions of the tables of another replica of the shard, as
// ClickHouse's manual says. The server fetches the data from there.
func (n *Node) Wipe() error {
	n.Kill()
	if err := os.RemoveAll(filepath.Join(n.dir, "data")); err != nil {
		return err
	}
	for _, other := range n.cluster.Nodes {
		if other == n || other.Shard != n.Shard {
			continue
		}
		if err := os.CopyFS(filepath.Join(n.dir, "data", "metadata"), os.DirFS(filepath.Join(other.dir, "data", "metadata"))); err != nil {
			return err
		}
		break
	}
	flags := filepath.Join(n.dir, "data", "flags")
	if err := os.MkdirAll(flags, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(flags, "force_restore_data"), nil, 0o600); err != nil {
		return err
	}
	return n.Start()
}

// Exec executes a statement on this node, in a database or in none.
func (n *Node) Exec(database, statement string) error {
	_, err := n.Query(database, statement)
	return err
}

// Query executes a statement on this node and returns the answer, which is in
// TabSeparated unless the statement says otherwise.
func (n *Node) Query(database, statement string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), QueryTimeout)
	defer cancel()
	v := url.Values{"user": {User}, "password": {n.cluster.options.Password}, "wait_end_of_query": {"1"}}
	if database != "" {
		v.Set("database", database)
	}
	answer, err := n.do(ctx, http.MethodPost, "/?"+v.Encode(), strings.NewReader(statement))
	if err != nil {
		return "", fmt.Errorf("%s: %.200s: %w", n.Name, statement, err)
	}
	return answer, nil
}

// client opens a connection for each request: a killed server leaves none that is kept.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func (n *Node) do(ctx context.Context, method, path string, body io.Reader) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+n.Addr+path, body)
	if err != nil {
		return "", err
	}
	res, err := client.Do(r)
	if err != nil {
		return "", errors.Unwrap(err) // without the URL, which has the password
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.500s", res.StatusCode, answer)
	}
	return string(answer), err
}
