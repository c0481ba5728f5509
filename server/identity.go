package server

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// sameInstallation fails where the counts are not of these links and users.
// Ids would mean others then, and every answer would be wrong.
func (a *App) sameInstallation(ctx context.Context, dir string) error {
	id, err := installationOf(ctx, a.store)
	if err != nil {
		return err
	}
	counted, err := a.clicks.Installation(ctx, id)
	if err != nil {
		return fmt.Errorf("open counts: %w", err)
	}
	a.installation = hex.EncodeToString(id[:])
	if counted != id {
		return fmt.Errorf("%s holds the links and users of one installation and %s the counts of another, or footfall.db was removed: restore both from the same backup",
			filepath.Join(dir, databaseFile), filepath.Join(dir, clicksDir))
	}
	return a.sameTime(ctx, dir)
}

// sameTime fails where links and users are older than the counts: ids that were
// given out since would be given again, to others.
func (a *App) sameTime(ctx context.Context, dir string) error {
	user, link, err := a.db.LastIDs(ctx)
	if err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	countedUser, countedLink, err := a.clicks.Highest(ctx)
	if err != nil {
		return fmt.Errorf("open counts: %w", err)
	}
	if countedUser > user || countedLink > link {
		return fmt.Errorf("%s is older than %s, where clicks of links are counted that it does not know: restore both from the same backup",
			filepath.Join(dir, databaseFile), filepath.Join(dir, clicksDir))
	}
	return nil
}
