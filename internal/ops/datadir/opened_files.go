package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/storage/sql"
)

// openedFiles is the files and directories of an open data directory, as they were
// when it was opened.
type openedFiles struct {
	links, clicks, journal openedFile
	walFiles               []openedFile // the files that SQLite has beside footfall.db
}

type openedFile struct {
	path string
	info fs.FileInfo
}

func statParts(dir string) (p openedFiles, err error) {
	p.links.path = sql.Place(filepath.Join(dir, databaseFile))
	p.clicks.path, p.journal.path = filepath.Join(dir, clicksDir), filepath.Join(dir, journalDir)
	for _, part := range []*openedFile{&p.links, &p.clicks, &p.journal} {
		if part.info, err = os.Stat(part.path); err != nil {
			return p, err
		}
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		path := p.links.path + suffix
		if info, err := os.Stat(path); err == nil {
			p.walFiles = append(p.walFiles, openedFile{path, info})
		}
	}
	return p, nil
}

// gone tells whether another file lies there, or none. What the disk does not
// tell is not taken for gone.
func (p *openedFile) replaced() bool {
	if p.info == nil { // it was not looked at
		return false
	}
	info, err := os.Stat(p.path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, p.info)
}

// checkParts fails with a RemovedPartError where somebody removed a part of the
// data directory.
func (d *Dir) checkParts() error {
	if d.opened.links.replaced() {
		return &RemovedPartError{d.opened.links.path, PartLinks}
	}
	if d.opened.journal.replaced() {
		return &RemovedPartError{d.opened.journal.path, PartJournal}
	}
	if file, gone := d.Journal.Gone(); gone {
		return &RemovedPartError{file, PartJournal}
	}
	if d.opened.clicks.replaced() {
		return &RemovedPartError{d.opened.clicks.path, PartCounts}
	}
	return nil
}

const savedSuffix = ".saved"

// closeLinks closes links and users. Where their file is gone, they are there
// only as long as it is open, so that they are written to another one before.
func (d *Dir) closeLinks(ctx context.Context) error {
	db := d.Links
	if !d.opened.links.replaced() {
		return db.Close()
	}
	if _, err := d.lock.check(); err != nil { // the whole directory may be another one
		return errors.Join(err, db.Close())
	}
	saved, err := freeName(d.opened.links.path + savedSuffix)
	if err == nil {
		err = db.Save(context.WithoutCancel(ctx), saved)
	}
	if err == nil {
		err = errors.Join(os.Chmod(saved, 0o600), fsync.Path(saved))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write links and users, whose file is gone, to another one: %w", err), db.Close())
	}
	return errors.Join(db.Close(), d.putLinksBack(saved))
}

// freeName is a name that no file has: the path, or the path and a number.
func freeName(path string) (string, error) {
	name := path
	for i := 2; ; i++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
		name = path + strconv.Itoa(i)
	}
}

// putLinksBack puts links and users into their place, if that is free.
func (d *Dir) putLinksBack(saved string) error {
	// The log of the file that is gone must not be laid over another one.
	for _, p := range d.opened.walFiles {
		if p.replaced() {
			continue
		}
		if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	path := d.opened.links.path
	err := os.Link(saved, path) // fails where another file lies there, even if it came just now
	if errors.Is(err, fs.ErrExist) {
		d.log.Warn("footfall.db was replaced while footfall ran. Its users and links are saved in another file: "+
			"to go on with them, move that to footfall.db, and remove footfall.db-wal and footfall.db-shm", "file", saved)
		return fsync.Path(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	if err := errors.Join(os.Remove(saved), fsync.Path(filepath.Dir(path))); err != nil {
		return err
	}
	d.log.Warn("footfall.db was removed, and is written back with all that it held", "file", path)
	return nil
}
