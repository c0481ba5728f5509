package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// hints return what a person can do about an error; empty for another error. The first
// that fits is printed after the error. Only here are options, commands and programs
// of the system named: other packages say what is wrong.
var hints = []func(error) string{
	// The data directory.
	on(datadir.ErrOwned, "stop it, or name another directory with --data"),
	on(datadir.ErrNoData, "name the right directory with --data"),
	on(datadir.ErrForeign, "name an empty directory with --data"),
	on(datadir.ErrFile, "name a directory with --data"),
	on(clickhouse.ErrShards, "name the servers of all shards in FOOTFALL_CLICKS, and list them in remote_servers of ClickHouse's configuration"),
	on(datadir.ErrMoved, "put the right one back, and start again"),
	of(func(e *datadir.OwnerError) string {
		instead := ""
		if e.User != 0 {
			instead = fmt.Sprintf(", or give the directory to user %d with chown -R", e.User)
		}
		return fmt.Sprintf("run sudo -u '#%d' footfall …%s", e.Owner, instead)
	}),
	of(func(e *datadir.UntrustedError) string {
		switch e.Why {
		case datadir.NotNamed:
			return "name it with --data if it is the right one"
		case datadir.LinkOfOther:
			return "name the directory itself with --data"
		case datadir.Public:
			return "check that every file in it is yours, and remove that right with chmod 700"
		case datadir.NoSocket:
			return "find out who put it there"
		case datadir.Process:
			return "find out what it is"
		}
		return fmt.Sprintf("name a directory of your own with --data, or run sudo -u '#%d' footfall …", e.Owner)
	}),
	of(func(e *datadir.OpenError) string {
		switch {
		case errors.Is(e, fs.ErrPermission):
			return "run footfall as the user who owns it, or name another directory with --data"
		case errors.Is(e, syscall.ENOTDIR):
			return "name another directory with --data"
		}
		return ofSystem(e)
	}),

	// Its parts.
	of(func(e *datadir.EngineError) string {
		option := map[datadir.Part]string{datadir.PartCounts: "--clicks", datadir.PartLinks: "--links"}[e.Part]
		if e.Was == datadir.Embedded {
			return fmt.Sprintf("leave out %s to use the data that are there, or name a new directory with --data; footfall move to-cluster moves all data into an empty cluster", option)
		}
		return fmt.Sprintf("give serve %s as at its last start, and other commands the variable FOOTFALL_%s", option, strings.ToUpper(option[2:]))
	}),
	on(datadir.ErrSharedCounts, "start footfall serve: it counts from its journal what they lack"),
	on(datadir.ErrInUse, "stop it if it must go; while it runs, it counts its journal itself"),
	on(datadir.ErrNotShared, "start footfall serve with that directory, without --clicks and --links; footfall move to-cluster moves its data into an empty cluster"),
	of(func(e *datadir.MovingError) string {
		if e.Back() {
			return "run footfall move from-cluster again, which starts again, or remove the directory"
		}
		return "run footfall move to-cluster again, or go back with footfall move cancel"
	}),
	on(datadir.ErrClusterNotEmpty, "name empty databases with --clicks and --links"),
	on(sql.ErrNotEmpty, "name empty databases with --clicks and --links"),
	on(datadir.ErrInCluster, "start footfall serve with --clicks and --links"),
	on(datadir.ErrNotNew, "name a new one with --data"),
	on(datadir.ErrChanged, "stop all servers of the cluster, and run the command again"),
	on(datadir.ErrDisagrees, "run footfall check, repair what it finds, and run the command again"),
	on(datadir.ErrOtherInstallation, "name the engines of its own installation with --clicks and --links"),
	of(func(e *datadir.OtherCountsError) string {
		if e.Was == datadir.Embedded {
			return "use the server of that directory alone, or follow docs/cluster.md, “Where the counts are”"
		}
		return "give serve --clicks as the other servers have it, and other commands the variable FOOTFALL_CLICKS"
	}),
	on(recorder.ErrForeign, "put the journal of these counts back, or move this one away to start a new one"),
	as(new(*journal.TailError), "put the newest file of the journal back as it was. "+repairJournal),
	as(new(*journal.DuplicateError), "move the one that does not belong to this journal out of the directory"),
	on(journal.ErrVersion, "run the version of footfall that wrote it"),
	on(store.ErrVersion, "run that version, or restore a backup"),
	on(progress.ErrNotRegular, "remove it: footfall makes it again"),
	of(func(e *datadir.GiveUpError) string {
		switch {
		case e.Part == datadir.PartLinks:
			return replaceLinks
		case errors.As(e, new(*datadir.LostJournalError)):
			return "put its files back as they were, or give up these clicks for good with --repair --give-up-damaged"
		}
		return "replace each file named above that ends in .sealed by the file of that name in a backup, and check again. Backups have no complete copy of a file that ends in .open. Or give up the clicks in these bytes for good with --repair --give-up-damaged"
	}),
	as(new(*datadir.LostJournalError), "put its files back as they were. "+repairJournal),
	as(new(*datadir.DivergedJournalError), replaceJournal),
	of(func(e *datadir.OlderLinksError) string {
		if e.Shared {
			return "bring back the server of PostgreSQL that has them; or run footfall check --repair --give-up-links to continue without them"
		}
		return replaceLinks
	}),
	as(new(*datadir.MissingLinksError), "put it back, with its -wal if that is there, or move footfall.db.saved there if there is one, or restore a whole backup"),
	on(datadir.ErrUnknownJournal, "restore a backup, or move the journal away and start without it; then clicks that were recorded but not counted are lost"),
	on(datadir.ErrNotRegular, "find out who put it there"),
	on(datadir.ErrMixed, "restore both from the same backup"),
	on(datadir.ErrNotSeparate, "name another directory with --to, on another disk if there is one"),
	on(datadir.ErrOldCounts, "run footfall rebuild, which starts from the newest checkpoint or backup"),
	of(func(e *datadir.PartError) string {
		if errors.As(e, new(*store.CorruptError)) || errors.Is(e, journal.ErrCorrupt) {
			switch e.Part {
			case datadir.PartCounts:
				return "run footfall rebuild, which counts the journal again"
			case datadir.PartJournal:
				return repairJournal
			}
			return "restore a backup"
		}
		if errors.Is(e, fs.ErrPermission) {
			return fmt.Sprintf("give all files in the data directory to user %d with chown -R", os.Geteuid())
		}
		if errors.As(e, new(net.Error)) && errors.Is(e, click.ErrUnavailable) {
			return "look at the network and at " + map[datadir.Part]string{datadir.PartCounts: "ClickHouse", datadir.PartLinks: "PostgreSQL"}[e.Part] + ", and start again"
		}
		return ofSystem(e)
	}),
	of(func(e *datadir.RemovedPartError) string {
		switch e.Part {
		case datadir.PartLinks:
			return "its users and links are written back, or to footfall.db.saved if another file is in its place"
		case datadir.PartCounts:
			return "put the original back, or run footfall rebuild, which counts what the journal has"
		}
		return "every click that was recorded is counted before the end. Put the original back, or start again without it"
	}),
	of(func(e *datadir.NoBaseError) string {
		switch {
		case e.Losing:
			return "pass one with --from, put the original journal back, or accept the loss with --lossy"
		case e.Tried:
			return "pass another backup with --from, or restore one"
		}
		return "pass a newer backup with --from, or restore one, or accept the loss with --lossy"
	}),

	// Backups.
	on(backup.ErrNone, "name one with --from, or a directory of them"),
	on(backup.ErrDamaged, "name an older one with --from"),
	on(backup.ErrUnlisted, "find out what added the file. Move it out of the backup, or restore another backup with --from"),
	on(backup.ErrVersion, "run that version"),
	on(backup.ErrMixed, "name an empty directory, or one with backups of this installation"),
	on(backup.ErrNotEmpty, "move its files away, or name another directory"),
	on(backup.ErrUnfinished, "empty the directory and restore again"),
	of(func(e *backup.PlaceError) string {
		if e.Others() {
			return fmt.Sprintf("name a directory of user %d", e.User)
		}
		return "remove that right with chmod o-w, or name another directory"
	}),
	on(backup.ErrWrite, "while the server runs, it writes the backups itself. Give the directory to its user, and name it with ReadWritePaths= in its systemd unit"),

	// Visitors.
	on(geo.ErrHeader, "give one header, such as X-Real-IP"),
	on(geo.ErrTooLarge, "name the proxies' own addresses, or their networks"),
	on(geo.ErrCompressed, "unpack it with gunzip first"),
	as(new(*geo.DatabaseError), "name a GeoLite2, DB-IP or ipinfo database of countries or cities, or none to use the built-in one"),

	// Commands.
	of(func(e *control.UnknownUserError) string {
		said := "footfall user list lists all users"
		if e.Near != "" {
			said = fmt.Sprintf("did you mean %q? ", e.Near) + said
		}
		if e.Valid {
			said += "; footfall user add " + plain.Text(e.Login) + " adds this one"
		}
		return said
	}),
	as(new(*control.UnknownLinkError), "name it by its hash, or by its short URL on a domain of this installation; footfall link list lists all links"),
	of(func(e *control.ExistsError) string {
		return "footfall user token " + plain.Text(e.Login) + " prints another token"
	}),
	as(new(*links.TakenError), "choose another name"),
	on(links.ErrName, "choose another name, such as spring-sale"),
	on(datadir.ErrBacklog, "import again once the counts can be reached, or raise --journal-limit"),
	on(recorder.ErrImporting, "run the command again once that import has ended"),
	on(control.ErrInstant, "give a date such as 2030-12-31, a time such as 2030-12-31T18:00+01:00, Unix seconds, or never"),
	on(links.ErrNoVersion, "footfall link history lists the versions of a link"),
	on(control.ErrTimezone, "give a name such as Europe/Berlin, or whole hours from -14 to 14"),
	on(control.ErrCutOff, "run the command again"),
	on(control.ErrStopping, "run the command again"),
	on(control.ErrOtherVersion, "run the command with the version of that process, or restart the process with this version"),
	on(links.ErrNotDomain, "give a host such as sho.rt, without scheme and path"),
	on(server.ErrNoServer, "start footfall serve, or name its directory with --data"),
	on(server.ErrSilent, "look at its log, and start it again"),
	on(server.ErrNoTime, "give a longer --timeout"),
	of(func(e *feed.PackedError) string {
		return fmt.Sprintf("unpack or convert it, as with `%s FILE | footfall import … -`", e.Unpack)
	}),
	of(func(e *feed.ColumnsError) string {
		if len(e.Found) == 0 {
			return "name the file that was exported"
		}
		return "rename the column in the file"
	}),
	on(feed.ErrGzipCut, "get the whole file and import it"),
	on(feed.ErrGzipDamaged, "get a good copy"),
}

