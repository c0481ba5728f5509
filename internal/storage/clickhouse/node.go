package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
)

const (
	// requestTimeout is the longest time of a request. A frozen server accepts connections
	// and never answers.
	requestTimeout = 30 * time.Second
	dialTimeout    = 3 * time.Second
	// A server that has not answered a request for pingAfter is pinged, and must answer one of two
	// pings in pingTimeout. So a frozen server is found long before requestTimeout.
	pingAfter, pingTimeout = 2 * time.Second, 2 * time.Second
	// idleTimeout is less than the 10 s after which ClickHouse 18 closes idle connections.
	idleTimeout = 8 * time.Second
	// maxErrorText is how much of the answer to a failed request is read.
	maxErrorText = 4 << 10
)

// node is a client of one server of ClickHouse, over HTTP.
type node struct {
	base     url.URL // without database, user and password
	database string
	user     string
	secret   func() (string, error)
	client   *http.Client
	timeout  time.Duration
	// Tests shorten these.
	pingAfter, pingTimeout time.Duration
	// Settings of inserts and questions, as far as the server knows them.
	insertSettings, questionSettings url.Values

	// What the server says that it is.
	identified              bool
	cluster, replica        string
	replicated              bool
	shard, shards, replicas int // its number; how many there are; how many replicas the shard has
	known                   atomic.Bool
	// lacks is set while the server may lack rows that other replicas have: it was away, or its
	// tables were made again.
	lacks lacking
	mark  atomic.Pointer[[16]byte] // see leaveMark; nil at first
	// syncsAll is set if the server does not know SYNC REPLICA LIGHTWEIGHT.
	syncsAll atomic.Bool
}

func newNode(a *Address, host string) *node {
	scheme := "http"
	if a.TLS {
		scheme = "https"
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConnsPerHost: 16,
		TLSHandshakeTimeout: dialTimeout,
		TLSClientConfig:     &tls.Config{RootCAs: a.roots, MinVersion: tls.VersionTLS12},
		DisableCompression:  true,
	}
	return &node{
		base: url.URL{Scheme: scheme, Host: host, Path: "/"}, database: a.Database, user: a.User, secret: a.Secret,
		client: &http.Client{Transport: transport, CheckRedirect: noRedirect}, timeout: requestTimeout, pingAfter: pingAfter, pingTimeout: pingTimeout,
	}
}

// noRedirect keeps the password from other hosts.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Error is an error in an answer of ClickHouse.
type Error struct {
	Host string
	Code int // of ClickHouse; 0 if the answer has none
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("ClickHouse at %s: %s", e.Host, e.Text) }

// Unwrap returns click.ErrUnavailable if the same request may succeed later.
func (e *Error) Unwrap() error {
	if temporary[e.Code] {
		return click.ErrUnavailable
	}
	return nil
}

// temporary has the codes of errors that may end without a change of footfall or of a
// configuration: ClickHouse is overloaded or starts, or its replicas or ZooKeeper are away.
var temporary = map[int]bool{
	0: true, 3: true, 32: true, 33: true, unknownTable: true, 95: true, 96: true, 159: true, 160: true, 164: true, 173: true, 201: true, 202: true, 203: true, 209: true, 210: true, 225: true, 236: true,
	241: true, readOnly: true, 243: true, 252: true, 253: true, 254: true, 265: true, 279: true, 285: true, 286: true, 319: true, 394: true, 439: true,
	473: true, 999: true,
}

// Codes of errors after which more is done than to return them.
const unknownTable, syntaxError, unknownDatabase, readOnly = 60, 62, 81, 242

// readOnlyCodes are errors of a server that has lost ZooKeeper.
var readOnlyCodes = []int{readOnly, 225, 319, 999}

// code finds the code of an error in an answer: "Code: 242, e.displayText() = …" of version 18,
// and "Code: 242. DB::Exception: …" of later ones.
var code = regexp.MustCompile(`^Code: ([0-9]+)[.,] `)

// trailingCode finds an error after the rows of an answer.
var trailingCode = regexp.MustCompile(`Code: ([0-9]+)[.,] [^\n]*$`)

// send sends a statement; for an insert, body has the rows.
func (n *node) send(ctx context.Context, statement string, settings url.Values, body []byte) (io.ReadCloser, error) {
	u := n.base
	q := url.Values{"database": {n.database}}
	for name, values := range settings {
		q[name] = values
	}
	var content io.Reader = strings.NewReader(statement)
	if body != nil {
		q.Set("query", statement)
		content = bytes.NewReader(body)
	}
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), content)
	if err != nil {
		return nil, err
	}
	secret, err := n.secret()
	if err != nil {
		return nil, err
	}
	r.Header.Set("X-ClickHouse-User", n.user)
	r.Header.Set("X-ClickHouse-Key", secret)
	answer, err := n.client.Do(r)
	if err != nil {
		return nil, n.unreachable(ctx, err)
	}
	if answer.StatusCode == http.StatusOK && answer.Header.Get("X-ClickHouse-Exception-Code") == "" {
		return answer.Body, nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorText))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, n.unreachable(ctx, err)
	}
	return nil, n.refused(answer.StatusCode, text)
}

