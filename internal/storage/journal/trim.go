package journal

import (
	"errors"
	"fmt"
	"io/fs"
)

// Trim removes the segments that lie wholly before a position, oldest first.
// The newest segment stays, so that positions go on. After an error the next Trim
// removes the rest, unless the journal is opened again before: then they are kept.
func (j *Journal) Trim(before uint64) error {
	j.trimming.Lock()
	defer j.trimming.Unlock()
	j.mu.Lock()
	closing := j.closing
	j.mu.Unlock()
	if closing {
		return fmt.Errorf("journal: trim: %w", ErrClosed)
	}
	j.segMu.Lock()
	for len(j.segs) > 1 && j.segs[0].end <= before {
		j.removing = append(j.removing, j.segs[0].file)
		j.segs = j.segs[1:]
	}
	first := j.segs[0].base
	j.segMu.Unlock()
	if len(j.removing) > 0 {
		if err := j.mark(first); err != nil {
			return fmt.Errorf("journal: trim: %w", err)
		}
	}
	// One at a time: a power cut must not leave a gap.
	for len(j.removing) > 0 {
		if err := j.dir.remove(j.removing[0]); err != nil {
			return fmt.Errorf("journal: trim: %w", err)
		}
		j.removing = j.removing[1:]
	}
	return nil
}

// mark records durably that the segments before a position are removed on
// purpose. It comes before their removal.
func (c *Contents) mark(to uint64) error {
	before := c.Trimmed()
	if to <= before {
		return nil
	}
	name := c.dir.join(fileName(to, trimmedExt))
	err := fs.ErrNotExist
	if before > 0 {
		err = c.dir.fs.Rename(c.dir.join(fileName(before, trimmedExt)), name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		f, made := c.dir.makeFile(name)
		if err = made; err == nil {
			err = f.Close()
		}
	}
	if err == nil {
		err = c.dir.sync()
	}
	if err != nil {
		return fmt.Errorf("write the trim mark: %w", err)
	}
	c.segMu.Lock()
	defer c.segMu.Unlock()
	c.trimmed = to
	return nil
}
