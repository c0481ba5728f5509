package datadir

import (
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/progress"
)

var (
	// ErrOwned says that another process has the data directory open.
	ErrOwned = errors.New("another footfall process owns the data directory")
	// ErrNoData says that the directory has no data of footfall.
	ErrNoData = errors.New("there is no footfall data")
	// ErrForeign says that a directory has files that are not footfall's.
	ErrForeign = errors.New("not footfall's")
	// ErrFile says that a path that must be a directory is a file.
	ErrFile = errors.New("is a file")
	// ErrUntrusted says that a user other than the owner may have made the files in a
	// directory, to get passwords and tokens. See UntrustedError.
	ErrUntrusted = errors.New("footfall does not open or trust it")
	// ErrMoved says that the path of the data directory leads to another directory, or
	// nowhere.
	ErrMoved = errors.New("was moved away, removed or replaced while it was served. Every click that was acknowledged is in its journal; the program ends, so that it writes nothing into another directory")
	// ErrNotRegular says that something other than a file lies where footfall keeps one.
	ErrNotRegular = errors.New("not a regular file")
	// ErrMixed says that parts of the directory are of different installations.
	ErrMixed = errors.New("the parts do not belong together, or footfall.db was removed")
	// ErrNotSeparate says that the data and their backups would be in one directory.
	ErrNotSeparate = errors.New("data and backups must be in separate directories")
	// ErrSharedCounts says that an operation needs counts in the directory.
	ErrSharedCounts = errors.New("the counts are not in the data directory: other servers add to them too")
	// ErrOtherInstallation says that a directory was used with other shared engines.
	ErrOtherInstallation = errors.New("the directory belongs to another installation")
	// ErrInUse says that a server that should be gone still runs.
	ErrInUse = errors.New("a process has this data directory open, so its server is not gone")
	// ErrNotShared says that a directory has its counts itself.
	ErrNotShared = errors.New("the counts are in the data directory: it was not a server of a cluster")
	// ErrClusterNotEmpty says that the shared engines of a move have data.
	ErrClusterNotEmpty = errors.New("the cluster has data already")
	// ErrInCluster says that a directory is that of a server of a cluster.
	ErrInCluster = errors.New("the data are in a cluster already")
	// ErrNotMoving says that there is no move to cancel.
	ErrNotMoving = errors.New("no move of this directory was interrupted")
	// ErrNotNew says that a directory has data, and a new one is needed.
	ErrNotNew = errors.New("the directory is not empty")
	// ErrChanged says that counts changed while they were copied.
	ErrChanged = errors.New("a server of the cluster counted clicks or imports meanwhile")
	// ErrDisagrees says that a check before or after a move found something, or that what was
	// moved differs.
	ErrDisagrees = errors.New("something does not agree")
	// ErrOldCounts says that the counts end before the journal begins.
	ErrOldCounts = errors.New("the counts are too old for the journal")
	// ErrUnknownJournal says that the id of a journal cannot be read from its files.
	ErrUnknownJournal = errors.New("the id of the journal cannot be read from any of its files")
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

// PartError says which part cannot be opened. Its message is that of Err.
type PartError struct {
	Part Part
	Err  error
}

func (e *PartError) Error() string { return e.Err.Error() }
func (e *PartError) Unwrap() error { return e.Err }

// unopened makes a PartError, and nil of nil.
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
	return fmt.Sprintf("%s belongs to user %d, who could not open files that user %d makes there", e.Dir, e.Owner, e.User)
}

// UntrustedError says why a directory is not trusted. It is ErrUntrusted.
type UntrustedError struct {
	Dir   string
	Owner uint32 // of the directory
	Why   Distrust
	// Other is the user who owns the link or the process that Why names.
	Other uint32
}

// Distrust is the reason why a directory is not trusted.
type Distrust int

// The reasons.
const (
	NotYours    Distrust = iota // it belongs to another user
	NotNamed                    // it belongs to another user, and root did not name it
	LinkOfOther                 // another user owns the symbolic link that leads to it
	Public                      // everybody may write in it
	NoSocket                    // footfall.sock is not the owner's socket
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
		return fmt.Sprintf("%s/footfall.sock is not a socket of user %d, who owns the directory, and %v", e.Dir, e.Owner, ErrUntrusted)
	case Process:
		return fmt.Sprintf("a process of user %d answers in %s, which belongs to user %d, and %v", e.Other, e.Dir, e.Owner, ErrUntrusted)
	}
	return fmt.Sprintf("%s belongs to user %d, and %v", e.Dir, e.Owner, ErrUntrusted)
}

// Is makes every UntrustedError an ErrUntrusted.
func (e *UntrustedError) Is(target error) bool { return target == ErrUntrusted }

// MovingError says that a move of the directory is not complete.
type MovingError struct {
	Dir   string
	State moveState
}

func (e *MovingError) Error() string {
	if e.State == movingIn {
		return fmt.Sprintf("a move of a cluster's data into %s was interrupted", e.Dir)
	}
	return fmt.Sprintf("a move of the data of %s into a cluster was interrupted", e.Dir)
}

// Back reports whether the move was one from a cluster.
func (e *MovingError) Back() bool { return e.State == movingIn }

// RemovedPartError says that a part was moved away, removed or replaced while the
// directory was open.
type RemovedPartError struct {
	Path string
	Part Part
}

