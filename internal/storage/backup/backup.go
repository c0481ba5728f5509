// Package backup keeps copies of a data directory: each is whole, in a
// directory of its own. Their names sort in the order in which they were made,
// and are the time of that, as far as the clock was right.
//
// A copy is there once it is complete and durable, or not at all. Its manifest
// proves that a copy is whole, and not whose it is: who may write in it may have
// made another one. Files that
// have not changed since the last one are shared with it, once they have been
// read and found whole, so that another copy takes the room of what is new. It
// refuses to know what is in the files.
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
	// manifestFile is written last, and says that the copy is one.
	manifestFile = "backup.json"
	// nameLayout makes names that sort by time; partial is in front of those
	// that are being made.
	nameLayout = "2006-01-02T15-04-05.000000000Z"
	partial    = "partial-"
	// lostAndFound is what a file system of its own has at its top.
	lostAndFound = "lost+found"

	version = 1
)

// ErrNone: there is no backup in the directory.
var ErrNone = errors.New("there is no complete backup")

// Manifest says what a backup holds.
type Manifest struct {
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	// Installation names whose it is; empty in backups of old.
	Installation string `json:"installation,omitempty"`
	// Counted is a journal position up to which the counts in it reach at least,
	// and End the one up to which its journal does.
	Counted uint64 `json:"counted"`
	End     uint64 `json:"end"`
	// Files and Bytes are of the whole; Copied is what of the bytes was not
	// shared with the backup before.
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`
	Copied int64 `json:"copied"`
	// Contents are the files; empty in backups of old.
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

// List lists the complete backups in a directory, the newest first.
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

// Newest is the newest complete backup in a directory, or the directory itself
// where it is one. It fails with ErrNone.
func Newest(dir string) (path string, m Manifest, err error) {
	if m, err := Read(dir); err == nil {
		return dir, m, nil
	}
	all, err := List(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", m, fmt.Errorf("backup: %w in %s, which is no directory", ErrNone, dir)
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
	s, err := openSource(path)
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	s.close()
	return s.m, nil
}
