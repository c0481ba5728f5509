package pebble_test

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

func TestVectorBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what   string
		bytes  []byte
		slots  int
		at     []int
		clicks []uint64
	}{
		{"nothing", nil, 96, nil, nil},
		{"one click in the first slot", []byte{0}, 96, []int{0}, []uint64{1}},
		{"one click in the last slot", []byte{95 << 1}, 96, []int{95}, []uint64{1}},
		{"two clicks", []byte{1, 0}, 96, []int{0}, []uint64{2}},
		{"130 clicks after three empty slots, then one", []byte{3<<1 | 1, 0x80, 1, 0}, 96, []int{3, 4}, []uint64{130, 1}},
		{"the maximum number of clicks", []byte{1, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 96, []int{0}, []uint64{math.MaxUint64}},
	}
	for _, test := range tests {
		at, clicks, err := pebble.DecodeVector(test.bytes, test.slots)
		if err != nil || !slices.Equal(at, test.at) || !slices.Equal(clicks, test.clicks) {
			t.Errorf("%s: %x is %v %v %v, want %v %v", test.what, test.bytes, at, clicks, err, test.at, test.clicks)
		}
		if got := pebble.EncodeVector(test.at, test.clicks); !bytes.Equal(got, test.bytes) {
			t.Errorf("%s: written as %x, want %x", test.what, got, test.bytes)
		}
	}
}

func TestCorruptVectors(t *testing.T) {
	t.Parallel()
	for what, b := range map[string][]byte{
		"clicks missing":     {1},
		"clicks cut short":   {1, 0x80},
		"clicks padded":      {1, 0x80, 0},
		"clicks above 2⁶⁴":   {1, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"number too long":    {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"slot 31 of a month": {31 << 1},
		"slots run over":     {30 << 1, 0},
	} {
		if at, clicks, err := pebble.DecodeVector(b, 31); err == nil {
			t.Errorf("%s: %x is read as %v %v", what, b, at, clicks)
		}
		if sums, counts, e1, e2 := pebble.SumVector(b, 31, []int{31}); e1 == nil || e2 == nil {
			t.Errorf("%s: %x is added up to %v, %v, and %v, %v", what, b, sums, e1, counts, e2)
		}
		for _, vectors := range [][][]byte{{b, {0}}, {{0}, b}, {{0}, {0}, b}} {
			if _, err := pebble.MergeVectors([]byte("d..."), vectors...); err == nil {
				t.Errorf("%s: %x is merged", what, b)
			}
		}
	}
	for _, key := range [][]byte{nil, []byte("l"), []byte("x")} {
		if _, err := pebble.MergeVectors(key, []byte{0}); err == nil {
			t.Errorf("a vector is merged under %q, which is no grain", key)
		}
	}
}

func drawVector(t *rapid.T) map[int]uint64 {
	return rapid.MapOf(rapid.IntRange(0, 95), rapid.OneOf(rapid.Uint64Range(1, 3), rapid.Uint64Range(1, 1<<60))).Draw(t, "vector")
}

func encode(m map[int]uint64) []byte {
	var clicks []uint64
	at := slices.Sorted(maps.Keys(m))
	for _, slot := range at {
		clicks = append(clicks, m[slot])
	}
	return pebble.EncodeVector(at, clicks)
}

// TestMergeAdds: merging adds slot by slot, in any order and grouping.
func TestMergeAdds(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(r *rapid.T) {
		sum := map[int]uint64{}
		var vectors [][]byte
		for range rapid.IntRange(1, 5).Draw(r, "vectors") {
			v := drawVector(r)
			for slot, n := range v {
				sum[slot] += n
			}
			vectors = append(vectors, encode(v))
		}
		got, err := pebble.MergeVectors([]byte("q..."), vectors...)
		if err != nil || !bytes.Equal(got, encode(sum)) {
			r.Fatalf("%x merges to %x, %v, want %x", vectors, got, err, encode(sum))
		}
		n := rapid.IntRange(0, len(vectors)-1).Draw(r, "cut")
		head, e1 := pebble.MergeVectors([]byte("q..."), append([][]byte{nil}, vectors[:n]...)...)
		tail, e2 := pebble.MergeVectors([]byte("q..."), vectors[n:]...)
		got, e3 := pebble.MergeVectors([]byte("q..."), head, tail)
		if e1 != nil || e2 != nil || e3 != nil || !bytes.Equal(got, encode(sum)) {
			r.Fatalf("%x merges in two parts to %x", vectors, got)
		}
	})
}

// TestSumsOfVectors: the two ways to add up the slots of a vector agree with its slots.
func TestSumsOfVectors(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(r *rapid.T) {
		// Numbers of one byte, two bytes and more.
		clicks := rapid.OneOf(rapid.Uint64Range(1, 300), rapid.Uint64Range(16380, 16400), rapid.Uint64Range(1, 1<<50))
		m := rapid.MapOf(rapid.IntRange(0, 95), clicks).Draw(r, "vector")
		edges := rapid.SliceOfNDistinct(rapid.IntRange(1, 95), 0, 5, rapid.ID).Draw(r, "edges")
		slices.Sort(edges)
		edges = append(edges, 96)
		want := make([]uint64, len(edges))
		for slot, n := range m {
			i, found := slices.BinarySearch(edges, slot)
			if found { // it is after the edge
				i++
			}
			want[i] += n
		}
		sums, counts, e1, e2 := pebble.SumVector(encode(m), 96, edges)
		if err := errors.Join(e1, e2); err != nil || !slices.Equal(sums, want) || !slices.Equal(counts, want) {
			r.Fatalf("%v until %v: Sum has %v, Counts %v, %v, want %v", m, edges, sums, counts, err, want)
		}
	})
}

