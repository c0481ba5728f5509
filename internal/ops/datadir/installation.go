package datadir

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/internal/storage/store"
)

// checkInstallation fails if the counts belong to other links and users. The ids in
// them would then name the wrong links and users.
func (d *Dir) checkInstallation(ctx context.Context, dir string) error {
	id, err := installationOf(ctx, d.DB)
	if err != nil {
		return err
	}
	counted, err := d.Counts.Installation(ctx, id)
	if err != nil {
		return fmt.Errorf("open counts: %w", err)
	}
	d.installation = hex.EncodeToString(id[:])
	if counted != id {
		return fmt.Errorf("%s holds the links and users of one installation and %s the counts of another: %w",
			filepath.Join(dir, databaseFile), filepath.Join(dir, clicksDir), ErrMixed)
	}
	return nil
}

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
