package journal

import (
	"errors"
	"fmt"
	"math"
	"syscall"
)

// The newest file is written with zeros ahead of its records, so that most groups replace bytes
// that are on the disk already. Their sync then writes data alone. Without zeros the file grows
// with each group, and the sync writes where it ends too, which takes twice as long or longer. A
// reader takes zeros after the last record for the end of a file that a crash left.

// truncater is a file that can be made shorter. Other files get no zeros, because a sealed file
// ends with its last record.
type truncater interface{ Truncate(size int64) error }

// The number of zeros that are written at once: twice as many each time, so that a journal of few
// clicks stays small.
const leastAhead, mostAhead = 16 << 10, 1 << 20

var zeros [mostAhead]byte

// ahead is the zeros after the records of the open file. The zero value has none yet.
type ahead struct {
	end  int64 // of the zeros or the records, as an offset in the file
	step int
}

// writeZeros writes zeros after a group that ends at an offset in the open file, unless the group
// replaces zeros. They become durable with the group.
func (j *Journal) writeZeros(groupEnd int64) error {
	if _, ok := j.file.(truncater); !ok || j.noSync || groupEnd <= j.ahead.end {
		return nil
	}
	j.ahead.step = min(max(2*j.ahead.step, leastAhead), mostAhead)
	end := min(groupEnd+int64(j.ahead.step), j.segmentSize)
	if end <= groupEnd {
		return nil
	}
	_, err := j.file.WriteAt(zeros[:end-groupEnd], groupEnd)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		j.ahead.end = math.MaxInt64 // the file goes on without zeros
		return nil
	}
	j.ahead.end = end
	return err
}

// cutZeros makes the open file end with its last record.
func (j *Journal) cutZeros(s *segment) error {
	f, ok := j.file.(truncater)
	if !ok || j.ahead == (ahead{}) {
		return nil
	}
	j.ahead = ahead{}
	if err := f.Truncate(s.offset(s.end)); err != nil {
		return fmt.Errorf("cut the zeros at the end of %s: %w", j.dir.join(s.file), err)
	}
	return nil
}