// lineHints are the hints about lines that an import rejects.
var lineHints = map[feed.Kind]string{
	feed.CommonLog:  "; configure the server to write the combined one",
	feed.NoHeaders:  ": make the proxy log User-Agent and Referer, with accessLog.fields.headers in Traefik",
	feed.NoLocation: ": make the proxy log Location too, with accessLog.fields.headers in Traefik",
	feed.Deleted:    ": import the same file again to bring it back",
}

const (
	repairJournal  = "footfall check says whether all of it is counted, and footfall check --repair repairs it if no click is lost by that"
	replaceJournal = "put the right one back, or run footfall rebuild --lossy to continue with this one"
	replaceLinks   = "put the newer one back (it may be footfall.db.saved), with its -wal if there is one; or restore a whole backup; or run footfall check --repair --give-up-links to continue with this one"
)

// ofSystem returns the hint about an error of the operating system; empty if there is
// none.
func ofSystem(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room, and start again"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "let the process open more files (LimitNOFILE, ulimit -n)"
	case errors.Is(err, syscall.EIO):
		return "the disk fails: read what the log of the system says about it, and start again"
	case errors.Is(err, syscall.EROFS):
		return "the disk is read-only: read what the log of the system says about it, mount it writable, and start again"
	}
	return ""
}

