// Package tracetest finds words in the files of a data directory, to show that nothing of
// them is left.
package tracetest

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// part is how many bytes of a random word prove that it was there, and random is the length
// of a word that is long enough to be random.
const part, random = 8, 24

// In lists the words that the files in a directory have, as "file word", except the files
// of journals. Of a word of 24 bytes or more, which must be random, 8 bytes in a row count too.
// Tables of the counts are compressed: they are unpacked. Files may vanish meanwhile.
func In(t testing.TB, dir string, words ...string) (found []string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "journal":
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		files++
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && strings.HasSuffix(path, ".sst") {
			var entries []byte
			entries, err = unpack(b)
			b = append(b, entries...)
		}
		if err != nil {
			return err
		}
		for _, w := range in(b, words) {
			found = append(found, filepath.Base(path)+" "+w)
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatal(dir, ": ", files, " files: ", err)
	}
	return found
}

// Count counts the words that In lists, each once.
func Count(t testing.TB, dir string, words []string) int {
	t.Helper()
	found := map[string]bool{}
	for _, s := range In(t, dir, words...) {
		_, w, _ := strings.Cut(s, " ")
		found[w] = true
	}
	return len(found)
}

// in lists the words that b has.
func in(b []byte, words []string) (found []string) {
	parts := map[string]string{} // the word that each part is of
	for _, w := range words {
		switch {
		case len(w) >= random:
			for i := range len(w) - part + 1 {
				parts[w[i:i+part]] = w
			}
		case bytes.Contains(b, []byte(w)):
			found = append(found, w)
		}
	}
	if len(parts) == 0 {
		return found
	}
	listed := map[string]bool{}
	for i := range len(b) - part + 1 {
		if w, ok := parts[string(b[i:i+part])]; ok && !listed[w] {
			listed[w] = true
			found = append(found, w)
		}
	}
	return found
}

// magic is what a whole table ends with.
const magic = "\xf0\x9f\xaa\xb3\xf0\x9f\xaa\xb3"

// merger is the name of the operator of a table, which says how footfall wrote it.
var merger = regexp.MustCompile(`footfall\.cells\.v[0-9]+`)

// unpack returns every key and value of a table, the deleted ones included. A file that is
// not whole yet has none.
func unpack(table []byte) (entries []byte, err error) {
	if !bytes.HasSuffix(table, []byte(magic)) {
		return nil, nil
	}
	r, err := reader(table, "")
	if err != nil {
		r, err = reader(table, merger.FindString(err.Error())) // the error names the operator
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	it, err := r.NewIter(sstable.NoTransforms, nil, nil, sstable.AssertNoBlobHandles)
	if err != nil {
		return nil, err
	}
	for kv := it.First(); kv != nil; kv = it.Next() {
		value, _, err := kv.Value(nil)
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		entries = append(append(append(entries, kv.K.UserKey...), value...), 0)
	}
	return entries, it.Close()
}

// reader reads a table whose operator has the name.
func reader(table []byte, merger string) (*sstable.Reader, error) {
	fs := vfs.NewMem()
	f, err := fs.Create("table", vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.Write(bytes.Clone(table)) // with the race detector, Write changes its argument
	}
	if err != nil {
		return nil, err
	}
	f, err = fs.Open("table")
	if err != nil {
		return nil, err
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		return nil, err
	}
	r, err := sstable.NewReader(context.Background(), readable, sstable.ReaderOptions{Merger: &pebble.Merger{Name: merger}})
	if err != nil {
		return nil, errors.Join(err, readable.Close())
	}
	return r, nil
}
