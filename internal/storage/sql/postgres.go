package sql

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/footfall/footfall/internal/base/click"
)

// PostgresOptions say which database to open.
type PostgresOptions struct {
	// Address is postgres://USER:PASSWORD@HOST:PORT/DATABASE, with options as libpq has
	// them (sslmode, sslrootcert, target_session_attrs, search_path). Several hosts may be
	// given, separated by commas: the first one that takes writes is used. The option
	// password-file names a file with the password, which is read for each connection.
	// Without a password, PGPASSWORD and ~/.pgpass are used.
	Address string
	// Upgrading is called before an older schema is upgraded, as in OpenReportingUpgrade.
	// It may be nil.
	Upgrading func(from, to int)
	Log       *slog.Logger
}

// Postgres is a DB in PostgreSQL, version 15 or newer. Many processes may have it open at
// once. They use its notices of changes, and its locks.
type Postgres struct {
	*DB
	config       *pgx.ConnConfig
	passwordFile string // may be empty
	locks        *sql.DB
	log          *slog.Logger
}

// IsPostgres reports whether an address is one of PostgreSQL.
func IsPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

const (
	// connectTimeout bounds how long it takes to connect to one host, unless the address
	// has connect_timeout.
	connectTimeout = 5 * time.Second
	// idleTime is how long an unused connection is kept.
	idleTime = time.Minute
	// silence is how long the other end may be silent while an answer is expected or a
	// connection is idle, until it is taken for dead.
	silence = 20 * time.Second
	// oldestPostgres is the oldest version that footfall uses, as in server_version_num.
	oldestPostgres = 150_000
)

// OpenPostgres opens a database, makes its tables if they are missing, and upgrades an
// older schema; many processes may do so at once. A newer schema is store.ErrVersion. A
// server that is away is click.ErrUnavailable.
func OpenPostgres(ctx context.Context, o PostgresOptions) (_ *Postgres, err error) {
	config, passwordFile, err := parseAddress(o.Address)
	if err != nil {
		return nil, fmt.Errorf("store/sql: %w", err)
	}
	if err := readPassword(config.Copy(), passwordFile); err != nil {
		return nil, fmt.Errorf("store/sql: %w", err)
	}
	where := fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port)
	db := &Postgres{DB: &DB{engine: &postgresEngine, origin: rand.Text()}, config: config, passwordFile: passwordFile, log: o.Log}
	defer func() {
		if err != nil {
			if err = errors.Join(err, db.Close()); !refusedLogin(err) {
				err = engineError(err)
			}
			err = fmt.Errorf("store/sql: open %s: %w", where, err)
		}
	}()
	before := stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) error { return readPassword(c, passwordFile) })
	open := func() (*sql.DB, error) {
		pool := stdlib.OpenDB(*config, before)
		pool.SetConnMaxIdleTime(idleTime)
		return pool, nil
	}
	if db.locks, err = open(); err != nil {
		return nil, err
	}
	if db.writer, err = open(); err != nil {
		return nil, err
	}
	db.writer.SetMaxOpenConns(1)
	if err := db.checkServer(ctx); err != nil {
		return nil, err
	}
	if err := db.migrate(ctx, o.Upgrading); err != nil {
		return nil, err
	}
	return db, db.openPools(ctx, func(int) (*sql.DB, error) { return open() })
}

// Close waits for calls in progress, and gives up all locks.
func (db *Postgres) Close() error {
	err := db.DB.Close()
	if db.locks != nil {
		err = errors.Join(err, db.locks.Close())
	}
	return err
}

