package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/daemon"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// cluster runs ClickHouse as 2 shards with 2 replicas each, ZooKeeper, PostgreSQL and
// servers of footfall that use them, until it is interrupted.
func cluster(args []string) error {
	flags := flag.NewFlagSet("cluster up", flag.ExitOnError)
	dir := flags.String("dir", "", "keep the data in this directory; without it, the data is deleted at the end")
	servers := flags.Int("servers", 0, "number of servers of footfall")
	if len(args) == 0 || args[0] != "up" {
		return errors.New("usage: bench cluster up [--servers N] [--dir DIR]")
	}
	_ = flags.Parse(args[1:]) // it exits
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *dir == "" {
		temporary, err := os.MkdirTemp("", "footfall-cluster-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		if err := os.Chmod(temporary, 0o711); err != nil { // PostgreSQL runs as its own user
			return err
		}
		*dir = temporary
	}
	const name = "footfall" // of the databases, and the password of ClickHouse
	c, err := clustertest.Launch(clustertest.Options{Dir: *dir, Shards: 2, Replicas: 2, Password: name})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Create(name); err != nil {
		return err
	}
	postgres, err := pgtest.Launch(filepath.Join(*dir, "postgres"))
	if err != nil {
		return err
	}
	defer postgres.Close()
	_ = postgres.Exec(ctx, "postgres", "CREATE DATABASE "+name) // if it exists, Exec fails

	clicks, links := c.Address(name), postgres.Address(name)
	fmt.Printf("--clicks '%s'\n--links '%s'\n\n%-16s %-8s address\n", clicks, links, "server", "process")
	for _, n := range c.Nodes {
		fmt.Printf("%-16s %-8d http://%s\n", n.Name, n.Pid(), n.Addr)
	}
	fmt.Printf("%-16s %-8d\n%-16s %-8d\n", c.ZooKeeper.Name, c.ZooKeeper.Pid(), postgres.Name, postgres.Pid())

	if *servers > 0 {
		program, err := harness.Build(*dir)
		if err != nil {
			return err
		}
		ports, err := daemon.ReservePorts(filepath.Join(*dir, "footfall-ports"))
		if err != nil {
			return err
		}
		defer ports.Release()
		for i := range *servers {
			port := ports.Take()
			s := clusterServer(program, filepath.Join(*dir, fmt.Sprintf("footfall-%d", i+1)), port, clicks, links)
			if err := s.Start(); err != nil {
				return err
			}
			defer s.End(syscall.SIGTERM)
			fmt.Printf("%-16s %-8d http://%s\n", s.Name, s.Pid(), daemon.Address(port))
		}
		fmt.Printf("\nMake a user, on one of the servers for all of them:\n\n  %s user add ann --data %s\n", program.Path, filepath.Join(*dir, "footfall-1"))
	}
	fmt.Printf("\nData and logs are in %s. Ctrl-C stops all of it.\n", *dir)
	<-ctx.Done()
	return nil
}

// clusterServer prepares a server of footfall.
func clusterServer(program harness.Program, data string, port int, clicks, links string) *daemon.Daemon {
	return &daemon.Daemon{
		Name: filepath.Base(data),
		Command: func() *exec.Cmd {
			return program.Command(context.Background(), "serve", "--data", data, "--listen", daemon.Address(port),
				"--domain", shortDomain, "--clicks", clicks, "--links", links)
		},
		Ready: func(context.Context) error {
			_, err := harness.Get("http://" + daemon.Address(port) + "/healthz")
			return err
		},
		Output:   data + ".log",
		Patience: harness.Timeout,
	}
}
