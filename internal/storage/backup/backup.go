// Package backup keeps copies of a data directory, each complete and in its own
// directory. Their names are the times at which they were made, and sort in that
// order even if the clock was set back.
//
// A backup exists when it is complete and durable, and not before. Its manifest
// proves that no file changed by accident. It does not prove who made it: anyone who
// may write to the directory can make another manifest. A file that has not changed
// since the backup before is shared with it, after it was read and found sound, so
// that a new backup takes only the space of new data.
//
// It refuses to interpret the files.
//
// Where to look:
//
//	backup.go    the manifest; List, Newest, Read
//	draft.go     makes a backup
//	copy.go      copies and digests files
//	prune.go     removes the oldest backups
//	archive.go   reads a backup, which an attacker may have made; Verify
//	restore.go   makes a data directory from a backup
//	errors.go    the errors
package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

const (
	// manifestFile is written last.
	manifestFile = "backup.json"
	// nameLayout makes names that sort by time. The names of unfinished backups
	// begin with partial.
	nameLayout = "2006-01-02T15-04-05.000000000Z"
	partial    = "partial-"
	// lostAndFound is a directory at the top of some file systems.
	lostAndFound = "lost+found"

	version = 1
)

// Manifest describes a backup.
type Manifest struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	// Installation is the public name of the installation; empty in old backups.
	Installation string `json:"installation,omitempty"`
	// Counted is a journal position that the counts in the backup reach, or pass, and
	// End is the end of its journal.
	Counted uint64 `json:"counted"`
	End     uint64 `json:"end"`
	// Files and Bytes are the size of the backup. Copied is the number of bytes that
	// it does not share with the backup before.
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`
	Copied int64 `json:"copied"`
	// Contents are the files; empty in old backups.
	Contents []File `json:"contents,omitempty"`
}

// File is a file of a backup.
type File struct {
	Name   string `json:"name"` // with slashes, below the backup's directory
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hexadecimal
}

// file finds a file by its name.
func (m *Manifest) file(name string) (File, bool) {
	i := slices.IndexFunc(m.Contents, func(f File) bool { return f.Name == name })
	if i < 0 {
		return File{}, false
	}
	return m.Contents[i], true
}

// List lists the complete backups in a directory, newest first.
func List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}
	var all []string
	for _, e := range entries {
		if isName(e.Name()) && e.IsDir() {
			all = append(all, filepath.Join(dir, e.Name()))
		}
	}
	slices.Reverse(all) // ReadDir sorts
	return all, nil
}

func isName(name string) bool {
	_, err := time.Parse(nameLayout, name)
	return err == nil
}

// Newest returns the newest complete backup in a directory, or the directory itself
// if it is a backup. It fails with ErrNone if there is none.
func Newest(dir string) (path string, m Manifest, err error) {
	if m, err := Read(dir); err == nil {
		return dir, m, nil
	}
	all, err := List(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", m, fmt.Errorf("backup: %w in %s, which is not a directory", ErrNone, dir)
	}
	if err != nil {
		return "", m, err
	}
	if len(all) == 0 {
		return "", m, fmt.Errorf("backup: %w in %s", ErrNone, dir)
	}
	m, err = Read(all[0])
	return all[0], m, err
}

// Read reads the manifest of one backup.
func Read(path string) (m Manifest, err error) {
	a, err := openArchive(path)
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	a.close()
	return a.m, nil
}
