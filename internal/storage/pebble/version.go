package pebble

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/footfall/footfall/internal/storage/store"
)

// Version is the format that this package writes, and is stored in the data. A
// new facet raises it: 2 added agents and places. 3 added busy months.
const Version = 3

// mergerVersion is the format of vectors. It is part of the name of the merge
// operator: the engine opens only data whose operator has the same name.
const mergerVersion = 1

// engineFormat is the format of the engine's own files.
const engineFormat = pebble.FormatValueSeparation

// mergerLine is the line of the engine's options file with the merge operator.
var mergerLine = regexp.MustCompile(`(?m)^\s*merger=` + regexp.QuoteMeta(mergerPrefix) + `(\d+)\s*$`)

// peek refuses data that the engine would refuse with a less clear error, or
// convert. If the engine is going to upgrade its files, from is their format; else
// 0.
func peek(fs vfs.FS, dir string) (from pebble.FormatMajorVersion, err error) {
	if _, err := fs.Stat(dir); err != nil {
		return 0, nil // the engine makes it, or reports the error
	}
	desc, err := pebble.Peek(dir, fs)
	if err != nil {
		return 0, err
	}
	if !desc.Exists {
		return 0, leftover(fs, dir)
	}
	if desc.FormatMajorVersion > engineFormat {
		return 0, store.ErrVersion
	}
	if desc.FormatMajorVersion < engineFormat {
		from = desc.FormatMajorVersion
	}
	if desc.OptionsFilename == "" {
		return from, nil
	}
	f, err := fs.Open(desc.OptionsFilename)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	options, err := io.ReadAll(f)
	if err != nil {
		return 0, err
	}
	if m := mergerLine.FindSubmatch(options); m != nil {
		if v, err := strconv.ParseUint(string(m[1]), 10, 64); err != nil || v > mergerVersion {
			return 0, store.ErrVersion
		}
	}
	return from, nil
}

// Exists reports whether dir has a store; false if dir is missing. It fails with a
// store.CorruptError if there are tables, but no marker of the current ones.
func Exists(dir string) (bool, error) {
	if _, err := vfs.Default.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	desc, err := pebble.Peek(dir, vfs.Default)
	if err == nil && !desc.Exists {
		err = leftover(vfs.Default, dir)
	}
	if err != nil {
		return false, failedOpen(dir, err)
	}
	return desc.Exists, nil
}

// leftover fails if a directory without a store has files of one: the engine would
// take it for empty, and remove them.
func leftover(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") {
			return &store.CorruptError{File: dir, Err: fmt.Errorf("%s is there, but the file marker.manifest…, which says whether it is current, is missing", name)}
		}
	}
	return nil
}

// checkVersion compares the stored version with the newest one that is known.
// It raises an older version, and sets the version of an empty store: formats only add,
// so the data need not be converted, but an older binary must refuse them from now on.
func checkVersion(db *pebble.DB, newest uint64) error {
	b, closer, err := db.Get([]byte{keyVersion})
	if errors.Is(err, pebble.ErrNotFound) {
		err = checkEmpty(db)
	} else if err == nil {
		defer closer.Close()
		v, n := binary.Uvarint(b)
		switch {
		case n != len(b) || v == 0:
			err = fmt.Errorf("the stored version is corrupt: %x", b)
		case v > newest:
			err = store.ErrVersion
		case v == newest:
			return nil
		}
	}
	if err != nil {
		return err
	}
	return db.Set([]byte{keyVersion}, binary.AppendUvarint(nil, newest), pebble.NoSync)
}

// checkEmpty fails if the data has any key.
func checkEmpty(db *pebble.DB) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	if it.First() {
		return errors.New("the data holds no version: it is not footfall's")
	}
	return it.Error()
}
