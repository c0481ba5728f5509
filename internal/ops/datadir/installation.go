package datadir

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/footfall/footfall/internal/storage/store"
)

// checkInstallation fails if the counts belong to other links and users. The ids in
// them would then name the wrong links and users.
func (d *Dir) checkInstallation(ctx context.Context) error {
	return checkCounts(ctx, d.path, &d.engines, d.Counts, d.installation)
}

// checkCounts is checkInstallation of the counts of a directory.
func checkCounts(ctx context.Context, dir string, engines *enginesRecord, counts store.Identity, installation [16]byte) error {
	counted, err := counts.Installation(ctx, installation)
	if err != nil {
		return fmt.Errorf("open counts: %w", err)
	}
	if counted != installation {
		return fmt.Errorf("%s holds the links and users of one installation and %s the counts of another: %w",
			placeOf(engines.Links, dir, databaseFile), placeOf(engines.Counts, dir, clicksDir), ErrMixed)
	}
	return nil
}

// checkShared checks shared counts that were away when the directory was opened: it
// does what Open would have done.
func (d *Dir) checkShared(ctx context.Context) error {
	if err := d.checkInstallation(ctx); err != nil {
		return err
	}
	d.progress.countsUnknown.Store(false)
	err := d.progress.checkLinks(ctx, d.DB, d.Counts, nil)
	if err != nil {
		d.progress.countsUnknown.Store(true)
	}
	return err
}

// publicName returns the id of the installation in hexadecimal. It is not secret.
func (d *Dir) publicName() string { return hex.EncodeToString(d.installation[:]) }

// installationOf returns the id of an installation. It is derived from the secret, which
// cannot be derived from it.
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