// remedies has the hint for each remedy of a check.
var remedies = map[datadir.Remedy]string{
	datadir.WaitForDisk:    "look at the disk, and check again: counting continues by itself",
	datadir.StartAgain:     "start the server again: it continues where counting stopped",
	datadir.RestoreLinks:   "for links and users, stop the server and restore a backup",
	datadir.ReplaceLinks:   "for links and users, stop the server and " + replaceLinks,
	datadir.ReplaceJournal: "for the journal, " + replaceJournal,
	datadir.RebuildCounts:  "stop the server and run footfall rebuild, which counts the journal again",
	datadir.RepairDays:     "run footfall check --repair, which makes the sums of days again",
	datadir.RepairJournal:  "for the journal, stop the server and run footfall check --repair: it leaves the damaged part out if all clicks in it are counted",
	datadir.RestoreShared:  "ClickHouse has lost or changed counts: compare its replicas, restore the tables from a backup of ClickHouse, and start the servers again, which count what their journals have",
	datadir.RebuildFromOld: "for the journal, stop the server and run footfall rebuild, which starts from the newest checkpoint or backup",
}

// on makes a hint about errors that wrap the target.
func on(target error, say string) func(error) string {
	return func(err error) string {
		if errors.Is(err, target) {
			return say
		}
		return ""
	}
}

// as makes a hint about errors of a type.
func as[T error](_ *T, say string) func(error) string {
	return of(func(T) string { return say })
}

// of makes a hint that depends on the error.
func of[T error](say func(T) string) func(error) string {
	return func(err error) string {
		var as T
		if errors.As(err, &as) {
			return say(as)
		}
		return ""
	}
}

// hinted returns the text of an error, with the hint about it.
func hinted(err error) string {
	for _, h := range hints {
		if say := h(err); say != "" {
			return plain.Error(err) + ": " + say
		}
	}
	return plain.Error(err)
}

// explained returns an error as lines, each with the hint about it.
func explained(err error) (lines []string) {
	if all, ok := err.(interface{ Unwrap() []error }); ok && isJoined(err, all.Unwrap()) {
		for _, one := range all.Unwrap() {
			lines = append(lines, explained(one)...)
		}
		return lines
	}
	return []string{hinted(err)}
}

// isJoined distinguishes errors.Join from an error that wraps several in one
// sentence.
func isJoined(err error, all []error) bool {
	return err.Error() == errors.Join(all...).Error()
}
