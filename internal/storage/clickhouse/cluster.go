package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/base/click"
)

// cluster is the servers, by shard.
type cluster struct {
	address *Address
	log     logger

	mu     sync.Mutex
	nodes  []*node   // in the order of the address
	shards []*shard  // by number; nil until each shard has a server that answered
	next   time.Time // when servers that were away are asked again
	err    error     // why some servers were away
	warned bool
}

// shard is the replicas that have the same rows.
type shard struct {
	mu       sync.Mutex
	replicas []*node // in the order of the address
	current  int     // the replica that is written to and read from
	switches uint64  // how often current changed
}

// Servers that were away are asked again after identifyEvery which replicas they are, or after
// retryEvery as long as a shard has no server that answers. They have identifyTimeout to answer.
const identifyEvery, retryEvery, identifyTimeout = 10 * time.Second, time.Second, 10 * time.Second

func newCluster(a *Address, log logger) *cluster {
	c := &cluster{address: a, log: log}
	for _, host := range a.Hosts {
		c.nodes = append(c.nodes, newNode(a, host))
	}
	return c
}

// connect returns the shards. It asks each server which shard and replica it is, until all have
// answered. It fails if a shard has no replica that answers.
func (c *cluster) connect(ctx context.Context) ([]*shard, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if (c.shards == nil || c.known() < len(c.nodes)) && !time.Now().Before(c.next) {
		c.err = c.identifyAll(ctx)
		c.next = time.Now().Add(identifyEvery)
		if c.err != nil && !c.warned && ctx.Err() == nil && c.log != nil {
			c.log.Warn("servers of ClickHouse are not used; the journal keeps what has not reached every replica: look at these servers", "error", c.err)
		}
		c.warned = c.err != nil
		switch {
		case ctx.Err() != nil:
			c.next = time.Time{} // this caller gave up, not the servers
		case c.shards == nil:
			c.next = time.Now().Add(retryEvery)
		}
	}
	if c.shards == nil {
		return nil, c.err
	}
	return c.shards, nil
}

// identifyAll asks the servers that were away.
func (c *cluster) identifyAll(ctx context.Context) error {
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
	for i, n := range c.nodes { // one after another: replicas make one table together
		if errs[i] != nil || n.known.Load() {
			continue
		}
		errs[i] = n.prepare(ctx)
		n.known.Store(errs[i] == nil)
		if c.shards != nil && errs[i] == nil && slices.Contains(c.shards[n.shard-1].replicas, n) {
			c.shards[n.shard-1].renew(n)
		}
	}
	err := errors.Join(errs...)
	first := slices.IndexFunc(c.nodes, func(n *node) bool { return n.known.Load() })
	if first < 0 {
		return err
	}
	shards := c.shards
	if shards == nil {
		shards = make([]*shard, c.nodes[first].shards)
		for i := range shards {
			shards[i] = &shard{}
		}
	}
	for _, n := range c.nodes {
		if !n.known.Load() {
			continue
		}
		if n.shard > len(shards) {
			return fmt.Errorf("ClickHouse at %s is shard %d of %s, and other servers have %d shards", n.base.Host, n.shard, c.address.Cluster, len(shards))
		}
		shards[n.shard-1].join(n, c.nodes)
	}
	for i, sh := range shards {
		if len(sh.replicas) == 0 {
			return errors.Join(fmt.Errorf("%w: no server of shard %d of the cluster %s answers", click.ErrUnavailable, i+1, c.address.Cluster), err)
		}
	}
	if c.shards == nil {
		if err := shards[0].fixShards(ctx, len(shards)); err != nil {
			return err
		}
	}
	c.shards = shards
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
	if n.insertSettings, err = n.settings(ctx, wanted); err != nil {
		return err
	}
	n.questionSettings, err = n.settings(ctx, asked)
	n.identified = err == nil
	return err
}

// ErrShards says that the number of shards is not that with which the tables were made. Scopes
// would be looked for on shards that do not have them.
var ErrShards = errors.New("the number of shards of ClickHouse has changed")

