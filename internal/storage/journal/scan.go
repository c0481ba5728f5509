package journal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// chunk is the number of bytes that a scanner reads at once.
const chunk = 256 << 10

// scanner reads the records of one segment file from pos to limit, which are
// positions. It reads no byte after the limit.
type scanner struct {
	f          io.ReaderAt
	path       string
	base       uint64
	seed       uint32
	pos, limit uint64
	group      uint64 // where the commit group of the last record starts
	buf        []byte // the bytes from pos on that have been read
	mem        []byte // the memory of buf
}

func newScanner(f io.ReaderAt, path string, s *segment, pos, limit uint64) *scanner {
	return &scanner{f: f, path: path, base: s.base, seed: s.seed, pos: pos, limit: limit}
}

// next returns the record at pos and moves past it, or io.EOF at the limit. A bad
// record is a *CorruptError. The data is valid until the next call.
func (s *scanner) next() (Record, error) {
	if s.pos == s.limit {
		return Record{}, io.EOF
	}
	if s.limit-s.pos < RecordOverhead {
		return Record{}, s.bad("too few bytes for a record")
	}
	if err := s.fill(RecordOverhead); err != nil {
		return Record{}, err
	}
	h := readHead(s.buf)
	if !h.valid(s.seed, s.pos-s.base, s.buf) {
		return Record{}, s.bad("no record starts here")
	}
	size := RecordOverhead + uint64(h.length)
	if size > s.limit-s.pos {
		return Record{}, s.bad("the record ends after the segment")
	}
	if err := s.fill(int(size)); err != nil {
		return Record{}, err
	}
	data := s.buf[RecordOverhead:size:size]
	if crc32.Update(h.check, castagnoli, data) != h.data {
		return Record{}, s.bad("the record does not agree with its check")
	}
	s.group = s.pos - min(uint64(h.back), s.pos-s.base)
	r := Record{Segment: s.base, From: s.pos, To: s.pos + size, Data: data}
	s.buf = s.buf[size:]
	s.pos = r.To
	return r, nil
}

// fill makes sure that buf has n bytes, which lie before the limit.
func (s *scanner) fill(n int) error {
	if len(s.buf) >= n {
		return nil
	}
	want := max(n, int(min(chunk, s.limit-s.pos)))
	mem := s.mem
	if cap(mem) < want || cap(mem) > 4*chunk && want <= chunk {
		mem = make([]byte, max(want, chunk))
	}
	have := copy(mem[:want], s.buf)
	s.mem, s.buf = mem, mem[:have]
	at := headerSize + int64(s.pos-s.base)
	got, err := s.f.ReadAt(mem[have:want], at+int64(have))
	s.buf = mem[:have+got]
	if len(s.buf) >= n {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return s.bad("the file ends before its last record, or a segment after it is missing")
	}
	return fmt.Errorf("read %s at byte %d: %w", s.path, at, err)
}

func (s *scanner) bad(reason string) error {
	return &CorruptError{File: s.path, Offset: headerSize + int64(s.pos-s.base), Position: s.pos, Reason: reason}
}

// rest reads the bytes after a bad record at pos. Acknowledged is set if it finds
// the head of a record whose group started after pos: then the bad record had
// been acknowledged. Empty is set if all bytes from pos on are zero.
func (s *scanner) rest() (acknowledged, empty bool, err error) {
	empty, err = s.heads(s.limit, func(p uint64, h head) (bool, error) {
		acknowledged = p-s.pos > uint64(h.back)
		return acknowledged, nil
	})
	return acknowledged, empty && !acknowledged, err
}

// resync moves from a bad record to the next sound one, or to the limit. The file
// ends at end.
func (s *scanner) resync(end uint64) error {
	to := s.limit
	_, err := s.heads(min(s.limit, end), func(p uint64, _ head) (bool, error) {
		probe := scanner{f: s.f, path: s.path, base: s.base, seed: s.seed, pos: p, limit: s.limit}
		if _, err := probe.next(); errors.Is(err, ErrCorrupt) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		to = p
		return true, nil
	})
	s.pos, s.buf = to, nil
	return err
}

// heads calls f with every place from pos to limit at which there is the head of a
// record, until f reports that it found what it looks for. Empty is set if all
// bytes that were read are zero.
func (s *scanner) heads(limit uint64, f func(p uint64, h head) (found bool, err error)) (empty bool, err error) {
	const lap = RecordOverhead - 1 // a head may straddle two chunks
	empty = true
	var buf []byte
	for at := s.pos; at < limit; {
		if len(buf) < chunk { // small first: the next head is usually near
			buf = make([]byte, max(4<<10, min(4*len(buf), chunk)))
		}
		n := int(min(uint64(len(buf)), limit-at))
		b := buf[:n]
		off := headerSize + int64(at-s.base)
		if got, err := s.f.ReadAt(b, off); got < n {
			return false, fmt.Errorf("read %s at byte %d: %w", s.path, off, err)
		}
		for i := range b {
			if b[i] != 0 {
				empty = false
				break
			}
		}
		for i := 0; i+RecordOverhead <= n; i++ {
			p := at + uint64(i)
			h := readHead(b[i:])
			// The cheap test that fails most often comes first.
			if h.length-1 >= MaxRecord || p == s.pos || !h.valid(s.seed, p-s.base, b[i:]) {
				continue
			}
			if found, err := f(p, h); found || err != nil {
				return empty, err
			}
		}
		if at += uint64(n); at < limit {
			at -= lap
		}
	}
	return empty, nil
}
