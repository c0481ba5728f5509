package backup

import (
	"errors"
	"fmt"
)

// The errors of backups.
var (
	// ErrNone: the directory has no complete backup.
	ErrNone = errors.New("there is no complete backup")
	// ErrDamaged: a file of the backup is missing or not as it was.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrUnlisted: the backup has something that its manifest does not list, or
	// that is not a regular file.
	ErrUnlisted = errors.New("the backup was changed")
	// ErrVersion: a newer version of footfall made the backup.
	ErrVersion = errors.New("the backup is of a newer version of footfall")
	// ErrWrite: the process may not write to the directory of backups.
	ErrWrite = errors.New("write backup")
	// ErrMixed: a directory of backups has other files, or backups of another
	// installation.
	ErrMixed = errors.New("the directory is used for something else")
	// ErrNotEmpty: a directory to restore to has files.
	ErrNotEmpty = errors.New("the directory is not empty")
	// ErrUnfinished: a restore into the directory was not finished.
	ErrUnfinished = errors.New("a restore was not finished")
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
