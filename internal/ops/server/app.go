// Package server is the wiring: it opens what lies in a data directory, puts
// it together, listens, and stops it in order.
//
// It is the one place that knows all parts, and refuses to do the work of any.
package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/bot"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/recorder"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/monitor"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// Options says what to open and how.
type Options struct {
	Dir string // the data directory
	// Named says that the operator named the directory. Root speaks to a process
	// of another user in such a one alone.
	Named bool
	// Create makes the data directory where it is missing. Without it, a
	// directory without data is ErrNoData.
	Create bool
	// Domains are the short domains of the installation, the default first;
	// where there are none, the host of a request is.
	Domains []string
	// TrustedProxies are the addresses and networks of proxies that are believed when
	// an access log that is imported has them in the list of a request's addresses.
	TrustedProxies []string
	// Host is the host of short URLs where nothing else names one.
	Host string
	// Scheme is that of short URLs: http, which is what the empty string means,
	// or https.
	Scheme string
	// listening is where Serve answers the public; nil without it.
	listening []net.Addr
	// NoSync makes clicks safe from a killed process only, not from a power
	// cut.
	NoSync bool
	// Reserve is how many bytes should be free on the disk: Serve tells the log
	// below, and below half of it users make no links. 0 is a gigabyte, or 5 % of
	// the disk where that is less.
	Reserve int64
	// Retention of the journal, which Serve looks after.
	Retention Retention
	// Build is which program this is, for those who watch it.
	Build version.Info
	Now   func() time.Time
	Log   *slog.Logger
}

// App is an opened data directory:
//
//	DIR/lock           held while the App is open
//	DIR/footfall.sock  where commands reach it
//	DIR/journal/       every click, as it came
//	DIR/clicks/        the counts
//	DIR/footfall.db    links and users
//	DIR/checkpoint/    the counts as they were when the journal was trimmed last
//	DIR/progress       how far journal and links had come, for the next start
//
// Clicks flow redirect or feed → recorder → journal → recorder → clicks;
// questions api → metrics → clicks.
type App struct {
	now    func() time.Time
	log    *slog.Logger
	store  v3.Store
	auth   *auth.Auth
	clicks *pebble.Store
	db     *sql.DB
	dir    string
	claim  *claim
	// present is what Serve looks after.
	present presence
	made    bool // the directory, by Open
	// installation is a public name of it.
	installation string
	journal      *journal.Journal
	recorder     *recorder.Recorder
	behind       uint64 // bytes of the journal that were not counted when it was opened
	importer     *feed.Importer
	links        *links.Links
	bots         func() (*bot.Detector, error)
	// countries is where the Site says that addresses are; nil without one.
	countries atomic.Pointer[geo.Lookup]
	host      string
	build     version.Info

	monitor    *monitor.Monitor
	disk       *disk
	dear       throttle.SeatLimits
	watching   context.Context // ends with the App
	serving    atomic.Bool     // visitors are let in
	notDurable func() uint64   // nil without a Site

	// keeping is held by whoever needs the journal's segments to stay, for as
	// long as a backup takes, and deleting by whoever needs users and links to.
	keeping  turn
	rolled   chan struct{} // a segment of the journal is full
	deleting sync.Mutex
	// copying is held while a backup copies links and users, after the journal
	// that goes with them: what they remember of it must not go on meanwhile.
	copying sync.Mutex
	parts   *parts
	cleaner cleaner

	closers []func(context.Context) error // in the order of opening
}

