package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// Trimmed is the position before which segments were removed by Trim, or will be.
// Where First lies beyond, somebody else removed the segments between.
func (j *Journal) Trimmed() uint64 {
	j.segMu.RLock()
	defer j.segMu.RUnlock()
	return j.trimmed
}

// TrimMark is the path of the file that says what Trimmed is; empty where that
// is 0. A copy of the journal needs it as it needs the segments.
func (j *Journal) TrimMark() string {
	at := j.Trimmed()
	if at == 0 {
		return ""
	}
	return j.dir.join(fileName(at, trimmedExt))
}

// Trim removes the segments that lie wholly before a position, oldest first.
// The newest segment stays, so that positions go on. After an error the rest
// is removed by the next Trim, or is there again when the journal is opened.
func (j *Journal) Trim(before uint64) error {
	j.trimming.Lock()
	defer j.trimming.Unlock()
	j.mu.Lock()
	closed := j.closed
	j.mu.Unlock()
	if closed {
		return fmt.Errorf("journal: trim: %w", ErrClosed)
	}
	j.segMu.Lock()
	for len(j.segs) > 1 && j.segs[0].end <= before {
		j.doomed = append(j.doomed, j.segs[0].file)
		j.segs = j.segs[1:]
	}
	first := j.segs[0].base
	j.segMu.Unlock()
	if len(j.doomed) > 0 {
		if err := j.mark(first); err != nil {
			return fmt.Errorf("journal: trim: %w", err)
		}
	}
	// One after the other: a power cut must not leave a gap.
	for len(j.doomed) > 0 {
		if err := j.dir.remove(j.doomed[0]); err != nil {
			return fmt.Errorf("journal: trim: %w", err)
		}
		j.doomed = j.doomed[1:]
	}
	return nil
}

// mark notes that all before a position goes on purpose, durably and before it
// does.
func (j *Journal) mark(to uint64) error {
	before := j.Trimmed()
	if to <= before {
		return nil
	}
	name := j.dir.join(fileName(to, trimmedExt))
	err := fs.ErrNotExist
	if before > 0 {
		err = j.dir.fs.Rename(j.dir.join(fileName(before, trimmedExt)), name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		f, made := j.dir.makeFile(name)
		if err = made; err == nil {
			err = f.Close()
		}
	}
	if err == nil {
		err = j.dir.sync()
	}
	if err != nil {
		return fmt.Errorf("note what is trimmed: %w", err)
	}
	j.segMu.Lock()
	defer j.segMu.Unlock()
	j.trimmed = to
	return nil
}
