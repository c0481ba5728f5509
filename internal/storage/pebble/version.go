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

// Version is the format that this package writes. It is stored in the data and
// in the name of the merge operator.
const Version = 1

// engineFormat is the newest of the engine's own formats that is used here.
const engineFormat = pebble.FormatValueSeparation

// mergerLine is how the engine's options file names the merge operator.
var mergerLine = regexp.MustCompile(`(?m)^\s*merger=` + regexp.QuoteMeta(mergerPrefix) + `(\d+)\s*$`)

// peek refuses data that the engine would refuse, or convert, less clearly. It says
// where the engine is about to upgrade its files: from is their format, else 0.
func peek(fs vfs.FS, dir string) (from pebble.FormatMajorVersion, err error) {
	if _, err := fs.Stat(dir); err != nil {
		return 0, nil // to be made, or to be reported by the engine
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
		if v, err := strconv.ParseUint(string(m[1]), 10, 64); err != nil || v > Version {
			return 0, store.ErrVersion
		}
	}
	return from, nil
}

// Exists tells whether there is a store in a directory, which may be missing.
// A directory with files of a store that lacks what says which of them count is
// a store.CorruptError.
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

// leftover fails where a directory without a store has files of one: the engine
// would take it for empty, and remove them.
func leftover(fs vfs.FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob") {
			return &store.CorruptError{File: dir, Err: fmt.Errorf("%s is there, and nothing says that it counts: the file marker.manifest… is missing", name)}
		}
	}
	return nil
}

// checkVersion compares the stored version, and writes it where nothing has
// been written yet.
func checkVersion(db *pebble.DB) error {
	b, closer, err := db.Get([]byte{keyVersion})
	if errors.Is(err, pebble.ErrNotFound) {
		return firstVersion(db)
	}
	if err != nil {
		return err
	}
	defer closer.Close()
	v, n := binary.Uvarint(b)
	switch {
	case n != len(b) || v == 0:
		return fmt.Errorf("the stored version is corrupt: %x", b)
	case v > Version:
		return store.ErrVersion
	}
	return nil
}

func firstVersion(db *pebble.DB) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	if it.First() {
		return errors.New("the data holds no version: it is not footfall's")
	}
	if err := it.Error(); err != nil {
		return err
	}
	return db.Set([]byte{keyVersion}, binary.AppendUvarint(nil, Version), pebble.NoSync)
}