func (e *RemovedPartError) Error() string {
	return fmt.Sprintf("%s was moved away, removed or replaced while footfall ran, so it stops", e.Path)
}

// DivergedJournalError says that the journal belongs to a copy of the directory
// that was used separately. It is journal.ErrCorrupt.
type DivergedJournalError struct {
	Dir string
	At  uint64 // the position before which the records differ
}

func (e *DivergedJournalError) Error() string {
	return fmt.Sprintf("%s is the journal of a copy of this data directory that was used separately: its record before position %d is not the one that was here", e.Dir, e.At)
}

// Is makes every DivergedJournalError a journal.ErrCorrupt.
func (e *DivergedJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// LostJournalError says that a journal is missing that has clicks which are not
// counted. It is journal.ErrCorrupt.
type LostJournalError struct {
	Dir string // where it was
	ID  progress.ID
	// Counted is the position up to which it is counted, and End where it ended.
	Counted, End uint64
}

func (e *LostJournalError) Error() string {
	return fmt.Sprintf("journal %s is not in %s: it ended at position %d and is counted up to position %d, so %d bytes of clicks are missing",
		e.ID, e.Dir, e.End, e.Counted, e.End-e.Counted)
}

// Is makes every LostJournalError a journal.ErrCorrupt.
func (e *LostJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// MissingLinksError says that footfall.db is missing or empty although the other
// parts are there.
type MissingLinksError struct{ File string }

func (e *MissingLinksError) Error() string {
	return fmt.Sprintf("%s is missing or empty, although the other parts of the data directory are there", e.File)
}

// OtherCountsError says that the counts of the same links and users are elsewhere.
type OtherCountsError struct {
	Was, Now string // the names of engines; Embedded for a data directory
}

func (e *OtherCountsError) Error() string {
	switch {
	case e.Was == e.Now:
		return "another data directory has counts of these links and users, and each of the two would lack clicks"
	case e.Was == Embedded:
		return fmt.Sprintf("the counts of these links and users are in the data directory of another server, and this one would have its counts in %s", e.Now)
	}
	return fmt.Sprintf("the counts of these links and users are in %s, and this server would have its counts in its data directory", e.Was)
}

// OlderLinksError says that links and users do not have all changes that the other
// parts remember.
type OlderLinksError struct {
	File, Dir   string
	Now, Needed progress.Links
	// Torn is set if the file is not the one of the last start, so that its -wal may
	// belong to another file.
	Torn bool
	// Diverged is set if it has other changes, because it belongs to another
	// installation or to a copy that was used separately.
	Diverged bool
	// Shared is set if links and users are in an engine that other servers use.
	Shared bool
}

func (e *OlderLinksError) Error() string {
	lacks := fmt.Sprintf("%d acknowledged changes to links and users", e.Needed.Version-min(e.Now.Version, e.Needed.Version))
	switch {
	case e.Diverged:
		return fmt.Sprintf("%s has other changes than those that were acknowledged here: it belongs to another installation, or to a copy of this one that was used separately", e.File)
	case e.Torn:
		return fmt.Sprintf("%s was replaced by an older or another file, and the -wal next to it may not belong to it", e.File)
	case e.Needed.Version <= e.Now.Version:
		lacks = fmt.Sprintf("links or users that have clicks in %s", e.Dir)
	}
	if e.Shared {
		return "the shared links and users lack " + lacks + ": they were restored from an older backup, or a standby took over that did not have these"
	}
	return fmt.Sprintf("%s is older than the other parts of the data directory, or its -wal was removed: it lacks %s", e.File, lacks)
}

// NoBaseError says that a rebuild found no counts to start from. Nothing was
// changed.
type NoBaseError struct {
	// Tried says that some counts reach the journal and were refused, as was reported,
	// and Losing that clicks would be missing from them.
	Tried, Losing bool
	// Lacks says what the journal lacks, if no counts reach it.
	Lacks string
}

func (e *NoBaseError) Error() string {
	why := e.Lacks + ", and no checkpoint or backup covers that"
	switch {
	case e.Losing:
		why = "no backup or checkpoint covers the missing clicks"
	case e.Tried:
		why = "every backup and checkpoint was refused, as reported above"
	}
	return "rebuild failed; the counts are unchanged: " + why
}

// GiveUpError says that a repair would lose something that it was not allowed to
// give up. Nothing of that part was changed.
type GiveUpError struct {
	Part Part
	Err  error // says what is missing
}

func (e *GiveUpError) Error() string { return e.Err.Error() }
func (e *GiveUpError) Unwrap() error { return e.Err }

// Remedy names a step that repairs a data directory. Package cli has the words.
type Remedy string

// The remedies.
const (
	WaitForDisk    Remedy = "wait_for_disk"   // counting is tried again until the disk works
	StartAgain     Remedy = "start_again"     // counting continues at the next start
	RestoreLinks   Remedy = "restore_links"   // footfall.db is damaged
	ReplaceLinks   Remedy = "replace_links"   // footfall.db is older than the other parts
	ReplaceJournal Remedy = "replace_journal" // the journal is another one
	RebuildCounts  Remedy = "rebuild_counts"
	RepairDays     Remedy = "repair_days"
	RepairJournal  Remedy = "repair_journal"
	RebuildFromOld Remedy = "rebuild_from_old" // from a checkpoint or a backup
	RestoreShared  Remedy = "restore_shared"   // shared counts have lost something
)
