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
)

// openedFiles are the files and directories of a data directory as they were when it
// was opened.
type openedFiles struct {
	links, clicks, journal openedFile
	walFiles               []openedFile // -wal and -shm of footfall.db
}

type openedFile struct {
	path string
	info fs.FileInfo
}

// statParts looks at the parts that are in the directory.
func statParts(o *Options) (p openedFiles, err error) {
	p.journal.path = filepath.Join(o.Path, journalDir)
	if o.Clicks == nil {
		p.clicks.path = filepath.Join(o.Path, clicksDir)
	}
	if o.Links == nil {
		p.links.path = linksFile(o.Path)
		for _, suffix := range []string{"-wal", "-shm"} {
			path := p.links.path + suffix
			if info, err := os.Stat(path); err == nil {
				p.walFiles = append(p.walFiles, openedFile{path, info})
			}
		}
	}
	for _, part := range []*openedFile{&p.links, &p.clicks, &p.journal} {
		if part.path == "" {
			continue
		}
		if part.info, err = os.Stat(part.path); err != nil {
			return p, err
		}
	}
	return p, nil
}

// replaced reports whether the path leads to another file, or nowhere. It is false if
// the file system does not say.
func (p *openedFile) replaced() bool {
	if p.info == nil { // Open failed before statParts
		return false
	}
	info, err := os.Stat(p.path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(info, p.info)
}

// checkParts fails with a RemovedPartError if a part was removed or replaced.
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

// closeLinks closes links and users. If their file was removed or replaced, their
// data goes with the last descriptor, so it writes them to another file before.
func (d *Dir) closeLinks(ctx context.Context) error {
	db := d.DB
	if !d.opened.links.replaced() {
		return db.Close()
	}
	if _, err := d.lock.check(); err != nil { // do not write into another directory
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
		return errors.Join(fmt.Errorf("write links and users, whose file was removed or replaced, to another one: %w", err), db.Close())
	}
	return errors.Join(db.Close(), d.putLinksBack(saved))
}

// freeName returns path, with a number after it if a file has that name.
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

// putLinksBack renames the saved file to footfall.db, unless there is one.
func (d *Dir) putLinksBack(saved string) error {
	// SQLite must not apply the -wal of the removed file to another one.
	for _, p := range d.opened.walFiles {
		if p.replaced() {
			continue
		}
		if err := os.Remove(p.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	path := d.opened.links.path
	err := os.Link(saved, path) // fails if there is a file, even one that was made just now
	if errors.Is(err, fs.ErrExist) {
		d.log.Warn("footfall.db was replaced while footfall ran. Its users and links are saved in another file: "+
			"to use them, move that file to footfall.db, and remove footfall.db-wal and footfall.db-shm", "file", saved)
		return fsync.Path(filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	if err := errors.Join(os.Remove(saved), fsync.Path(filepath.Dir(path))); err != nil {
		return err
	}
	d.log.Warn("footfall.db was removed, and is written back with everything that was in it: find out what removed it", "file", path)
	return nil
}