// fixShards writes the number of shards into a table of the first shard. It fails with ErrShards if
// another number is there.
func (s *shard) fixShards(ctx context.Context, shards int) error {
	return s.read(ctx, func(n *node) error {
		found := ""
		err := n.query(ctx, "SELECT value FROM meta FINAL WHERE name = 'shards'", func(a *answer) error {
			if a.rows > 0 {
				found = a.texts[0][0]
			}
			return nil
		})
		want := strconv.Itoa(shards)
		switch {
		case err != nil || found == want:
			return err
		case found != "":
			return fmt.Errorf("%w from %s to %d", ErrShards, found, shards)
		}
		rows := metaTable.block()
		rows.add("shards", uint64(1), want)
		return n.insert(ctx, metaTable.name, rows)
	})
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

// join adds a replica, unless it is there.
func (s *shard) join(n *node, order []*node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.replicas, n) {
		return
	}
	var current *node
	if len(s.replicas) > 0 {
		current = s.replicas[s.current]
	}
	s.replicas = append(s.replicas, n)
	slices.SortFunc(s.replicas, func(a, b *node) int { return slices.Index(order, a) - slices.Index(order, b) })
	s.current = max(slices.Index(s.replicas, current), 0)
}

// use returns the replica to write to and read from, and how often that has changed.
func (s *shard) use() (*node, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replicas[s.current], s.switches
}

// all returns the replicas. It fails if one of them has never answered, or is not in the
// address.
func (s *shard) all() ([]*node, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, want := len(s.replicas), s.replicas[0].replicas; have < want {
		return nil, fmt.Errorf("%w: %d of %d replicas of shard %d of ClickHouse have answered", click.ErrUnavailable, have, want, s.replicas[0].shard)
	}
	return slices.Clone(s.replicas), nil
}

// renew is called when a replica may have lost its rows. What the open epochs sent to it must
// be sent again.
func (s *shard) renew(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replicas[s.current] == n {
		s.switches++
	}
}

// leave makes the next replica the current one, because n failed.
func (s *shard) leave(n *node) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.replicas) > 1 && s.replicas[s.current] == n {
		s.current = (s.current + 1) % len(s.replicas)
		s.switches++
	}
}

// ask returns the whole answer to a question. It asks the other replicas if the current one does
// not answer.
func (s *shard) ask(ctx context.Context, statement string) (answers []*answer, err error) {
	err = s.read(ctx, func(n *node) error {
		answers = nil
		return n.query(ctx, statement, func(a *answer) error {
			answers = append(answers, a)
			return nil
		})
	})
	return answers, err
}

// read calls f with the current replica, and with the others if that does not answer.
func (s *shard) read(ctx context.Context, f func(*node) error) error {
	var errs []error
	for {
		n, _ := s.use()
		err := f(n)
		if err == nil || !isAway(err) || ctx.Err() != nil {
			return err
		}
		errs = append(errs, err)
		s.leave(n)
		if len(errs) >= s.known() {
			return errors.Join(errs...)
		}
	}
}

// writable reports whether the replica after n takes rows: n itself is read-only, because it has
// lost ZooKeeper.
func (s *shard) writable(ctx context.Context, n *node) bool {
	s.mu.Lock()
	next := s.replicas[(s.current+1)%len(s.replicas)]
	s.mu.Unlock()
	readOnly := uint64(1)
	err := next.query(ctx, "SELECT count() FROM system.replicas WHERE is_readonly AND database = '"+next.database+"'", func(a *answer) error {
		for i := range a.rows {
			readOnly = a.numbers[0][i]
		}
		return nil
	})
	return err == nil && next != n && readOnly == 0
}

func (s *shard) known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.replicas)
}

// awayError says that a server did not answer, so that another replica is asked.
type awayError struct{ err error }

func (e *awayError) Error() string { return e.err.Error() }
func (e *awayError) Unwrap() error { return e.err }

func isAway(err error) bool { return errors.As(err, new(*awayError)) }
