package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/rollup"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
	"github.com/footfall/footfall/store/sql"
)

// journaled is how many clicks were counted of each journal, those included
// that were deleted since.
type journaled map[store.SourceID]uint64

func journaledOf(ctx context.Context, counts store.Reader) (journaled, error) {
	sources, err := counts.Sources(ctx)
	if err != nil {
		return nil, err
	}
	sums := journaled{}
	for _, s := range sources {
		epochs, err := counts.Epochs(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, ledger := range epochs {
			for i, l := range rollup.Lines {
				if !l.PerLink && (l.Facet == rollup.All || l.Facet == rollup.Bot) {
					sums[s] += ledger[i].Clicks
				}
			}
		}
	}
	return sums, nil
}

// lost is how many clicks of one are not in the other.
func (j journaled) lost(in journaled) (clicks uint64) {
	for s, n := range j {
		clicks += n - min(n, in[s])
	}
	return clicks
}

// held is what is counted in a directory now; nil where that cannot be read.
func held(ctx context.Context, o Options) (sums journaled, err error) {
	clicks, err := pebble.Open(pebble.Options{Dir: filepath.Join(o.Dir, clicksDir), Logger: o.Log})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, clicks.Close()) }()
	return journaledOf(ctx, clicks)
}

// installationOf is the id of an installation, which follows from its secret
// and says nothing of it.
func installationOf(ctx context.Context, users store.Users) (id [16]byte, err error) {
	var offer [32]byte
	if _, err := rand.Read(offer[:]); err != nil {
		return id, fmt.Errorf("draw a secret: %w", err)
	}
	secret, err := users.Secret(ctx, offer)
	if err != nil {
		return id, fmt.Errorf("open links and users: %w", err)
	}
	sum := sha256.Sum256(append([]byte("footfall installation"), secret[:]...))
	return [16]byte(sum[:16]), nil
}

// installationIn is the id of the installation in a directory.
func installationIn(ctx context.Context, o Options) (id [16]byte, err error) {
	db, err := sql.Open(ctx, filepath.Join(o.Dir, databaseFile))
	if err != nil {
		return id, unopened(err, damagedLinks)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return installationOf(ctx, db)
}
