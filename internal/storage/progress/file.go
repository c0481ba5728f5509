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

// File keeps a Record in a file that is written whenever the record changes,
// without waiting for the disk: what a killed process knew is there, and after a
// power cut something older may be. Sync waits. Its methods are safe for
// concurrent use.
//
// The file is the check of the record, CRC-32C in 8 hexadecimal digits, a
// blank, the record in JSON, and blanks up to a multiple of 512 bytes, the last
// of which is a line feed. So it is seldom resized, and one write replaces it.
type File struct {
	mu     sync.Mutex
	f      *os.File
	record Record
	frozen bool // until Arm
	size   int
	dirty  bool
	err    error // of the last write
}

const block = 512

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrUnreadable: the file is damaged. Nothing is known from it.
var ErrUnreadable = errors.New("the file is damaged")

// Open opens the file, or makes it. Until Arm it is only read, and changes are
// ignored. Where the file is damaged, the error is ErrUnreadable and the File
// is good all the same, and knows nothing.
func Open(path string) (*File, error) {
	if err := regular(path); err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, mostBytes))
	if err != nil {
		return nil, fmt.Errorf("progress: read %s: %w", path, errors.Join(err, f.Close()))
	}
	file := &File{f: f, frozen: true, size: len(b)}
	file.record, err = parse(b)
	if err != nil {
		return file, fmt.Errorf("progress: read %s: %w", path, err)
	}
	return file, nil
}

// Read reads the record of a file. Where there is none, or it is empty, nothing
// is known; where it is damaged, it is ErrUnreadable.
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
		if b, err = io.ReadAll(io.LimitReader(f, mostBytes)); err == nil {
			r, err = parse(b)
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return Record{}, fmt.Errorf("progress: read %s: %w", path, err)
	}
	return r, nil
}

// mostBytes bounds what is read of a file; with a thousand journals it has less.
const mostBytes = 1 << 20

// regular fails where a path is there and is no regular file: a pipe may keep its
// reader for ever.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: remove it, and it is made again", path)
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

// Record is what is known.
func (f *File) Record() Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.record.Clone()
}

// Join adds what another record knows.
func (f *File) Join(r Record) { f.change(func(known *Record) { known.Join(r) }) }

// See adds what is known of a journal.
func (f *File) See(j Journal) { f.change(func(known *Record) { known.See(j) }) }

// SeeLinks adds what is known of links and users.
func (f *File) SeeLinks(l Links) { f.change(func(known *Record) { known.SeeLinks(l) }) }

// Arm makes r the record, and has it and all that follows written.
func (f *File) Arm(r Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen, f.record = false, r.Clone()
	f.write()
	return f.err
}

// change changes the record. A write that fails is tried again with the next
// change, and its error is Sync's: the file is behind then, and finds less.
func (f *File) change(change func(*Record)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frozen {
		return
	}
	before := f.record.Clone()
	change(&f.record)
	if f.err != nil || !f.record.Equal(before) {
		f.write()
	}
}

// write is called with mu held.
func (f *File) write() {
	record := f.record.Encode()
	b := append(append(checkOf(record), ' '), record...)
	size := max(f.size, (len(b)+block)/block*block)
	b = append(b, bytes.Repeat([]byte(" "), size-len(b))...)
	b[len(b)-1] = '\n'
	_, f.err = f.f.WriteAt(b, 0)
	f.size, f.dirty = size, true
}

// Sync makes the record durable, as it is.
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

// Close closes the file as it is.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen = true
	if err := f.f.Close(); err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}
