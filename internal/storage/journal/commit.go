package journal

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"time"
)

// maxGroup is the maximum number of bytes of records that wait for one write; a longer
// record is written alone. It bounds the memory of a journal whose disk is slow.
const maxGroup = 4 << 20

// group is the records that share one write and one sync.
type group struct {
	buf     []byte
	last    int // where its last record starts
	records int
	room    chan struct{} // closed when the group is taken; nil if no append waits for room
	done    chan struct{} // closed when the group is durable or has failed
	// patience is that of calls of AppendWithin; nil without one.
	patience *sharedPatience

	// Set before done is closed.
	start uint64 // where its first record is
	err   error
}

// wait waits until the group is durable or has failed, or ctx ends.
func (g *group) wait(ctx context.Context) error {
	if ctx.Done() == nil {
		<-g.done
		return g.err
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
	}
	select {
	case <-g.done:
		return g.err
	default:
		return ctx.Err()
	}
}

// enqueue puts a copy of the record into the pending group, and waits for room in
// it. After is the distance from the group's start to the record's end.
func (j *Journal) enqueue(ctx context.Context, record []byte) (g *group, after int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	j.mu.Lock()
	for {
		g = j.pending
		if j.closing {
			j.mu.Unlock()
			return nil, 0, ErrClosed
		}
		if g.hasRoom(record) {
			break
		}
		if g.room == nil {
			g.room = make(chan struct{})
		}
		room := g.room
		j.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
		j.mu.Lock()
	}
	after = g.put(record)
	first := g.records == 1
	j.mu.Unlock()
	if first {
		j.wakeCommitter()
	}
	return g, after, nil
}

// hasRoom reports whether a record fits into a group.
func (g *group) hasRoom(record []byte) bool {
	return g.records == 0 || len(g.buf)+RecordOverhead+len(record) <= maxGroup
}

// put puts a copy of the record into a group, and returns the distance from the group's start to the
// record's end. The caller holds Journal.mu.
func (g *group) put(record []byte) (after int) {
	g.last = len(g.buf)
	g.buf = appendRecord(g.buf, record)
	g.records++
	return len(g.buf)
}

func (j *Journal) wakeCommitter() {
	select {
	case j.groupReady <- struct{}{}:
	default: // it will wake anyway
	}
}

// run commits groups until the journal is closed and no record waits.
func (j *Journal) run() {
	defer close(j.stopped)
	for range j.groupReady {
		g, closed := j.nextGroup()
		for ; g != nil; g, closed = j.nextGroup() {
			j.commit(g)
		}
		if closed {
			return
		}
	}
}

// nextGroup returns the pending group and starts another one; nil if no record waits.
func (j *Journal) nextGroup() (*group, bool) {
	// Callers that the last commit woke are about to append again. Let them do so
	// first, or they would miss this group and wait for the next one.
	for before := -1; ; {
		j.mu.Lock()
		n := j.pending.records
		if n == before || n == 0 {
			break
		}
		j.mu.Unlock()
		before = n
		runtime.Gosched()
	}
	defer j.mu.Unlock()
	g := j.pending
	if g.records == 0 {
		return nil, j.closing
	}
	j.pending = &group{buf: j.spare[:0], done: make(chan struct{})}
	j.spare = nil
	if g.room != nil {
		close(g.room)
	}
	return g, j.closing
}

// commit makes a group durable and wakes the callers that wait for it.
func (j *Journal) commit(g *group) {
	j.writing.Lock()
	g.err = j.write(g)
	j.writing.Unlock()

	buf := g.buf
	g.buf = nil
	j.mu.Lock()
	if cap(buf) <= 2*maxGroup {
		j.spare = buf
	}
	j.mu.Unlock()
	close(g.done)
	g.patience.stop()
	if g.err == nil {
		j.wakeReaders()
	}
}

// wakeReaders wakes the readers that wait for a record.
func (j *Journal) wakeReaders() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.recordsAdded != nil {
		close(j.recordsAdded)
		j.recordsAdded = nil
	}
}