func FuzzVector(f *testing.F) {
	f.Add([]byte{0}, []byte{1, 0})
	f.Add([]byte{3<<1 | 1, 0x80, 1, 0}, []byte{95 << 1})
	f.Add([]byte{1, 0x80, 0}, []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		at, clicks, err := pebble.DecodeVector(a, 96)
		if err == nil && !bytes.Equal(pebble.EncodeVector(at, clicks), a) {
			t.Errorf("%x is read as %v %v, which is written as %x", a, at, clicks, pebble.EncodeVector(at, clicks))
		}
		if _, _, e1, e2 := pebble.SumVector(a, 96, []int{96}); (e1 == nil) != (err == nil) || (e2 == nil) != (err == nil) {
			t.Errorf("%x is added up with errors %v and %v, and read with error %v", a, e1, e2, err)
		}
		if sum, err := pebble.MergeVectors([]byte("q..."), a, b); err == nil {
			if _, _, err := pebble.DecodeVector(sum, 96); err != nil {
				t.Errorf("%x and %x merge to %x, which cannot be read: %v", a, b, sum, err)
			}
		}
	})
}

func FuzzBeside(f *testing.F) {
	for facet := range len(rollup.Facets()) + 2 { // facet 0, and one more than there are
		user := make([]byte, 20)
		user[17] = byte(facet)
		link := bytes.Clone(user)
		link[16] = 1
		f.Add(user, []byte{})
		f.Add(link, []byte{})
	}
	f.Add([]byte("k"), []byte("v"))
	f.Add(append([]byte("k"), make([]byte, 72)...), make([]byte, 41))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		if m, err := pebble.ParseMark(key, value); err == nil && (len(key) != 73 || len(value) < 41 || m.Notes != string(value[41:])) {
			t.Errorf("%x = %x is read as %+v", key, value, m)
		}
		whole := len(key) >= 20 && slices.Contains(rollup.Facets(), rollup.Facet(key[17])) &&
			(rollup.Facet(key[17]) != rollup.Link || [8]byte(key[9:17]) == [8]byte{})
		if err := pebble.ParsePeriodKey(key); (err == nil) != whole {
			t.Errorf("key %x: %v", key, err)
		}
	})
}
