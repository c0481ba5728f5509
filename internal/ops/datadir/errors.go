package datadir

import (
	"errors"
	"fmt"
)

var (
	// ErrOwned says that another process has the data directory open.
	ErrOwned = errors.New("another footfall process owns the data directory")
	// ErrNoData says that nothing has been kept in the directory yet.
	ErrNoData = errors.New("there is no footfall data")
	// ErrForeign says that a directory holds something that is not footfall's.
	ErrForeign = errors.New("not footfall's")
	// ErrFile says that a file lies where a directory is asked for.
	ErrFile = errors.New("is a file")
	// ErrUntrusted says that somebody may have put there what lies in a directory, to
	// get hold of passwords and tokens. See UntrustedError.
	ErrUntrusted = errors.New("footfall does not open or trust it")
	// ErrMoved says that another directory, or none, lies where the data directory was.
	ErrMoved = errors.New("was moved away, removed or replaced while it was served. Every click that was acknowledged is in its journal; the program ends, so that it writes nothing into another directory")
	// ErrOldCounts says that the counts end before the journal begins.
	ErrOldCounts = errors.New("the counts are too old for the journal")
	// ErrUnknownJournal says that nothing in a journal that can be read tells which it is.
	ErrUnknownJournal = errors.New("nothing that can be read tells which journal this is")
)

// OpenError says that the file system refused the directory.
type OpenError struct{ Err error }

func (e *OpenError) Error() string { return "open data directory: " + e.Err.Error() }
func (e *OpenError) Unwrap() error { return e.Err }

// Part is a part of a data directory.
type Part string

// The parts.
const (
	PartCounts  Part = "counts"
	PartJournal Part = "journal"
	PartLinks   Part = "links and users"
)

// PartError says which part cannot be opened. It reads as what is wrong with it.
type PartError struct {
	Part Part
	Err  error
}

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// unopened says which part cannot be opened; nil is nil.
func unopened(part Part, err error) error {
	if err == nil {
		return nil
	}
	return &PartError{part, err}
}

// OwnerError says that a directory belongs to another user.
type OwnerError struct {
	Dir         string
	Owner, User uint32
}

func (e *OwnerError) Error() string {
	return fmt.Sprintf("%s belongs to user %d, who could not open what user %d leaves there", e.Dir, e.Owner, e.User)
}

// UntrustedError says why what lies in a directory is not trusted. It is
// ErrUntrusted.
type UntrustedError struct {
	Dir   string
	Owner uint32 // whose it is
	Why   Distrust
	// Other is the user who owns the link, or the process, of Why.
	Other uint32
}

// Distrust is why a directory is not trusted.
type Distrust int

// The reasons.
const (
	NotYours    Distrust = iota // it belongs to another user
	NotNamed                    // it belongs to another user, and root did not name it
	LinkOfOther                 // another user owns the symbolic link that leads to it
	Public                      // everybody may write in it
	NoSocket                    // what lies at footfall.sock is not the owner's socket
	Process                     // a process of another user answers on the socket
)

func (e *UntrustedError) Error() string {
	switch e.Why {
	case NotNamed:
		return fmt.Sprintf("%s belongs to user %d, and %v unless it is named", e.Dir, e.Owner, ErrUntrusted)
	case LinkOfOther:
		return fmt.Sprintf("%s is a symbolic link of user %d to a directory of user %d, and %v", e.Dir, e.Other, e.Owner, ErrUntrusted)
	case Public:
		return fmt.Sprintf("everybody may write in %s, and %v", e.Dir, ErrUntrusted)
	case NoSocket:
		return fmt.Sprintf("%s/footfall.sock is no socket of user %d, whose directory it is in, and %v", e.Dir, e.Owner, ErrUntrusted)
	case Process:
		return fmt.Sprintf("a process of user %d answers in %s, which belongs to user %d, and %v", e.Other, e.Dir, e.Owner, ErrUntrusted)
	}
	return fmt.Sprintf("%s belongs to user %d, and %v", e.Dir, e.Owner, ErrUntrusted)
}

// Is makes every UntrustedError an ErrUntrusted.
func (e *UntrustedError) Is(target error) bool { return target == ErrUntrusted }

// NoBaseError says that a rebuild found no counts to begin with. Nothing was
// changed.
type NoBaseError struct {
	// Tried says that some reached the journal and were refused, as was reported, and
	// Losing that clicks would be missing with them.
	Tried, Losing bool
	// Lacks says what the journal lacks, if none reached it.
	Lacks string
}

func (e *NoBaseError) Error() string {
	why := e.Lacks + ", and neither checkpoint nor backup reaches so far"
	switch {
	case e.Losing:
		why = "no backup or checkpoint covers the missing clicks"
	case e.Tried:
		why = "every backup and checkpoint was refused, as reported above"
	}
	return "rebuild failed; the counts are unchanged: " + why
}

// GiveUpError says that a repair would lose something, and that nobody said that
// it may. Nothing of that part was changed.
type GiveUpError struct {
	Part Part
	Err  error // what is missing
}

func (e *GiveUpError) Error() string { return e.Err.Error() }
func (e *GiveUpError) Unwrap() error { return e.Err }

// Remedy is a step that makes a data directory right again. The command line
// says it in words.
type Remedy string

// The remedies.
const (
	WaitForDisk    Remedy = "wait_for_disk"   // counting is tried again until the disk works
	StartAgain     Remedy = "start_again"     // counting goes on with the next start
	RestoreLinks   Remedy = "restore_links"   // footfall.db is damaged
	ReplaceLinks   Remedy = "replace_links"   // footfall.db is older than the other parts
	ReplaceJournal Remedy = "replace_journal" // the journal is another one
	RebuildCounts  Remedy = "rebuild_counts"
	RepairDays     Remedy = "repair_days"
	RepairJournal  Remedy = "repair_journal"
	RebuildFromOld Remedy = "rebuild_from_old" // from a checkpoint or a backup
)
