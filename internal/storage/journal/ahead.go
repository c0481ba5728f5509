package journal

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"syscall"
)

// The newest file is written with zeros ahead of its records, so that most groups replace bytes
// that are on the disk already. Their sync then writes data alone. Without zeros the file grows
// with each group, and the sync writes where it ends too. A reader takes zeros after the last
// record for the end of a file that a crash left.

// truncater is a file that can be made shorter. Other files get no zeros, because a sealed file
// ends with its last record.
type truncater interface{ Truncate(size int64) error }

// The bytes of zeros that are written at once: a quarter of what the file has, at most mostAhead,
// and none if that is less than leastAhead. So small files have none, and grow as before.
const leastAhead, mostAhead = 16 << 10, 1 << 20

var zeros [mostAhead]byte

// writeZeros writes zeros after a group that ends at an offset in the open file, unless the group
// replaces zeros. They become durable with the group.
func (j *Journal) writeZeros(groupEnd int64) error {
	if _, ok := j.file.(truncater); !ok || j.noSync || groupEnd <= j.ahead {
		return nil
	}
	n := min(groupEnd/4, mostAhead, j.segmentSize-groupEnd)
	if n < cmp.Or(j.leastAhead, leastAhead) {
		return nil
	}
	_, err := j.file.WriteAt(zeros[:n], groupEnd)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		j.ahead = math.MaxInt64 // the file goes on without zeros
		return nil
	}
	j.ahead = groupEnd + n
	return err
}

// cutZeros makes the open file end with its last record.
func (j *Journal) cutZeros(s *segment) error {
	f, ok := j.file.(truncater)
	if !ok || j.ahead == 0 {
		return nil
	}
	j.ahead = 0
	if err := f.Truncate(s.offset(s.end)); err != nil {
		return fmt.Errorf("cut the zeros at the end of %s: %w", j.dir.join(s.file), err)
	}
	return nil
}