// Open opens a data directory that no other process has open, else ErrOwned.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{
		now: o.Now, log: o.Log, host: o.Host, dir: o.Dir, build: o.Build, monitor: monitor.New(), disk: newDisk(o.Dir, o.Reserve, o.Log),
		dear: dearQuestions(), keeping: make(turn, 1), cleaner: newCleaner(), rolled: make(chan struct{}, 1),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(ctx))
		}
	}()
	// What options say is looked at first: who is refused makes no directory.
	proxies, err := parseProxies(o.TrustedProxies, "")
	if err != nil {
		return nil, err
	}
	linked := links.Options{Domains: o.Domains, Host: o.Host, Scheme: o.Scheme, Here: here(o.listening), Now: o.Now, Random: rand.Reader}
	if _, err := links.New(linked); err != nil {
		return nil, fmt.Errorf("--domain: %w", err)
	}
	if err := backup.CheckRestored(o.Dir); err != nil {
		return nil, err
	}
	a.made = !HasData(o.Dir)
	if a.claim, err = claimDir(o.Dir, o.Create); err != nil {
		return nil, err
	}
	a.onClose(func(context.Context) error { return a.claim.Close() })

	if err := finishRebuild(o.Dir); err != nil {
		return nil, err
	}
	done := o.at("links and users")
	db, err := openLinks(ctx, o.Dir, false, o.Log)
	done()
	if err != nil {
		return nil, err
	}
	a.onClose(func(ctx context.Context) error { return a.closeLinks(ctx, db) })
	a.store, a.db = db, db
	if a.cleaner.earlier, _, err = db.Dirty(ctx); err != nil {
		return nil, unopened(err, damagedLinks)
	}
	if err := a.openParts(ctx, o); err != nil {
		return nil, err
	}

	if a.present, err = see(o.Dir); err != nil {
		return nil, err
	}
	done = o.at("a deletion that was cut short")
	err = a.finishDeletions(ctx)
	done()
	if err != nil {
		return nil, unopened(fmt.Errorf("finish a deletion: %w", err), damagedJournal)
	}

	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.watching = watching
	a.onClose(func(context.Context) error { stop(); return nil })
	a.monitor.Watch(a.state)
	a.monitor.Build(o.Build.Version, o.Build.Revision, o.Build.Go)
	a.auth = auth.New(db, o.Now)
	// Both take a while, and most commands need neither.
	a.bots = sync.OnceValues(bot.New)
	builtin := sync.OnceValues(func() (*geo.Lookup, error) { return geo.Open("") })
	linked.Links = db
	if a.links, err = links.New(linked); err != nil {
		return nil, err // as it was not before
	}
	a.importer = &feed.Importer{
		Recorder: a.recorder, Links: db, Users: db, Names: a.links, Host: o.Host, Now: o.Now, After: time.After, Proxy: proxies.Trusts,
		IsBot: func(agent string) bool {
			bots, err := a.bots()
			return err == nil && bots.KindOfAgent(agent) == bot.Bot
		},
		Country: func(address netip.Addr) click.Country {
			if site := a.countries.Load(); site != nil {
				return site.Country(address)
			}
			countries, _ := builtin() // what is built in cannot fail
			return countries.Country(address)
		},
	}
	return a, nil
}

// openParts opens counts and journal, compares all parts, and begins to count.
func (a *App) openParts(ctx context.Context, o Options) (err error) {
	if a.parts, err = openParts(ctx, o.Dir, a.db, false, o.Log); err != nil {
		return err
	}
	a.onClose(func(context.Context) error { return a.parts.file.Close() })
	a.db.OnChange(a.parts.file.SeeLinks)
	done := o.at("counts")
	a.clicks, err = a.parts.openCounts(ctx, o.Log)
	done()
	if err != nil {
		return unopened(err, damagedCounts)
	}
	a.onClose(a.closeCounts)
	if err := a.sameInstallation(ctx, o.Dir); err != nil {
		return err
	}
	done = o.at("journal")
	defer func() { done() }()
	if err := a.openJournal(ctx, o); err != nil {
		return err
	}
	pos, _, err := a.clicks.Position(ctx, a.journal.ID())
	if err != nil {
		return unopened(err, damagedCounts)
	}
	if end := a.journal.End(); end > pos.Counted {
		a.behind = end - pos.Counted
	}
	a.recorder, err = recorder.Open(ctx, recorder.Options{Journal: a.journal, Clicks: a.clicks, Now: o.Now, Log: o.Log})
	if err != nil {
		return unopened(err, damagedJournal)
	}
	a.onClose(a.closeRecorder)
	if err := a.parts.open(ctx, a.db, a.journal); err != nil {
		return unopened(err, damagedLinks)
	}
	if err := a.clicks.Release(); err != nil {
		o.Log.Warn("files of the counts that are not needed could not be removed, and take room; the next start tries again", "error", err)
	}
	remembering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var remembered sync.WaitGroup
	remembered.Go(func() { a.remembering(remembering) })
	a.onClose(func(context.Context) error { stop(); remembered.Wait(); return nil })
	return nil
}

