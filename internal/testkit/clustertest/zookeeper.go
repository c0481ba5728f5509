package clustertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/daemon"
)

// zookeeperJar names the other jars of Debian in its manifest, except the logger.
const zookeeperJar = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"

func newZooKeeper(dir string, port int) (*daemon.Daemon, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	config := filepath.Join(dir, "zoo.cfg")
	text := fmt.Sprintf(`tickTime=500
dataDir=%s/data
clientPort=%d
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=mntr,dump
maxClientCnxns=0
`, dir, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return &daemon.Daemon{
		Name: "ZooKeeper",
		Command: func() *exec.Cmd {
			return exec.Command("java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
				"-Dzookeeper.forceSync=no", // a kill loses nothing that was written, and the machine stays up
				"-cp", zookeeperJar, "org.apache.zookeeper.server.ZooKeeperServerMain", config)
		},
		Ready:    func(ctx context.Context) error { return zookeeperServes(ctx, daemon.Address(port)) },
		Output:   filepath.Join(dir, "output"),
		Patience: 30 * time.Second,
	}, nil
}

// zookeeperServes asks the server for its state. A server that only listens does not
// answer, or answers that it is not serving.
func zookeeperServes(ctx context.Context, addr string) error {
	answer, err := askZooKeeper(ctx, addr, "mntr")
	if strings.Contains(answer, "zk_server_state\t") {
		return nil
	}
	return errors.Join(fmt.Errorf("it answers mntr with %.100q", answer), err)
}

// sessionsEnded returns nil once ZooKeeper has ended the session of the replica. After a
// kill that takes sessionTimeout.
func sessionsEnded(ctx context.Context, addr, replica string) error {
	answer, err := askZooKeeper(ctx, addr, "dump")
	if err != nil {
		return err
	}
	if strings.Contains(answer, "/replicas/"+replica+"/") {
		return fmt.Errorf("ZooKeeper still has a session of %s", replica)
	}
	return nil
}

// askZooKeeper sends one of ZooKeeper's commands of four letters.
func askZooKeeper(ctx context.Context, addr, word string) (string, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return "", err
		}
	}
	if _, err := io.WriteString(c, word); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}
