// Package mmdbtest makes small MMDB files for tests.
package mmdbtest

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
)

// File makes a database, with records of 24 bits. version is 4, or 6 for networks of both. The
// values of networks are strings, unsigned numbers, and lists ([]any) and maps
// (map[string]any) of such values.
func File(version uint16, networks map[string]any) []byte {
	const empty, data = -1, -2 // records that are no nodes: data-i is the record at offset i
	nodes := [][2]int{{empty, empty}}
	var section []byte
	for _, n := range slices.Sorted(maps.Keys(networks)) {
		p := netip.MustParsePrefix(n)
		address, bits := p.Addr().AsSlice(), p.Bits()
		if p.Addr().Is4() && version == 6 {
			address, bits = append(make([]byte, 12), address...), bits+96
		}
		at := 0
		for i := range bits {
			bit := address[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				nodes[at][bit] = data - len(section)
			} else {
				if nodes[at][bit] == empty {
					nodes = append(nodes, [2]int{empty, empty})
					nodes[at][bit] = len(nodes) - 1
				}
				at = nodes[at][bit]
			}
		}
		section = append(section, encode(networks[n])...)
	}
	var file []byte
	for _, node := range nodes {
		for _, r := range node {
			switch {
			case r == empty:
				r = len(nodes)
			case r <= data:
				r = len(nodes) + 16 + data - r
			}
			file = append(file, byte(r>>16), byte(r>>8), byte(r))
		}
	}
	file = append(append(file, make([]byte, 16)...), section...)
	return append(append(file, "\xab\xcd\xefMaxMind.com"...), encode(map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": uint64(1_700_000_000),
		"database_type": "Test-Country", "description": map[string]any{"en": "a test"}, "ip_version": version,
		"languages": []any{"en"}, "node_count": uint32(len(nodes)), "record_size": uint16(24),
	})...)
}

// encode writes a value of the data section (MaxMind DB file format, 2.0).
func encode(v any) []byte {
	control := func(kind, size int) []byte {
		first, extra := byte(kind<<5), []byte(nil)
		if kind > 7 {
			first, extra = 0, []byte{byte(kind - 7)}
		}
		if size >= 29 {
			return append(append([]byte{first | 29}, extra...), byte(size-29))
		}
		return append([]byte{first | byte(size)}, extra...)
	}
	switch v := v.(type) {
	case string:
		return append(control(2, len(v)), v...)
	case uint64:
		return binary.BigEndian.AppendUint64(control(9, 8), v)
	case uint16:
		return binary.BigEndian.AppendUint16(control(5, 2), v)
	case uint32:
		return binary.BigEndian.AppendUint32(control(6, 4), v)
	case []any:
		b := control(11, len(v))
		for _, s := range v {
			b = append(b, encode(s)...)
		}
		return b
	case map[string]any:
		b := control(7, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = append(append(b, encode(k)...), encode(v[k])...)
		}
		return b
	default:
		panic("no such kind of value")
	}
}
