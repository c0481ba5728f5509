package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// clusterMove imports clicks into a data directory, moves it into an empty cluster, and moves the
// cluster back into another directory. It prints the time and the peak of the memory of each. The moves
// compare all checksums themselves, and fail if one differs.
func clusterMove(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cluster move", flag.ContinueOnError)
	var size largeSize
	flags.IntVar(&size.users, "users", 1000, "users")
	flags.IntVar(&size.links, "links", 100_000, "links")
	flags.IntVar(&size.clicks, "clicks", 2_000_000, "clicks to move")
	flags.IntVar(&size.together, "together", clicksPerLine, "clicks on one link in one quarter-hour, 2 or more; fewer of them make more cells")
	dir := flags.String("dir", "", dirUsage)
	if err := flags.Parse(args); err != nil {
		return err
	}
	size.together = max(size.together, 2)
	return withInstallation(ctx, *dir, 0, func(all *installation) (err error) {
		l := &largeRun{dir: all.dir, data: filepath.Join(all.dir, "embedded"), size: size, rng: rand.New(rand.NewPCG(1, 1))}
		if l.program, err = harness.Build(all.dir); err != nil {
			return err
		}
		fmt.Println()
		if err := l.fill(); err != nil {
			return err
		}
		for _, move := range []struct{ what, data string }{{"to-cluster", l.data}, {"from-cluster", filepath.Join(all.dir, "back")}} {
			began := time.Now()
			if err := l.run("move "+move.what, nil, "move", move.what, "--data", move.data, "--clicks", all.clicks, "--links", all.links); err != nil {
				return err
			}
			took := time.Since(began).Seconds()
			fmt.Printf("%-28s %8.0f\n", "  clicks/s", float64(size.clicks)/took)
			r, err := rowsIn(all.clickhouse, databaseName, "cells")
			if err != nil {
				return err
			}
			fmt.Printf("%-28s %8.0f of %.0f\n", "  cells/s", r.rows/took, r.rows)
		}
		return nil
	})
}
