package datadir

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// Embedded names the engine of a part that is in the directory.
const Embedded = "embedded"

// enginesRecord is the content of the file engines. A directory whose parts are all
// embedded has no such file.
type enginesRecord struct {
	Version int    `json:"version"`
	Counts  string `json:"counts"`
	Links   string `json:"links"`
	// Server is a random name, by which shared engines distinguish directories.
	Server progress.ID `json:"server"`
	// Deletions is the version of the shared links up to which their deletions are in
	// the journal.
	Deletions uint64 `json:"deletions"`
	// Installation is the id of the installation; zero if an earlier version wrote the record.
	Installation progress.ID `json:"installation"`
	// Moving is set while a move is not complete. Counts and Links are then the engines after it.
	Moving moveState `json:"moving,omitempty"`

	fresh bool // the record is not written: the directory has no journal yet
}

const enginesVersion = 1

// shared reports whether any part is not in the directory.
func (r *enginesRecord) shared() bool { return r.Counts != Embedded || r.Links != Embedded }

// EngineError says that a part was kept by another engine before.
type EngineError struct {
	Dir string
	Part
	Was, Now string // the names of engines; Embedded for the directory itself
}

func (e *EngineError) Error() string {
	return fmt.Sprintf("the %s of %s are in %s, and this start would look for them in %s", e.Part, e.Dir, placeOf(e.Was, e.Dir, ""), placeOf(e.Now, e.Dir, ""))
}

// placeOf says where a part is: in an engine, or in a file of the directory.
func placeOf(engine, dir, file string) string {
	if engine == Embedded {
		return filepath.Join(dir, file)
	}
	return engine
}

// openEngines compares the engines of a directory with those of the last start. It
// fails with a PartError that wraps an EngineError.
func openEngines(o Options) (r enginesRecord, err error) {
	counts, links := Embedded, Embedded
	if o.Clicks != nil {
		counts = o.Clicks.Engine
	}
	if o.Links != nil {
		links = o.Links.Engine
	}
	r, err = readEngines(o.Path)
	switch {
	case err == nil && r.Moving != notMoving && !o.moving:
		return r, &MovingError{o.Path, r.Moving}
	case err == nil && r.Moving != notMoving:
		return enginesRecord{Counts: Embedded, Links: Embedded}, nil
	case err == nil:
	case !errors.Is(err, fs.ErrNotExist):
		return r, fmt.Errorf("open data directory: %w", err)
	case !hasClicks(o.Path): // a new directory, or one whose first start failed
		r = enginesRecord{Version: enginesVersion, Counts: counts, Links: links, fresh: true}
		if exists(linksFile(o.Path)) {
			r.Links = Embedded
		}
		r.drawServer()
	default:
		r = enginesRecord{Counts: Embedded, Links: Embedded}
	}
	if r.Counts != counts {
		return r, unopened(PartCounts, &EngineError{Dir: o.Path, Part: PartCounts, Was: r.Counts, Now: counts})
	}
	if r.Links != links {
		return r, unopened(PartLinks, &EngineError{Dir: o.Path, Part: PartLinks, Was: r.Links, Now: links})
	}
	return r, nil
}

// drawServer draws the name of the directory.
func (r *enginesRecord) drawServer() { _, _ = rand.Read(r.Server[:]) } // never fails

func readEngines(dir string) (r enginesRecord, err error) {
	path := filepath.Join(dir, enginesFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	if r.Version != enginesVersion {
		return r, fmt.Errorf("%s has the version %d: %w", path, r.Version, store.ErrVersion)
	}
	return r, nil
}

// begin writes the record of a new directory, before its journal is made: then all engines have
// been opened, and a start that fails leaves no record. The journal needs no deletion that was made
// before.
func (r *enginesRecord) begin(ctx context.Context, dir string, links LinksStore, installation progress.ID) error {
	if !r.shared() || r.Installation == installation {
		return nil
	}
	r.Installation = installation
	if r.fresh && r.Links != Embedded {
		now, err := links.Links(ctx)
		if err != nil {
			return unopened(PartLinks, err)
		}
		r.Deletions = now.Version
	}
	return r.write(dir)
}

// checkInstallation fails with ErrOtherInstallation if the directory belongs to another one.
func (r *enginesRecord) checkInstallation(dir string, id [16]byte) error {
	if r.Installation != (progress.ID{}) && r.Installation != id {
		return unopened(PartLinks, fmt.Errorf("the links and users in %s are not those of %s: %w", placeOf(r.Links, dir, databaseFile), dir, ErrOtherInstallation))
	}
	return nil
}

// write replaces the file engines durably.
func (r *enginesRecord) write(dir string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, enginesFile)
	err = os.WriteFile(path+newSuffix, append(b, '\n'), 0o600)
	if err == nil {
		err = fsync.Path(path + newSuffix)
	}
	if err == nil {
		err = os.Rename(path+newSuffix, path)
	}
	if err == nil {
		err = fsync.Path(dir)
	}
	if err != nil {
		return fmt.Errorf("write the file engines: %w", err)
	}
	return nil
}
