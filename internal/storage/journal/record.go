package journal

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	// MaxRecord is the length of the longest record, in bytes.
	MaxRecord = 16 << 20
	// RecordOverhead is the length of the head before the data, in bytes.
	RecordOverhead = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head is the part of a record before its data.
type head struct {
	length, back uint32
	check        uint32 // of the head
	data         uint32 // check of the data
}

func readHead(b []byte) head {
	return head{
		length: binary.BigEndian.Uint32(b),
		back:   binary.BigEndian.Uint32(b[4:]),
		check:  binary.BigEndian.Uint32(b[8:]),
		data:   binary.BigEndian.Uint32(b[12:]),
	}
}

// headCheck is the check of the head in b, at a distance from the base of the
// segment whose header's check is seed.
func headCheck(seed uint32, distance uint64, b []byte) uint32 {
	return crc32.Update(seed^uint32(distance), castagnoli, b[:8])
}

// valid reports whether h, read from b at that distance from the base, is the head
// of a record.
func (h head) valid(seed uint32, distance uint64, b []byte) bool {
	return h.length-1 < MaxRecord && uint64(h.back) <= distance && headCheck(seed, distance, b) == h.check
}

// appendRecord adds a record without its checks to a group; fillChecks adds them.
func appendRecord(group, data []byte) []byte {
	var h [RecordOverhead]byte
	binary.BigEndian.PutUint32(h[:], uint32(len(data)))
	binary.BigEndian.PutUint32(h[4:], uint32(len(group)))
	return append(append(group, h[:]...), data...)
}

// fillChecks fills in the checks of a group of records for one place in one segment.
func fillChecks(group []byte, seed uint32, distance uint64) {
	for at := 0; at < len(group); {
		b := group[at:]
		end := RecordOverhead + int(binary.BigEndian.Uint32(b))
		check := headCheck(seed, distance+uint64(at), b)
		binary.BigEndian.PutUint32(b[8:], check)
		binary.BigEndian.PutUint32(b[12:], crc32.Update(check, castagnoli, b[RecordOverhead:end]))
		at += end
	}
}