// openJournal opens the journal of these counts, links and users.
func (a *App) openJournal(ctx context.Context, o Options) error {
	j, err := journal.Open(a.parts.journal(journal.Options{
		NoSync: o.NoSync, SegmentSize: o.Retention.segmentSize(), Synced: a.monitor.Synced, Logger: o.Log,
		Rolled: func() {
			select {
			case a.rolled <- struct{}{}:
			default: // it is known
			}
		},
	}))
	var here [16]byte
	switch {
	case err == nil:
		here = j.ID()
	case !errors.Is(err, fs.ErrNotExist):
		return unopened(err, damagedJournal)
	}
	lost, lostErr := a.parts.lost(ctx, a.clicks, here)
	switch {
	case lostErr != nil:
		err = lostErr
	case len(lost) > 0:
		err = unopened(lost[0], damagedJournal)
	case err == nil:
		if err = a.parts.belongs(j); err == nil {
			err = a.parts.linksOf(ctx, a.db, a.clicks, j)
		}
		if err != nil {
			err = unopened(err, damagedLinks)
		}
	}
	if err != nil {
		if j != nil {
			err = errors.Join(err, j.Close())
		}
		return err
	}
	a.journal = j
	a.onClose(func(context.Context) error {
		if a.present.journal.gone() { // what lies there now is not to be sealed
			return nil
		}
		return a.journal.Close()
	})
	return a.passTail(ctx, o)
}

// passTail counts the end of a journal as given up that a power cut took where
// clicks are not synced: what is recorded from now on comes after it.
func (a *App) passTail(ctx context.Context, o Options) error {
	tail, ok := a.journal.Tail()
	if !ok {
		return nil
	}
	passed := []journal.Hole{{From: tail.From, To: tail.To}}
	if err := recorder.GiveUp(ctx, recorder.Options{Journal: a.journal, Clicks: a.clicks, Now: o.Now, Log: o.Log}, passed); err != nil {
		return err
	}
	return a.clicks.Sync(ctx)
}

// unopened says what to do about a part that cannot be opened, where that is
// known; damaged is what to do where it is damaged.
func unopened(err error, damaged string) error {
	instead := ""
	switch {
	case errors.As(err, new(*ApartJournalError)):
		instead = apartJournal
	case errors.As(err, new(*store.CorruptError)), errors.Is(err, journal.ErrCorrupt):
		instead = damaged
	case errors.As(err, new(*OlderLinksError)):
		instead = olderLinks
	case errors.As(err, new(*MissingLinksError)):
		instead = missingLinks
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		instead = "make room, and start again"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		instead = "let the process open more files (LimitNOFILE, ulimit -n)"
	case errors.Is(err, syscall.EIO):
		instead = "the disk fails: see what the system's log says of it, and start again"
	case errors.Is(err, syscall.EROFS):
		instead = "the disk is read-only: see what the system's log says of it, mount it writable, and start again"
	case errors.Is(err, fs.ErrPermission):
		instead = fmt.Sprintf("give all that is in the data directory to user %d with chown -R", os.Geteuid())
	default:
		return err
	}
	return fmt.Errorf("%w: %s", err, instead)
}

const (
	apartJournal   = "put the right one back, or go on with this one by footfall rebuild --lossy"
	olderLinks     = "put the newer one back, which may be footfall.db.saved, with its -wal if that is there; or restore a whole backup; or go on with this one by footfall check --repair --give-up-links"
	missingLinks   = "put it back, with its -wal if that is there, or move footfall.db.saved there if there is one, or restore a whole backup"
	damagedLinks   = "restore a backup"
	damagedCounts  = "run footfall rebuild, which makes the counts anew from the journal"
	damagedJournal = "footfall check says what of it is counted, and footfall check --repair mends what can be mended"
)

// turn is a lock for which nobody waits longer than his context lasts. It has
// room for one.
type turn chan struct{}

func (t turn) lock(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) unlock() { <-t }

// onClose has f called by Close, before what was opened earlier is closed.
func (a *App) onClose(f func(context.Context) error) { a.closers = append(a.closers, f) }

// Close counts what is recorded, as far as ctx allows, and closes everything.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i](ctx))
	}
	a.closers = nil
	return errors.Join(errs...)
}
