package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	headerSize = 48
	magic      = "ffjourn"
	version    = 1

	// flagUnsynced: groups were not synced, so a power cut may have lost any of
	// them.
	flagUnsynced = 1
	// flagLost: Repair made the segment. It has no records and ends at its base,
	// whatever the prev of the next one is: everything between them is a hole.
	flagLost = 2
)

// header is the start of a segment file.
type header struct {
	id         [16]byte
	base, prev uint64
	flags      uint32
}

// encode writes the header, check included.
func (h header) encode() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = append(b, version)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, h.base)
	b = binary.BigEndian.AppendUint64(b, h.prev)
	b = binary.BigEndian.AppendUint32(b, h.flags)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeHeader is the inverse of encode, and also returns the check. The reason is
// empty if the header is sound.
func decodeHeader(b []byte) (h header, check uint32, reason string, err error) {
	if len(b) < headerSize {
		return h, 0, "the file is shorter than a segment's header", nil
	}
	if !bytes.HasPrefix(b, []byte(magic)) {
		return h, 0, "the file does not begin as a segment does", nil
	}
	check = binary.BigEndian.Uint32(b[44:])
	if crc32.Checksum(b[:44], castagnoli) != check {
		return h, 0, "the header does not agree with its check", nil
	}
	if b[7] != version {
		return h, 0, "", fmt.Errorf("%w (%d)", ErrVersion, b[7])
	}
	copy(h.id[:], b[8:])
	h.base = binary.BigEndian.Uint64(b[24:])
	h.prev = binary.BigEndian.Uint64(b[32:])
	h.flags = binary.BigEndian.Uint32(b[40:])
	if h.prev > h.base {
		return h, 0, "the segment begins before the one before it ends", nil
	}
	if h.base >= noPosition {
		return h, 0, "the segment begins after all positions", nil
	}
	return h, check, "", nil
}

// readHeader reads the header of a segment file; base is the one in its name.
func (d dir) readHeader(f vfs.File, file string, base uint64) (*segment, error) {
	b := make([]byte, headerSize)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read %s: %w", d.join(file), err)
	}
	h, check, reason, err := decodeHeader(b[:n])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", d.join(file), err)
	}
	if reason == "" && h.base != base {
		reason = "the header has another position than the name"
	}
	if reason != "" {
		return nil, &CorruptError{File: d.join(file), Position: base, Reason: reason}
	}
	return &segment{header: h, seed: check, end: h.base, file: file}, nil
}
