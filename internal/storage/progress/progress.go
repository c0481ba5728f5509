// Package progress is what the parts of a data directory remember of each
// other: how far the journals had come, and how new links and users were. Each
// part keeps a copy, so that a part that was replaced by an older one, cut or
// taken away is noticed by those that are still there.
//
// Every number in a Record only grows. A copy may be behind, and then it finds
// less; it never claims what was not durable when it was written. So a part
// that lacks what a copy says has lost it.
//
// It refuses to open the parts, and to decide what is done about a loss.
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

// Record is what is known of all parts. The zero value knows nothing.
type Record struct {
	Links    Links     `json:"links"`
	Journals []Journal `json:"journals,omitempty"` // each once, by ID
}

// Links is how new the database of links and users is.
type Links struct {
	// Version counts the transactions that changed it.
	Version uint64 `json:"version"`
	// Life names the process that made that version, among those that had the
	// database open: 32 hexadecimal digits, or empty.
	Life string `json:"life,omitempty"`
	// Settled is the version that the file had by itself, without the log beside
	// it, at least.
	Settled uint64 `json:"settled,omitempty"`
	// Mark is what the file says of itself since the last start, so that it is not
	// taken for another one beneath its log; 0 where it is not known.
	Mark uint32 `json:"mark,omitempty"`
	// Next is the mark that the file is given now, in place of Mark; 0 except while
	// a process starts, or where it was killed in that moment. The file has either.
	Next uint32 `json:"next,omitempty"`
	// User and Link are the highest ids that were given out.
	User uint64 `json:"user"`
	Link uint64 `json:"link"`
}

// Journal is how far a journal had come.
type Journal struct {
	ID ID `json:"id"`
	// End is a journal position up to which records were acknowledged.
	End uint64 `json:"end"`
	// Last is the CRC-32C of the data of the record that ends there; 0 where it is
	// not known.
	Last uint32 `json:"last,omitempty"`
	// Clicks is how many clicks of it were counted, at least.
	Clicks uint64 `json:"clicks,omitempty"`
}

// ID names a journal. In JSON it is 32 hexadecimal digits.
type ID [16]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText is of encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText is of encoding.TextUnmarshaler.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) != 2*len(id) {
		return errors.New("the id of a journal has 32 hexadecimal digits")
	}
	_, err := hex.Decode(id[:], b)
	return err
}

// Journal returns what is known of a journal; false where nothing is.
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

// See adds what is known of a journal.
func (r *Record) See(j Journal) {
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

// SeeLinks adds what is known of links and users.
func (r *Record) SeeLinks(l Links) {
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

// Join adds all that another record knows.
func (r *Record) Join(o Record) {
	r.SeeLinks(o.Links)
	for _, j := range o.Journals {
		r.See(j)
	}
}

// Clone is a record that changes apart from this one.
func (r *Record) Clone() Record { return Record{Links: r.Links, Journals: slices.Clone(r.Journals)} }

// Equal tells whether two records know the same.
func (r *Record) Equal(o Record) bool {
	return r.Links == o.Links && slices.Equal(r.Journals, o.Journals)
}

// Older tells whether links and users, as they are, lack what the record knows
// of them.
func (r *Record) Older(now Links) bool {
	return now.Version < r.Links.Version || now.User < r.Links.User || now.Link < r.Links.Link
}

// Marked tells whether a file of links and users has the mark that it should have,
// or none is known.
func (l Links) Marked(mark uint32) bool {
	return l.Mark == 0 || mark == l.Mark || l.Next != 0 && mark == l.Next
}

// Encode writes a record as one line of JSON.
func (r *Record) Encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("progress: a record of numbers cannot be encoded: %v", err))
	}
	return b
}

// Decode reads what Encode wrote; of nothing it is the zero Record.
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
		return Record{}, errors.New("progress: the journals are not in the order of their ids, each once")
	}
	return r, nil
}
