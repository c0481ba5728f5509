package datadir

// The files in a data directory.
const (
	lockFile     = "lock"
	socketFile   = "footfall.sock"
	databaseFile = "footfall.db"
	progressFile = "progress"
	enginesFile  = "engines"
)

// The directories in a data directory.
const (
	journalDir    = "journal"
	clicksDir     = "clicks"
	checkpointDir = "checkpoint"
	// rebuildingDir has counts that are being made. rebuiltDir has proven ones, which
	// replace clicks/ now or at the next start.
	rebuildingDir = "clicks.rebuilding"
	rebuiltDir    = "clicks.rebuilt"
)

// The suffixes of files and directories in a data directory.
const (
	newSuffix     = ".new"     // is being written
	oldSuffix     = ".old"     // was replaced and is being removed
	damagedSuffix = ".damaged" // was set aside, and is never removed
	savedSuffix   = ".saved"   // a footfall.db that was written back next to another one
)
