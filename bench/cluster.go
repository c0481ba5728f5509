package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/daemon"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// cluster runs ClickHouse as 2 shards with 2 replicas each, ZooKeeper, PostgreSQL and
// servers of footfall that use them.
func cluster(args []string) error {
	programs := map[string]func(context.Context, []string) error{
		"up":        clusterUp,        // runs them until it is interrupted
		"chaos":     clusterChaos,     // makes them fail for a while
		"load":      clusterLoad,      // measures clicks
		"move":      clusterMove,      // measures moves into the cluster and back
		"questions": clusterQuestions, // measures answers, without servers of footfall
	}
	if len(args) == 0 || programs[args[0]] == nil {
		return fmt.Errorf("usage: bench cluster PROGRAM [options]\nprograms: %v", slices.Sorted(maps.Keys(programs)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return programs[args[0]](ctx, args[1:])
}

const dirUsage = "keep the data in this directory; without it, the data is deleted at the end"

func clusterUp(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster up", flag.ContinueOnError)
	dir := flags.String("dir", "", dirUsage)
	servers := flags.Int("servers", 0, "number of servers of footfall")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return withInstallation(ctx, *dir, *servers, func(all *installation) error {
		fmt.Printf("\nData and logs are in %s. Ctrl-C stops all of it.\n", all.dir)
		<-ctx.Done()
		return nil
	})
}

func clusterChaos(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster chaos", flag.ContinueOnError)
	dir := flags.String("dir", "", dirUsage)
	servers := flags.Int("servers", 2, "number of servers of footfall, 2 or more")
	lasts := flags.Duration("for", defaultChaos, "how long servers fail")
	seed := flags.Uint64("seed", 1, "which faults, and in which order")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return withInstallation(ctx, *dir, max(*servers, 2), func(all *installation) error {
		return chaos(ctx, all, *lasts, *seed)
	})
}

// withInstallation calls f with an installation that it starts and ends.
func withInstallation(ctx context.Context, dir string, servers int, f func(*installation) error) error {
	return inDir(dir, func(dir string) error {
		all := &installation{dir: dir}
		defer all.close()
		if err := all.start(ctx, servers); err != nil {
			return err
		}
		all.print()
		return f(all)
	})
}

// inDir calls f with a directory; if it is empty, with a temporary one.
func inDir(dir string, f func(dir string) error) error {
	if dir != "" {
		return f(dir)
	}
	dir, err := os.MkdirTemp("", "footfall-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL runs as its own user
		return err
	}
	return f(dir)
}

// databaseName is the name of the databases.
const databaseName = "footfall"

// installation has all servers of a cluster.
type installation struct {
	dir           string
	clickhouse    *clustertest.Cluster
	postgres      *pgtest.Server
	program       harness.Program
	ports         *daemon.Ports
	servers       []*clusterServer
	clicks, links string // addresses
}

// clusterServer is a server of footfall.
type clusterServer struct {
	*daemon.Daemon
	data, url string
}

func (all *installation) start(ctx context.Context, servers int) (err error) {
	const name = databaseName // and the password of ClickHouse
	if all.clickhouse, err = clustertest.Launch(clustertest.Options{Dir: all.dir, Shards: 2, Replicas: 2, Password: name}); err != nil {
		return err
	}
	if err := all.clickhouse.Create(name); err != nil {
		return err
	}
	if all.postgres, err = pgtest.Launch(filepath.Join(all.dir, "postgres")); err != nil {
		return err
	}
	_ = all.postgres.Exec(ctx, "postgres", "CREATE DATABASE "+name) // if it exists, Exec fails
	all.clicks, all.links = all.clickhouse.Address(name), all.postgres.Address(name)
	if servers == 0 {
		return nil
	}
	if all.program, err = harness.Build(all.dir); err != nil {
		return err
	}
	if all.ports, err = daemon.ReservePorts(filepath.Join(all.dir, "footfall-ports")); err != nil {
		return err
	}
	for i := range servers {
		s := all.server(filepath.Join(all.dir, fmt.Sprintf("footfall-%d", i+1)), daemon.Address(all.ports.Take()))
		if err := s.Start(); err != nil {
			return err
		}
		all.servers = append(all.servers, s)
	}
	return nil
}

// server prepares a server of footfall.
func (all *installation) server(data, addr string) *clusterServer {
	s := &clusterServer{data: data, url: "http://" + addr}
	s.Daemon = &daemon.Daemon{
		Name: filepath.Base(data),
		Command: func() *exec.Cmd {
			return all.program.Command(context.Background(), "serve", "--data", data, "--listen", addr,
				"--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8", "--clicks", all.clicks, "--links", all.links)
		},
		Ready: func(context.Context) error {
			_, err := harness.Get(s.url + "/healthz")
			return err
		},
		Output:   data + ".log",
		Patience: harness.Timeout,
	}
	return s
}

func (all *installation) print() {
	fmt.Printf("--clicks '%s'\n--links '%s'\n\n%-16s %-8s address\n", all.clicks, all.links, "server", "process")
	for _, n := range all.clickhouse.Nodes {
		fmt.Printf("%-16s %-8d http://%s\n", n.Name, n.Pid(), n.Addr)
	}
	for _, d := range []*daemon.Daemon{all.clickhouse.ZooKeeper, all.postgres.Daemon} {
		fmt.Printf("%-16s %-8d\n", d.Name, d.Pid())
	}
	for _, s := range all.servers {
		fmt.Printf("%-16s %-8d %s\n", s.Name, s.Pid(), s.url)
	}
	if len(all.servers) > 0 {
		fmt.Printf("\nMake a user, on one of the servers for all of them:\n\n  %s user add ann --data %s\n", all.program.Path, all.servers[0].data)
	}
}

// close ends all servers.
func (all *installation) close() {
	for _, s := range all.servers {
		s.End(syscall.SIGTERM)
	}
	if all.ports != nil {
		all.ports.Release()
	}
	if all.postgres != nil {
		all.postgres.Close()
	}
	if all.clickhouse != nil {
		all.clickhouse.Close()
	}
}
