package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/sql"
)

// Engines are the addresses of engines that other servers use too. If an address is
// empty, the data is in the data directory.
type Engines struct {
	Clicks string // of ClickHouse: the counts
	Links  string // of PostgreSQL: links and users
}

// The names of the engines in messages, metrics and the file engines of a directory.
const (
	engineOfClicks = "clickhouse"
	engineOfLinks  = "postgresql"
)

// Check fails if an address is not one of its engine.
func (e Engines) Check() error {
	if e.Links != "" && !sql.IsPostgres(e.Links) {
		return errors.New("the address of links and users must begin with postgres://")
	}
	if e.Clicks == "" {
		return nil
	}
	_, err := clickhouse.ParseAddress(e.Clicks)
	if err != nil {
		return fmt.Errorf("the address of the counts is %w", err)
	}
	return nil
}

// Use makes a data directory use the engines. Open of the directory fails if Check does.
func (e Engines) Use(o *datadir.Options) {
	var links *sql.Postgres
	if e.Links != "" {
		o.Links = &datadir.SharedLinks{Engine: engineOfLinks, Open: func(ctx context.Context) (_ datadir.SharedLinksStore, err error) {
			if err := e.Check(); err != nil {
				return nil, err
			}
			links, err = sql.OpenPostgres(ctx, sql.PostgresOptions{Address: e.Links, Log: o.Log, Upgrading: func(from, to int) {
				o.Log.Info("the tables of links and users are of an older version and are upgraded now; an older footfall cannot use them afterwards", "schema", from, "to", to)
			}})
			return links, err
		}}
	}
	if e.Clicks != "" {
		o.Clicks = &datadir.SharedCounts{Engine: engineOfClicks, Open: func(ctx context.Context, server string) (datadir.SharedCountsStore, error) {
			if err := e.Check(); err != nil {
				return nil, err
			}
			address, err := clickhouse.ParseAddress(e.Clicks)
			if err != nil {
				return nil, err
			}
			counts := clickhouse.Options{Address: address, Server: server, Logger: o.Log}
			if links != nil { // otherwise one server alone has the counts
				counts.Lock = func(ctx context.Context) (held context.Context, release func(), err error) {
					return links.Lock(ctx, "deletions of counts")
				}
			}
			return clickhouse.Open(ctx, counts)
		}}
	}
}
