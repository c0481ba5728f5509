package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/sql"
)

// Engines are the addresses of engines that other servers use too. An empty one means
// that the data are in the data directory.
type Engines struct {
	Links string // of PostgreSQL: links and users
}

// ErrAddress: the address of an engine is not valid.
var ErrAddress = errors.New("not the address of an engine")

// The names of the engines in messages, metrics and the file engines of a directory.
const engineOfLinks = "postgresql"

// Check fails with ErrAddress if an address cannot be one of its engine.
func (e Engines) Check() error {
	if e.Links != "" && !sql.IsPostgres(e.Links) {
		return fmt.Errorf("%w of links and users: it must begin with postgres://", ErrAddress)
	}
	return nil
}

// Use makes a data directory use the engines.
func (e Engines) Use(o *datadir.Options) {
	if e.Links != "" {
		o.Links = &datadir.SharedLinks{Engine: engineOfLinks, Open: func(ctx context.Context) (datadir.SharedLinksStore, error) {
			if err := e.Check(); err != nil {
				return nil, err
			}
			return sql.OpenPostgres(ctx, sql.PostgresOptions{Address: e.Links, Log: o.Log, Upgrading: func(from, to int) {
				o.Log.Info("the tables of links and users are of an older version and are upgraded now; an older footfall cannot use them afterwards", "schema", from, "to", to)
			}})
		}}
	}
}
