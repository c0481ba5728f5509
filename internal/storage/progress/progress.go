// Package progress records how far each journal had come, and how new links and
// users were. Each part of a data directory keeps a copy of the record. So the other
// parts show that one was replaced by an older copy, cut or removed.
//
// Every number in a Record only grows. A copy may be old, and then shows less. Every
// change was durable before it was recorded. So a part that lacks a recorded change
// has lost it.
//
// It refuses to open the parts, and to act on a loss.
package progress

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Record is the progress of all parts. The zero value records nothing.
type Record struct {
	Links    Links     `json:"links"`
	Journals []Journal `json:"journals,omitempty"` // each once, by ID
}

// Links says which state the database of links and users has.
type Links struct {
	// Version counts the transactions that changed it.
	Version uint64 `json:"version"`
	// Life is a random name of the process that made that version, 32 hexadecimal
	// digits; empty if none is known. A copy of the database that diverged has
	// other lives.
	Life string `json:"life,omitempty"`
	// Settled is a version that the file has at least without its write-ahead log.
	Settled uint64 `json:"settled,omitempty"`
	// Mark is a random number that each start writes into the file. It shows whether a
	// write-ahead log belongs to the file; 0 if it is not known.
	Mark uint32 `json:"mark,omitempty"`
	// Next is the mark that replaces Mark while a process starts. If it was killed
	// then, the file has one of the two. Otherwise Next is 0.
	Next uint32 `json:"next,omitempty"`
	// User and Link are the highest ids that were given out.
	User uint64 `json:"user"`
	Link uint64 `json:"link"`
}

// Journal says how far one journal had come.
type Journal struct {
	ID ID `json:"id"`
	// End is a journal position up to which records were acknowledged.
	End uint64 `json:"end"`
	// Last is the CRC-32C of the data of the record that ends there; 0 if it is not
	// known.
	Last uint32 `json:"last,omitempty"`
	// Clicks is a number of its clicks that were counted, at least.
	Clicks uint64 `json:"clicks,omitempty"`
}

// ID names a journal. In JSON it is 32 hexadecimal digits.
type ID [16]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) != 2*len(id) {
		return errors.New("the id of a journal has 32 hexadecimal digits")
	}
	_, err := hex.Decode(id[:], b)
	return err
}

// Journal returns the progress of a journal. It is false if none is recorded.
func (r *Record) Journal(id ID) (Journal, bool) {
	i, ok := r.find(id)
	if !ok {
		return Journal{ID: id}, false
	}
	return r.Journals[i], true
}

func (r *Record) find(id ID) (int, bool) {
	return slices.BinarySearchFunc(r.Journals, id, func(j Journal, id ID) int { return bytes.Compare(j.ID[:], id[:]) })
}

// AddJournal records the progress of a journal.
func (r *Record) AddJournal(j Journal) {
	i, ok := r.find(j.ID)
	if !ok {
		r.Journals = slices.Insert(r.Journals, i, j)
		return
	}
	known := &r.Journals[i]
	if j.End > known.End || known.Last == 0 && j.End == known.End {
		known.End, known.Last = j.End, j.Last
	}
	known.Clicks = max(known.Clicks, j.Clicks)
}

// AddLinks records the progress of links and users.
func (r *Record) AddLinks(l Links) {
	life := r.Links.Life
	if l.Version > r.Links.Version || life == "" && l.Version == r.Links.Version {
		life = l.Life
	}
	r.Links = Links{
		Version: max(r.Links.Version, l.Version), Life: life, Settled: max(r.Links.Settled, l.Settled),
		Mark: cmp.Or(r.Links.Mark, l.Mark), Next: cmp.Or(r.Links.Next, l.Next),
		User: max(r.Links.User, l.User), Link: max(r.Links.Link, l.Link),
	}
}

// Merge adds everything in another record.
func (r *Record) Merge(o Record) {
	r.AddLinks(o.Links)
	for _, j := range o.Journals {
		r.AddJournal(j)
	}
}

// Clone returns a copy that shares nothing with r.
func (r *Record) Clone() Record { return Record{Links: r.Links, Journals: slices.Clone(r.Journals)} }

// Equal reports whether two records are the same.
func (r *Record) Equal(o Record) bool {
	return r.Links == o.Links && slices.Equal(r.Journals, o.Journals)
}

// NewerThan reports whether the links and users that are there lack a version or
// an id that the record has.
func (r *Record) NewerThan(now Links) bool {
	return now.Version < r.Links.Version || now.User < r.Links.User || now.Link < r.Links.Link
}

// MatchesMark reports whether a database file with this mark can be the one that
// is known. Without a known mark every file can.
func (l Links) MatchesMark(mark uint32) bool {
	return l.Mark == 0 || mark == l.Mark || l.Next != 0 && mark == l.Next
}

// Encode returns the record as one line of JSON.
func (r *Record) Encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("progress: a record of numbers cannot be encoded: %v", err))
	}
	return b
}

// Decode is the inverse of Encode. For no bytes it returns the zero Record.
func Decode(b []byte) (r Record, err error) {
	if len(b) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, fmt.Errorf("progress: %w", err)
	}
	for i := range r.Journals[min(1, len(r.Journals)):] {
		if bytes.Compare(r.Journals[i].ID[:], r.Journals[i+1].ID[:]) < 0 {
			continue
		}
		return Record{}, errors.New("progress: the journals are not sorted by id, or one occurs twice")
	}
	return r, nil
}