// parseAddress returns how to connect, and the file that has the password, if any.
func parseAddress(address string) (config *pgx.ConnConfig, passwordFile string, err error) {
	// A URL that is not valid is reported by ParseConfig, which leaves the password out.
	if u, bad := url.Parse(address); bad == nil {
		q := u.Query()
		passwordFile = q.Get("password-file")
		q.Del("password-file")
		u.RawQuery = q.Encode()
		address = u.String()
	}
	if config, err = pgx.ParseConfig(address); err != nil {
		return nil, "", err
	}
	config.ConnectTimeout = cmp.Or(config.ConnectTimeout, connectTimeout)
	config.DialFunc = dialer(config.ConnectTimeout).DialContext
	if config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	for name, value := range map[string]string{
		"application_name": "footfall",
		// Each statement of a transaction sees what other transactions committed before
		// it: write needs that.
		"default_transaction_isolation": "read committed",
		// A process that stops in the middle of a transaction, or vanishes with its host,
		// must not block the transactions of others for ever.
		"idle_in_transaction_session_timeout": "15s",
		"tcp_keepalives_idle":                 "10s",
		"tcp_keepalives_interval":             "5s",
		"tcp_keepalives_count":                "2",
	} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	return config, passwordFile, nil
}

// dialer makes connections that fail when the other host has vanished.
func dialer(timeout time.Duration) *net.Dialer {
	return &net.Dialer{
		Timeout:         timeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silence / 2, Interval: silence / 4, Count: 2},
		Control:         boundUnanswered,
	}
}

func readPassword(c *pgx.ConnConfig, file string) error {
	if file == "" {
		return nil
	}
	password, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("password of PostgreSQL: %w", err)
	}
	c.Password = string(bytes.TrimRight(password, "\r\n"))
	return nil
}

// checkServer refuses what footfall cannot use.
func (db *Postgres) checkServer(ctx context.Context) error {
	var version int
	var name, encoding string
	err := db.writer.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'),
		current_setting('server_encoding')`).Scan(&version, &name, &encoding)
	switch {
	case err != nil:
		return err
	case version < oldestPostgres:
		return fmt.Errorf("PostgreSQL %s is too old: footfall needs version %d or newer", name, oldestPostgres/10_000)
	case encoding != "UTF8":
		return fmt.Errorf("the encoding of the database is %s: footfall needs UTF8", encoding)
	}
	return nil
}

// migrate upgrades the schema while no other process does.
func (db *Postgres) migrate(ctx context.Context, upgrading func(from, to int)) error {
	_, release, err := db.Lock(ctx, "migrations")
	if err != nil {
		return err
	}
	defer release()
	if upgrading == nil {
		upgrading = func(int, int) {}
	}
	return migrate(ctx, db.writer, db.engine, upgrading)
}

// Verify reads everything, and calls report with a sentence for each finding: long URLs
// that do not match their digests, keywords that do not match their folded names, copies
// that differ. It repairs nothing. Pages and references are PostgreSQL's own.
func (db *Postgres) Verify(ctx context.Context, report func(string)) error {
	return db.verify(ctx, report, db.verifyLongURLs, db.verifyKeywords, db.verifyCopies, db.verifyIDs)
}

// isConflict reports whether a transaction failed because of another one.
func isConflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// refusedLogin reports whether PostgreSQL refuses the user, or does not have the
// database. At a start that is an error. Later it counts as unavailable, as everything
// else that keeps a server from connecting.
func refusedLogin(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "28") || e.Code == "3D000")
}

// postgresError marks errors that may go away as click.ErrUnavailable, and errors of a
// unique index as click.ErrExists.
func postgresError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, click.ErrUnavailable) {
		return err
	}
	var e *pgconn.PgError
	var connecting *pgconn.ConnectError
	var network net.Error
	switch {
	case errors.As(err, &connecting), errors.As(err, &network), pgconn.SafeToRetry(err), errors.Is(err, driver.ErrBadConn),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	case !errors.As(err, &e):
		return err
	case e.Code == "23505" || e.Code == "23P01": // another program has not taken the lock of last_ids
		return fmt.Errorf("%w: %w", click.ErrExists, err)
	case e.Code == "53100":
		return fmt.Errorf("%w: %w: %w", click.ErrUnavailable, err, syscall.ENOSPC)
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", "40", "53", "55", "57", "58": // connections, rollbacks, resources, locks, operators, the system
		return fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	case "25": // the transaction took too long, or the server takes no writes
		return fmt.Errorf("%w: %w", click.ErrUnavailable, err)
	}
	return err
}
