package sql

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// This file overwrites deleted data in a file of SQLite. secure_delete overwrites a
// row that is deleted or replaced. But when rows move between pages, their old copies
// stay until the space is used again, and old files were written without
// secure_delete. So after a deletion every page is read, some at a time, and
// everything that belongs to no row is overwritten. VACUUM would do that in one
// transaction, and block writes all the time.

// clean is the user_version of a file without remains of deleted rows. A lower
// number means that there may be some.
const (
	clean     = 1
	markClean = `PRAGMA user_version = 1`
)

// pagesAtOnce limits how long other writes are blocked.
const pagesAtOnce = 128

// Dirty reports whether the file may have remains of deleted rows, and returns a mark
// for Cleaned.
func (db *SQLite) Dirty(ctx context.Context) (dirty bool, mark int64, err error) {
	defer wrap("dirty", &err)
	if err := db.writer.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&mark); err != nil {
		return false, 0, err
	}
	return mark < clean, mark, nil
}

// setDirty makes the file dirty, with a new mark.
func (d *deleter) setDirty() {
	var mark int64
	if d.err == nil {
		d.err = d.row(`PRAGMA user_version`).Scan(&mark)
	}
	d.exec(fmt.Sprintf(`PRAGMA user_version = %d`, min(mark, 0)-1))
}

// Cleaned records that the file is clean, unless rows were deleted after Dirty
// returned the mark.
func (db *SQLite) Cleaned(ctx context.Context, mark int64) (err error) {
	defer wrap("cleaned", &err)
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		var now int64
		if err := tx.QueryRow(`PRAGMA user_version`).Scan(&now); err != nil || now != mark {
			return err
		}
		_, err := tx.Exec(markClean)
		return err
	})
}

// Clean overwrites what was deleted before the call, and empties the write-ahead log.
// It waits for readers of the log.
func (db *SQLite) Clean(ctx context.Context) (err error) {
	defer wrap("clean", &err)
	if err := db.wipe(ctx); err != nil {
		return err
	}
	return db.emptyWAL(ctx)
}

var errLayout = errors.New("the file has a layout that footfall does not write, so deleted data were not wiped from it")

