package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/footfall/footfall/internal/base/click"
)

// cluster is the servers, by shard.
type cluster struct {
	address *Address
	log     logger
	nodes   []*node                  // in the order of the address
	shards  atomic.Pointer[[]*shard] // by number; nil until each shard of the layouts has a server that answered
	layouts atomic.Pointer[layouts]  // set before shards
	write   int                      // the number of shards to write with; set before shards

	asking *semaphore.Weighted // of 1, held while servers are asked what they are; for what follows
	next   time.Time           // when servers that were away are asked again
	err    error               // why some servers were away
	warned bool
}

// Servers that were away are asked again after identifyEvery which replicas they are, or after
// retryEvery as long as a shard has no server that answers. They have identifyTimeout to answer.
const identifyEvery, retryEvery, identifyTimeout = 10 * time.Second, time.Second, 10 * time.Second

func newCluster(a *Address, log logger) *cluster {
	c := &cluster{address: a, log: log, asking: semaphore.NewWeighted(1)}
	for _, host := range a.Hosts {
		c.nodes = append(c.nodes, newNode(a, host))
	}
	return c
}

// connect returns the shards of the layouts. It fails if one has no replica that has answered.
func (c *cluster) connect(ctx context.Context) ([]*shard, error) {
	shards := c.shards.Load()
	if shards == nil {
		if err := c.identifyAll(ctx); err != nil && c.shards.Load() == nil {
			return nil, err
		}
		shards = c.shards.Load()
	}
	return (*shards)[:c.layouts.Load().most()], nil
}

// identifyAll asks each server which shard and replica it is, unless it has answered. It does so
// at most every identifyEvery, and fails meanwhile with the last error.
func (c *cluster) identifyAll(ctx context.Context) error {
	if err := c.asking.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.asking.Release(1)
	if c.shards.Load() != nil && c.known() == len(c.nodes) || time.Now().Before(c.next) {
		return c.err
	}
	c.err = c.askAll(ctx)
	c.next = time.Now().Add(identifyEvery)
	if c.err != nil && !c.warned && ctx.Err() == nil && c.log != nil {
		c.log.Warn("servers of ClickHouse are not used; the journal keeps what has not reached every replica: look at these servers", "error", c.err)
	}
	c.warned = c.err != nil
	switch {
	case ctx.Err() != nil:
		c.next = time.Time{} // this caller gave up, not the servers
	case c.shards.Load() == nil:
		c.next = time.Now().Add(retryEvery)
	}
	return c.err
}

// askAll asks the servers that were away.
func (c *cluster) askAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, identifyTimeout, errTimeout)
	defer cancel()
	errs := make([]error, len(c.nodes))
	var all sync.WaitGroup
	for i, n := range c.nodes {
		if !n.known.Load() {
			all.Go(func() { errs[i] = c.identify(ctx, n) })
		}
	}
	all.Wait()
	var ready []int
	for i, n := range c.nodes { // one after another: replicas make one table together
		if errs[i] != nil || n.known.Load() {
			continue
		}
		if shards := c.shards.Load(); shards != nil && n.shard <= len(*shards) {
			(*shards)[n.shard-1].renew(n) // before it answers again
		}
		if errs[i] = n.prepare(ctx); errs[i] == nil {
			ready = append(ready, i)
		}
	}
	for _, i := range ready { // a new table fetches rows that are older than itself some seconds later
		n := c.nodes[i]
		errs[i] = n.checkVersion(ctx)
		n.known.Store(errs[i] == nil)
		if shards := c.shards.Load(); shards != nil && errs[i] == nil && n.shard <= len(*shards) {
			(*shards)[n.shard-1].renew(n)
		}
	}
	err := errors.Join(errs...)
	first := slices.IndexFunc(c.nodes, func(n *node) bool { return n.known.Load() })
	if first < 0 {
		return err
	}
	var shards []*shard
	old := c.shards.Load()
	if old != nil {
		shards = slices.Clone(*old)
	}
	for _, n := range c.nodes {
		if !n.known.Load() {
			continue
		}
		for len(shards) < n.shards {
			shards = append(shards, &shard{})
		}
		shards[n.shard-1].join(n, c.nodes)
	}
	if shards[0].known() == 0 {
		return errors.Join(fmt.Errorf("%w: no server of shard 1 of the cluster %s answers", click.ErrUnavailable, c.address.Cluster), err)
	}
	if old == nil {
		for _, sh := range shards {
			sh.chooseFirst()
		}
		if e := c.chooseLayout(ctx, shards); e != nil {
			return errors.Join(e, err)
		}
	}
	c.shards.Store(&shards)
	return err
}

func (c *cluster) known() (known int) {
	for _, n := range c.nodes {
		if n.known.Load() {
			known++
		}
	}
	return known
}

// identify finds out which replica a server is.
func (c *cluster) identify(ctx context.Context, n *node) error {
	if n.identified { // requests read what it is, without a lock
		return nil
	}
	n.cluster, n.replicated, n.shard, n.shards, n.replicas = c.address.Cluster, c.address.Cluster != "", 1, 1, 1
	if n.replicated {
		if err := n.locate(ctx); err != nil {
			return err
		}
	}
	var err error
	if n.insertSettings, err = n.settings(ctx, insertSettings); err != nil {
		return err
	}
	n.questionSettings, err = n.settings(ctx, questionSettings)
	n.identified = err == nil
	return err
}

// locate finds out the shard of a server, and the name of its replica. The name is that of its
// macros: if several servers run on one host, ClickHouse 18 takes all of them for local.
func (n *node) locate(ctx context.Context) error {
	n.shard, n.replica = 0, ""
	replicas := map[int]int{}
	err := n.query(ctx, "SELECT shard_num, is_local FROM system.clusters WHERE cluster = '"+n.cluster+"'", func(a *answer) error {
		for i := range a.rows {
			shard := int(a.numbers[0][i])
			replicas[shard]++
			if a.numbers[1][i] == 1 {
				if n.shard != 0 && n.shard != shard {
					return fmt.Errorf("ClickHouse at %s is in several shards of the cluster %s: footfall needs servers that are in one", n.base.Host, n.cluster)
				}
				n.shard = shard
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n.shard == 0 {
		return fmt.Errorf("the configuration of ClickHouse at %s does not list this server in a cluster %s: add it to remote_servers", n.base.Host, n.cluster)
	}
	n.shards, n.replicas = len(replicas), replicas[n.shard]
	err = n.query(ctx, "SELECT substitution FROM system.macros WHERE macro = 'replica'", func(a *answer) error {
		for i := range a.rows {
			n.replica = a.texts[0][i]
		}
		return nil
	})
	if err == nil && n.replica == "" {
		err = fmt.Errorf("the configuration of ClickHouse at %s has no macro replica: add it to macros, with a name that no other server has", n.base.Host)
	}
	return err
}

// settings returns the wanted settings that the server has.
func (n *node) settings(ctx context.Context, wanted map[string]string) (url.Values, error) {
	names := make([]string, 0, len(wanted))
	for name := range wanted {
		names = append(names, "'"+name+"'")
	}
	found := url.Values{}
	err := n.query(ctx, "SELECT name FROM system.settings WHERE name IN ("+strings.Join(names, ", ")+")", func(a *answer) error {
		for i := range a.rows {
			found.Set(a.texts[0][i], wanted[a.texts[0][i]])
		}
		return nil
	})
	return found, err
}