// refused returns the error of an answer.
func (n *node) refused(status int, text []byte) error {
	e := &Error{Host: n.base.Host, Text: strings.TrimSpace(string(text))}
	if e.Text == "" {
		e.Text = "status " + strconv.Itoa(status)
	}
	if found := code.FindSubmatch(text); found != nil {
		e.Code, _ = strconv.Atoi(string(found[1]))
	} else if found := trailingCode.FindSubmatch(text); found != nil {
		e.Code, _ = strconv.Atoi(string(found[1]))
	}
	if e.Code == unknownTable || e.Code == unknownDatabase && n.identified { // its disk was replaced: askAll makes the tables again
		n.known.Store(false)
		n.lacks.set(false)
		return &awayError{e}
	}
	return e
}

// unreachable returns the error of a request whose connection failed. ClickHouse may have
// carried out the request.
func (n *node) unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && cause != errTimeout && cause != errFrozen {
		return cause
	} else if cause == errTimeout { // it answers pings, so another one would not be faster
		return fmt.Errorf("%w: ClickHouse at %s: %w", click.ErrUnavailable, n.base.Host, cause)
	} else if cause != nil {
		err = cause
	}
	var failed *url.Error
	if errors.As(err, &failed) { // without the URL
		err = failed.Err
	}
	return &awayError{fmt.Errorf("%w: ClickHouse at %s: %w", click.ErrUnavailable, n.base.Host, err)}
}

// Causes of a context that ended: requestTimeout has passed, or the server does not answer pings.
var errTimeout, errFrozen = errors.New("no answer in time"), errors.New("it accepts connections but does not answer")

// bounded returns a context for a request. It ends when the server does not answer pings, and
// after a timeout, unless that is 0.
func (n *node) bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	stop := context.CancelFunc(func() {})
	if timeout > 0 {
		ctx, stop = context.WithTimeoutCause(ctx, timeout, errTimeout)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(n.pingAfter, func() {
		for ctx.Err() == nil {
			if !n.ping(ctx) && ctx.Err() == nil && !n.ping(ctx) {
				cancel(errFrozen)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(n.pingAfter):
			}
		}
	})
	return ctx, func() {
		watch.Stop()
		cancel(nil)
		stop()
	}
}

// ping reports whether the server answers.
func (n *node) ping(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, n.pingTimeout)
	defer cancel()
	u := n.base
	u.Path = "/ping"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	answer, err := n.client.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return true
}

// exec runs a statement that has no rows.
func (n *node) exec(ctx context.Context, statement string) error {
	return n.run(ctx, statement, nil, nil, n.timeout)
}

// insert inserts the rows of a block, all or nothing of each partition. If it fails, the rows
// may be there or not.
func (n *node) insert(ctx context.Context, table string, rows *block) error {
	if rows.rows == 0 {
		return nil
	}
	return n.run(ctx, "INSERT INTO "+table+" ("+rows.names()+") FORMAT Native", n.insertSettings, rows.encode(), n.timeout)
}

// run sends a statement whose answer has no rows. The timeout is that of bounded.
func (n *node) run(ctx context.Context, statement string, settings url.Values, body []byte, timeout time.Duration) error {
	ctx, cancel := n.bounded(ctx, timeout)
	defer cancel()
	answer, err := n.send(ctx, statement, settings, body)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(answer, maxErrorText))
	if err = errors.Join(err, answer.Close()); err != nil {
		return n.unreachable(ctx, err)
	}
	if code.Match(text) {
		return n.refused(http.StatusOK, text)
	}
	return nil
}

// syncReplica waits until the server has fetched everything that was inserted into tables before.
// That may take as long as ctx, while the server answers pings.
func (n *node) syncReplica(ctx context.Context, tables ...*table) error {
	if !n.replicated {
		return nil
	}
	for _, t := range tables {
		statement := "SYSTEM SYNC REPLICA " + n.database + "." + t.name
		var refused *Error
		err := error(nil)
		if !n.syncsAll.Load() {
			// Otherwise merges are waited for too.
			err = n.run(ctx, statement+" LIGHTWEIGHT", nil, nil, 0)
			n.syncsAll.Store(errors.As(err, &refused) && refused.Code == syntaxError) // older than 23.4
		}
		if n.syncsAll.Load() {
			err = n.run(ctx, statement, nil, nil, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// query calls f with each block of an answer.
func (n *node) query(ctx context.Context, statement string, f func(*answer) error) error {
	return n.ask(ctx, statement, n.timeout, f)
}

// ask is query with the timeout of bounded. ClickHouse sends nothing before the answer is complete:
// otherwise an error in the middle would come with status 200, and its text among the rows.
func (n *node) ask(ctx context.Context, statement string, timeout time.Duration, f func(*answer) error) error {
	settings := url.Values{"wait_end_of_query": {"1"}}
	maps.Copy(settings, n.questionSettings)
	ctx, cancel := n.bounded(ctx, timeout)
	defer cancel()
	body, err := n.send(ctx, statement+" FORMAT Native", settings, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	r := bufio.NewReaderSize(body, 64<<10)
	for {
		if text, _ := r.Peek(256); code.Match(text) { // the error of an answer that had begun
			return n.refused(http.StatusOK, text)
		}
		a, err := readAnswer(r)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return n.unreachable(ctx, err)
		}
		if err := f(a); err != nil {
			return err
		}
	}
}
