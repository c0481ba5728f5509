package calendar_test

import (
	"fmt"
	"hash/crc32"
	"sort"
	"testing"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
)

var (
	earliest = click.Earliest.Unix()
	latest   = click.Latest.Unix()
)

// TestOffsetsAgreeWithZdump compares offsets with another reader of the same files. The
// table says how it was made. A new database needs a new table.
func TestOffsetsAgreeWithZdump(t *testing.T) {
	known := 0
	for _, line := range readLines(t, "testdata/zdump.txt") {
		if line == "" {
			continue
		}
		known++
		var name, wantSum string
		var wantChanges int
		if _, err := fmt.Sscan(line, &name, &wantChanges, &wantSum); err != nil {
			t.Fatalf("table line %q: %v", line, err)
		}
		zone := load(t, name)
		changes := changesOf(zone.Offset)
		text := fmt.Appendf(nil, "%d %d\n", earliest, zone.Offset(earliest))
		for _, at := range changes {
			text = fmt.Appendf(text, "%d %d\n", at, zone.Offset(at))
		}
		if sum := fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)); sum != wantSum {
			t.Errorf("%s: %d changes with the sum %s, zdump has %d with %s", name, len(changes), sum, wantChanges, wantSum)
		}
	}
	if known != len(calendar.Zones()) {
		t.Errorf("the table has %d zones of %d", known, len(calendar.Zones()))
	}
}

// changesOf lists the instants at which an offset changes, 1980 to 2099. It must not change more than
// once in six hours.
func changesOf(offset func(int64) int) []int64 {
	const step = 6 * 3600
	var changes []int64
	before := offset(earliest)
	for t := earliest; t < latest; t += step {
		after := offset(t + step)
		if after == before {
			continue
		}
		at := t + 1 + int64(sort.Search(step-1, func(i int) bool { return offset(t+1+int64(i)) != before }))
		if at < latest {
			changes = append(changes, at)
		}
		before = after
	}
	return changes
}
