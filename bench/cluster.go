package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// cluster runs ClickHouse as 2 shards with 2 replicas each, ZooKeeper and PostgreSQL
// until it is interrupted.
func cluster(args []string) error {
	flags := flag.NewFlagSet("cluster up", flag.ContinueOnError)
	dir := flags.String("dir", "", "keep the data in this directory; without it, the data is deleted at the end")
	if len(args) == 0 || args[0] != "up" {
		return errors.New("usage: bench cluster up [--dir DIR]")
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
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
	const name = "footfall" // of the database, the user and its password
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
	_ = postgres.Exec(context.Background(), "postgres", "CREATE DATABASE "+name) // if it exists, Exec fails
	fmt.Printf("--clicks '%s'\n--links '%s'\n\n", c.Address(name), postgres.Address(name))
	fmt.Printf("%-16s %-22s pid\n", "server", "address")
	for _, n := range c.Nodes {
		fmt.Printf("%-16s %-22s %d\n", n.Name, n.Addr, n.Pid())
	}
	fmt.Printf("%-16s %-22s %d\n%-16s %-22s %d\n\nfiles and logs are in %s\nCtrl-C stops all of them\n",
		c.ZooKeeper.Name, "", c.ZooKeeper.Pid(), postgres.Name, "", postgres.Pid(), *dir)
	<-stop
	return nil
}
