package progress

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// File keeps a Record in a file. Every change of the record is written at once,
// but not synced: it survives a killed process, while a power cut may leave an
// older record. Sync waits for the disk. The methods are safe for concurrent use.
//
// The file has the CRC-32C of the record in 8 hexadecimal digits, a space, the
// record in JSON, and spaces up to a multiple of 512 bytes; the last byte is a
// line feed. So the size seldom changes, and one write replaces the content.
type File struct {
	mu      sync.Mutex
	f       *os.File
	record  Record
	started bool // by Start
	size    int
	dirty   bool
	err     error // of the last write
}

const block = 512

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	// ErrUnreadable: the file is damaged, and nothing is known from it.
	ErrUnreadable = errors.New("the file is damaged")
	// ErrNotRegular: the path is a directory, a pipe or the like.
	ErrNotRegular = errors.New("not a regular file")
)

// Open opens the file, or makes it. Until Start, changes are ignored and nothing is
// written. If the file is damaged, Open returns ErrUnreadable together with a File
// that can be used and has an empty record.
func Open(path string) (*File, error) {
	if err := regular(path); err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("progress: read %s: %w", path, errors.Join(err, f.Close()))
	}
	file := &File{f: f, size: len(b)}
	file.record, err = parse(b)
	if err != nil {
		return file, fmt.Errorf("progress: read %s: %w", path, err)
	}
	return file, nil
}

// Read reads the record of a file. If there is no file, or it is empty, the record
// is empty. If it is damaged, Read fails with ErrUnreadable.
func Read(path string) (r Record, err error) {
	if err := regular(path); err != nil {
		return Record{}, fmt.Errorf("progress: %w", err)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err == nil {
		var b []byte
		if b, err = io.ReadAll(io.LimitReader(f, maxBytes)); err == nil {
			r, err = parse(b)
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return Record{}, fmt.Errorf("progress: read %s: %w", path, err)
	}
	return r, nil
}

// maxBytes bounds how much of a file is read. Even a thousand journals take less.
const maxBytes = 1 << 20

// regular fails with ErrNotRegular if a path exists and is not a regular file: a pipe
// may block its reader forever.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	return nil
}

func parse(b []byte) (Record, error) {
	if len(b) == 0 {
		return Record{}, nil
	}
	check, record, _ := bytes.Cut(bytes.TrimRight(b, " \n"), []byte(" "))
	if !slices.Equal(check, checkOf(record)) {
		return Record{}, ErrUnreadable
	}
	return Decode(record)
}

func checkOf(record []byte) []byte {
	return fmt.Appendf(nil, "%08x", crc32.Checksum(record, castagnoli))
}

// Record returns a copy of the record.
func (f *File) Record() Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.record.Clone()
}

// Merge adds everything in another record.
func (f *File) Merge(r Record) { f.change(func(known *Record) { known.Merge(r) }) }

// AddJournal records the progress of a journal.
func (f *File) AddJournal(j Journal) { f.change(func(known *Record) { known.AddJournal(j) }) }

// AddLinks records the progress of links and users.
func (f *File) AddLinks(l Links) { f.change(func(known *Record) { known.AddLinks(l) }) }

// Start replaces the record by r, and writes it and every later change.
func (f *File) Start(r Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started, f.record = true, r.Clone()
	f.write()
	return f.err
}

// change changes the record. If a write fails, the next change tries again and
// Sync returns the error; until then the file has an older record.
func (f *File) change(change func(*Record)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.started {
		return
	}
	before := f.record.Clone()
	change(&f.record)
	if f.err != nil || !f.record.Equal(before) {
		f.write()
	}
}

// write writes the record; the caller holds mu.
func (f *File) write() {
	record := f.record.Encode()
	b := append(append(checkOf(record), ' '), record...)
	size := max(f.size, (len(b)+block)/block*block)
	b = append(b, bytes.Repeat([]byte(" "), size-len(b))...)
	b[len(b)-1] = '\n'
	_, f.err = f.f.WriteAt(b, 0)
	f.size, f.dirty = size, true
}

// Sync makes the record durable.
func (f *File) Sync() error {
	f.mu.Lock()
	if f.err != nil {
		f.write()
	}
	dirty, err := f.dirty, f.err
	f.dirty = false
	f.mu.Unlock()
	if err == nil && dirty {
		err = f.f.Sync()
	}
	if err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}

// Close closes the file. Later changes are ignored.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = false
	if err := f.f.Close(); err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}
