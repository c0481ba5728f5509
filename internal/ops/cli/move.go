package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/ops/datadir"
)

type moveCmd struct {
	ToCluster   moveToCluster   `cmd:"" help:"Move all data of a data directory into an empty cluster. The directory is then that of a server of the cluster. Stop the server first."`
	FromCluster moveFromCluster `cmd:"" help:"Copy all data of a cluster into a new data directory, which needs no cluster. Stop all servers first."`
	Cancel      moveCancel      `cmd:"" help:"Use a data directory again whose move into a cluster was interrupted. To continue such a move, run move to-cluster again instead."`
}

type moveToCluster struct {
	dataDir
	clusterURLs
}

func (c *moveToCluster) Run(e *env) error {
	m, err := moveData(e, c.dataDir, c.clusterURLs, datadir.MoveToCluster)
	if err != nil {
		return err
	}
	return e.print(fmt.Sprintf("%s is now the directory of a server of the cluster: start footfall serve with --clicks and --links. The old data are kept in %s; remove them when you no longer need them",
		plain.Text(c.options(e).Path), plain.Text(m.Kept)), nil)
}

type moveFromCluster struct {
	dataDir
	clusterURLs
}

func (c *moveFromCluster) Run(e *env) error {
	if _, err := moveData(e, c.dataDir, c.clusterURLs, datadir.MoveFromCluster); err != nil {
		return err
	}
	return e.print(fmt.Sprintf("%s has all data: start footfall serve without --clicks and --links. The cluster is unchanged; do not start its servers again",
		plain.Text(c.options(e).Path)), nil)
}

// moveData moves data, and prints the numbers before and after.
func moveData(e *env, d dataDir, cluster clusterURLs, move func(context.Context, datadir.Options, func(string)) (datadir.Moved, error)) (m datadir.Moved, err error) {
	engines, err := cluster.engines()
	if err != nil {
		return m, err
	}
	o := d.options(e)
	engines.Use(&o)
	failed := e.withProgress(func(e *env) (err error) {
		m, err = move(e.ctx, o, func(finding string) { fmt.Fprintln(e.stdout, finding) })
		return err
	})
	if len(m.Rows) > 0 {
		t := newTable(e.stdout, "", ">BEFORE", ">AFTER", "")
		for _, r := range m.Rows {
			verdict := "the same"
			if !r.Same {
				verdict = "DIFFERENT"
			}
			t.row(r.What, strconv.FormatUint(r.Before, 10), strconv.FormatUint(r.After, 10), verdict)
		}
		if err := t.flush(); err != nil && failed == nil {
			failed = err
		}
	}
	return m, failed
}

type moveCancel struct{ dataDir }

func (c *moveCancel) Run(e *env) error {
	dir := c.options(e).Path
	if err := datadir.CancelMove(dir); err != nil {
		return err
	}
	return e.print(fmt.Sprintf("%s has its data itself, as before. The databases of the cluster may have a part of them: make new ones before you move again", plain.Text(dir)), nil)
}
