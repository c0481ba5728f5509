package backup

import (
	"errors"
	"fmt"
)

var (
	// ErrDamaged: a file of the backup is missing or not as it was.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrWrite: the process may not write to the directory of backups.
	ErrWrite = errors.New("write backup")
)

// PlaceError says that users other than the one who makes backups could put files
// into their directory.
type PlaceError struct {
	Dir         string
	Owner, User uint32 // of the directory, and of the process that makes backups
}

func (e *PlaceError) Error() string {
	if e.Others() {
		return fmt.Sprintf("%s belongs to user %d, who could replace what user %d writes there", e.Dir, e.Owner, e.User)
	}
	return fmt.Sprintf("%s can be written by every user, who could put files among the backups", e.Dir)
}

// Others reports whether the directory belongs to another user; otherwise every user
// can write to it.
func (e *PlaceError) Others() bool { return e.Owner != e.User && e.Owner != 0 }
