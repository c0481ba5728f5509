package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// unopened says what to do about a part that cannot be opened, where that is
// known; damaged is what to do where it is damaged.
func unopened(err error, damaged string) error {
	instead := ""
	switch {
	case errors.As(err, new(*ApartJournalError)):
		instead = apartJournal
	case errors.As(err, new(*store.CorruptError)), errors.Is(err, journal.ErrCorrupt):
		instead = damaged
	case errors.As(err, new(*OlderLinksError)):
		instead = olderLinks
	case errors.As(err, new(*MissingLinksError)):
		instead = missingLinks
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		instead = "make room, and start again"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		instead = "let the process open more files (LimitNOFILE, ulimit -n)"
	case errors.Is(err, syscall.EIO):
		instead = "the disk fails: see what the system's log says of it, and start again"
	case errors.Is(err, syscall.EROFS):
		instead = "the disk is read-only: see what the system's log says of it, mount it writable, and start again"
	case errors.Is(err, fs.ErrPermission):
		instead = fmt.Sprintf("give all that is in the data directory to user %d with chown -R", os.Geteuid())
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, instead)
}

const (
	apartJournal   = "put the right one back, or go on with this one by footfall rebuild --lossy"
	olderLinks     = "put the newer one back, which may be footfall.db.saved, with its -wal if that is there; or restore a whole backup; or go on with this one by footfall check --repair --give-up-links"
	missingLinks   = "put it back, with its -wal if that is there, or move footfall.db.saved there if there is one, or restore a whole backup"
	damagedLinks   = "restore a backup"
	damagedCounts  = "run footfall rebuild, which makes the counts anew from the journal"
	damagedJournal = "footfall check says what of it is counted, and footfall check --repair mends what can be mended"
)