// write makes a group durable at the end of the journal. If the file fails, it
// uses a new segment.
func (j *Journal) write(g *group) error {
	s := j.last()
	g.start = s.end
	if j.file != nil && s.end > s.base && s.offset(s.end)+int64(len(g.buf)) > j.segmentSize {
		// If no file can be made, on a full disk for example, this one grows.
		err := j.roll(s.end)
		if err != nil && !j.full {
			j.log.Warn("journal: the segment is full and a new one cannot be made; records are appended to the full one", "error", err)
		}
		j.full = err != nil
		s = j.last()
	}
	var failed error
	if j.file != nil {
		if failed = j.removeLeftover(); failed == nil {
			failed = j.put(g)
		}
		if failed == nil {
			return nil
		}
		j.abandon()
	}
	if err := j.roll(g.start); err != nil {
		return errors.Join(failed, err)
	}
	if err := j.put(g); err != nil {
		j.abandon()
		return errors.Join(failed, err)
	}
	if failed != nil {
		j.log.Warn("journal: a segment was given up after an error, and recording goes on in a new one; nothing is lost",
			"file", j.dir.join(s.file), "position", g.start, "error", failed)
	}
	return nil
}

// put writes a group to the open file and syncs it. After an error the file must
// not be written again: the write may have reached the disk in part, and another
// sync may succeed without writing anything.
func (j *Journal) put(g *group) error {
	s := j.last()
	fillChecks(g.buf, s.seed, s.end-s.base)
	began := time.Now()
	_, err := j.file.WriteAt(g.buf, s.offset(s.end))
	if err == nil {
		err = j.writeZeros(s.offset(s.end) + int64(len(g.buf)))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", j.dir.join(s.file), err)
	}
	if !j.noSync {
		if err := j.file.SyncData(); err != nil {
			return fmt.Errorf("sync %s: %w", j.dir.join(s.file), err)
		}
	}
	if j.synced != nil {
		j.synced(time.Since(began))
	}
	j.segMu.Lock()
	s.end += uint64(len(g.buf))
	end := s.end
	j.segMu.Unlock()
	j.ended(j.id, end, crc32.Checksum(g.buf[g.last+RecordOverhead:], castagnoli))
	return nil
}

// abandon gives up the open file, so that the next group needs a new segment. An
// error of closing adds nothing to the one before it.
func (j *Journal) abandon() {
	j.file.Close()
	j.file, j.ahead = nil, 0
}

// roll makes a segment that starts at base, which is the end or later, and seals
// the one before. If the newest segment starts there, it has no acknowledged
// records, and is replaced.
func (j *Journal) roll(base uint64) error {
	old := j.last()
	h := header{id: j.id, base: base, prev: old.end}
	if j.noSync {
		h.flags = flagUnsynced
	}
	replace := old.base == base
	if replace {
		h.prev = old.prev
	}
	if j.leftover != base {
		if err := j.removeLeftover(); err != nil {
			return err
		}
	}
	if j.file != nil && j.noSync {
		if err := j.file.SyncData(); err != nil {
			// Append only promised that it was written.
			j.log.Warn("journal: a segment could not be synced", "file", j.dir.join(old.file), "error", err)
		}
	}
	s, f, err := j.dir.create(h)
	if err != nil {
		if !replace {
			j.leftover = base
		}
		return err
	}
	j.leftover = 0
	if j.file != nil {
		_ = j.cutZeros(old) // only for the space: it ends where the new one says
		j.file.Close()      // it is synced
	}
	j.file, j.ahead = f, 0
	j.segMu.Lock()
	defer j.segMu.Unlock()
	if replace {
		j.segs[len(j.segs)-1] = s
		return nil
	}
	// The new name becomes durable with the next one: a file that has a successor
	// counts as sealed whatever its name is.
	if _, err := j.seal(old); err != nil {
		j.log.Warn("journal: a sealed segment could not be renamed and keeps its name; nothing is lost", "error", err)
	}
	j.segs = append(j.segs, s)
	if j.rolled != nil {
		j.rolled()
	}
	return nil
}

// removeLeftover removes the file that a failed roll may have left. That file says that the
// segment before ends where it begins, so no other file may get records while it
// exists. The next roll to the same base replaces it.
func (j *Journal) removeLeftover() error {
	if j.leftover == 0 {
		return nil
	}
	if err := j.dir.remove(fileName(j.leftover, openExt)); err != nil {
		return err
	}
	j.leftover = 0
	return nil
}

// seal renames a segment that has records, and reports whether it did. The caller
// holds segMu.
func (j *Journal) seal(s *segment) (bool, error) {
	if s.sealed() || s.end == s.base {
		return false, nil
	}
	name := fileName(s.base, sealedExt)
	if err := j.dir.fs.Rename(j.dir.join(s.file), j.dir.join(name)); err != nil {
		return false, fmt.Errorf("seal %s: %w", j.dir.join(s.file), err)
	}
	s.file = name
	return true, nil
}
