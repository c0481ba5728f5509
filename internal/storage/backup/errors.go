package backup

import (
	"errors"
	"fmt"
)

var (
	// ErrDamaged says that a backup is not as it was made.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrWrite says that the process may not write the backup where it was asked to.
	ErrWrite = errors.New("write backup")
)

// PlaceError says that users other than the one who makes backups could put files
// into their directory.
type PlaceError struct {
	Dir         string
	Owner, User uint32 // whose it is, and who makes backups
}

func (e *PlaceError) Error() string {
	if e.Others() {
		return fmt.Sprintf("backup: %s belongs to user %d, who could exchange what user %d writes there", e.Dir, e.Owner, e.User)
	}
	return fmt.Sprintf("backup: %s may be written to by everybody, who could put files of theirs among the backups", e.Dir)
}

// Others says that the directory belongs to another user; otherwise everybody may
// write in it.
func (e *PlaceError) Others() bool { return e.Owner != e.User && e.Owner != 0 }