func (db *SQLite) wipe(ctx context.Context) error {
	if err := db.wipeFree(ctx); err != nil {
		return err
	}
	for next, more := uint32(1), true; more; next += pagesAtOnce {
		err := db.wiping(ctx, func(w *wiper) (err error) {
			for pgno := next; pgno < next+pagesAtOnce; pgno++ {
				if more = pgno <= w.pages; !more {
					return nil
				}
				if err := w.tree(pgno); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wipeFree overwrites the pages of the freelist: a chain of trunk pages, which list
// leaf pages.
func (db *SQLite) wipeFree(ctx context.Context) error {
	for n, more := 0, true; more; n++ {
		err := db.wiping(ctx, func(w *wiper) error {
			first, err := w.read(1)
			if err != nil {
				return err
			}
			at := binary.BigEndian.Uint32(first[32:])
			for i := 0; ; i++ {
				if more = at != 0 && at <= w.pages && i <= n; !more {
					return nil
				}
				trunk, err := w.read(at)
				if err != nil {
					return err
				}
				if i == n {
					return w.free(at, trunk)
				}
				at = binary.BigEndian.Uint32(trunk)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// wiper overwrites in one transaction.
type wiper struct {
	ctx           context.Context
	tx            *sql.Tx
	pages         uint32
	usable        int // bytes of a page
	read1, write1 *sql.Stmt
}

func (db *SQLite) wiping(ctx context.Context, f func(*wiper) error) error {
	return inTx(ctx, db.writer, func(tx *sql.Tx) error {
		w := &wiper{ctx: context.WithoutCancel(ctx), tx: tx}
		if err := tx.QueryRow(`PRAGMA page_count`).Scan(&w.pages); err != nil {
			return err
		}
		var err error
		if w.read1, err = tx.Prepare(`SELECT data FROM sqlite_dbpage WHERE pgno = $1`); err != nil {
			return err
		}
		if w.write1, err = tx.Prepare(`UPDATE sqlite_dbpage SET data = $1 WHERE pgno = $2`); err != nil {
			return err
		}
		first, err := w.read(1)
		if err != nil {
			return err
		}
		w.usable = len(first) - int(first[20])
		// A pointer map page of incremental vacuum, or the number of an overflow page
		// of a huge file, could be mistaken for the type of a tree page.
		if binary.BigEndian.Uint32(first[52:]) != 0 || w.pages >= 1<<25 {
			return errLayout
		}
		return f(w)
	})
}

func (w *wiper) read(pgno uint32) (page []byte, err error) {
	err = w.read1.QueryRowContext(w.ctx, pgno).Scan(&page)
	if err == nil && len(page) < 512 {
		err = fmt.Errorf("page %d has %d bytes", pgno, len(page))
	}
	return page, err
}

func (w *wiper) write(pgno uint32, page []byte) error {
	_, err := w.write1.ExecContext(w.ctx, page, pgno)
	return err
}

// free overwrites the leaf pages that a trunk page lists, and the rest of the trunk.
func (w *wiper) free(pgno uint32, trunk []byte) error {
	n := int(binary.BigEndian.Uint32(trunk[4:]))
	if n < 0 || 8+4*n > w.usable {
		return nil // damage, which Verify reports
	}
	for i := range n {
		leaf := binary.BigEndian.Uint32(trunk[8+4*i:])
		if leaf < 2 || leaf > w.pages {
			return nil
		}
		page, err := w.read(leaf)
		if err != nil {
			return err
		}
		if zero(page) {
			if err := w.write(leaf, page); err != nil {
				return err
			}
		}
	}
	if zero(trunk[8+4*n:]) {
		return w.write(pgno, trunk)
	}
	return nil
}

// zero reports whether it changed anything.
func zero(b []byte) (changed bool) {
	for i := range b {
		if b[i] != 0 {
			b[i], changed = 0, true
		}
	}
	return changed
}

// The types of tree pages: their first byte.
const (
	indexInner = 0x02
	tableInner = 0x05
	indexLeaf  = 0x0a
	tableLeaf  = 0x0d
)

// tree overwrites what belongs to no row in a page of a tree, and in the last
// overflow page of each row. It does not change other pages.
func (w *wiper) tree(pgno uint32) error {
	page, err := w.read(pgno)
	if err != nil {
		return err
	}
	head := page
	if pgno == 1 {
		head = page[100:] // after the header of the file
	}
	cells := 8
	switch head[0] {
	case indexInner, tableInner:
		cells = 12
	case indexLeaf, tableLeaf:
	default:
		return nil
	}
	cells += len(page) - len(head)
	n, content := int(binary.BigEndian.Uint16(head[3:])), int(binary.BigEndian.Uint16(head[5:]))
	if content == 0 {
		content = 1 << 16
	}
	if cells+2*n > content || content > w.usable {
		return nil // damage, which Verify reports
	}
	changed := zero(page[cells+2*n : content])
	for free := int(binary.BigEndian.Uint16(head[1:])); free >= content && free+4 <= w.usable; {
		next, size := int(binary.BigEndian.Uint16(page[free:])), int(binary.BigEndian.Uint16(page[free+2:]))
		if size < 4 || free+size > w.usable || next != 0 && next < free+size {
			break
		}
		changed = zero(page[free+4:free+size]) || changed
		free = next
	}
	if changed {
		if err := w.write(pgno, page); err != nil {
			return err
		}
	}
	if head[0] == tableInner { // without rows
		return nil
	}
	for i := range n {
		at := int(binary.BigEndian.Uint16(page[cells+2*i:]))
		if at < content || at >= w.usable {
			return nil
		}
		if err := w.rest(head[0], page[at:w.usable]); err != nil {
			return err
		}
	}
	return nil
}

// rest overwrites what follows the end of a row in its last overflow page.
func (w *wiper) rest(kind byte, cell []byte) error {
	local := (w.usable-12)*64/255 - 23
	switch kind {
	case tableLeaf:
		local = w.usable - 35
	case indexInner:
		cell = cell[min(4, len(cell)):]
	}
	size, n := varint(cell)
	if kind == tableLeaf {
		_, m := varint(cell[n:])
		n += m
	}
	if size <= uint64(local) || size > 1<<31 {
		return nil
	}
	least := (w.usable-12)*32/255 - 23
	if here := least + (int(size)-least)%(w.usable-4); here <= local {
		local = here
	} else {
		local = least
	}
	if n+local+4 > len(cell) {
		return nil
	}
	next, left := binary.BigEndian.Uint32(cell[n+local:]), int(size)-local
	for next > 1 && next <= w.pages {
		page, err := w.read(next)
		if err != nil {
			return err
		}
		if left > w.usable-4 {
			next, left = binary.BigEndian.Uint32(page), left-(w.usable-4)
			continue
		}
		if zero(page[4+left : w.usable]) {
			return w.write(next, page)
		}
		return nil
	}
	return nil
}

// varint decodes a varint of SQLite, and returns its length.
func varint(b []byte) (v uint64, n int) {
	for n = 0; n < len(b) && n < 8; n++ {
		v = v<<7 | uint64(b[n]&0x7f)
		if b[n] < 0x80 {
			return v, n + 1
		}
	}
	if n == 8 && n < len(b) {
		return v<<8 | uint64(b[8]), 9
	}
	return 0, n
}

// How long an attempt waits for readers and blocks writes, and the pause between two
// attempts.
const (
	walTimeout = 200 // ms
	walPause   = 200 * time.Millisecond
)

// emptyWAL moves the write-ahead log into the database, and truncates it.
func (db *SQLite) emptyWAL(ctx context.Context) (err error) {
	for {
		busy, err := db.tryEmptyWAL(ctx)
		if err != nil || !busy {
			return err
		}
		select {
		case <-time.After(walPause):
		case <-ctx.Done():
			return fmt.Errorf("%w: the database is still being read", ctx.Err())
		}
	}
}

func (db *SQLite) tryEmptyWAL(ctx context.Context) (busy bool, err error) {
	c, err := db.writer.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := c.ExecContext(ctx, fmt.Sprintf(`PRAGMA busy_timeout = %d`, walTimeout)); err != nil {
		return false, err
	}
	defer func() {
		_, failed := c.ExecContext(context.WithoutCancel(ctx), fmt.Sprintf(`PRAGMA busy_timeout = %d`, busyMillis))
		err = errors.Join(err, failed)
	}()
	var blocked, frames, moved int
	err = c.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&blocked, &frames, &moved)
	return blocked != 0, err
}
