// Package cli is the command line: commands and options, each option declared
// once and also read from FOOTFALL_NAME in the environment.
//
// It does not do the work. serve, restore, rebuild, move, adopt and the repair of a journal call
// packages server, backup and datadir; every other command that needs data asks the
// process that owns the data directory. What a person can do about an error is here alone: see hints.go.
//
// Where to look:
//
//	cli.go, ask.go         the list of commands, and how they reach the data directory
//	serve.go, listen.go    serve, and its listeners
//	log.go                 the format of logs, and the first lines of the log of serve
//	garbage.go             how often garbage is collected
//	backup.go              backup, restore, rebuild
//	adopt.go, move.go      adopt; move
//	check.go, debug.go, export.go, health.go, import.go, import_links.go, link.go, link_edit.go,
//	stats.go, user.go      a command, or a few that belong together
//	options.go, variables.go, usage.go   how options are read, and what --help says
//	errors.go, hints.go, status.go   an error in words, what to do, the exit status
//	table.go, progress.go  tables and bars on a terminal
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

// env holds what commands work with.
type env struct {
	ctx   context.Context
	stdin io.Reader
	// stdout and stderr make foreign text safe for a terminal; data and terminal are
	// the same two without that.
	stdout, stderr io.Writer
	data, terminal io.Writer
	now            func() time.Time
	log            *slog.Logger
	// noticeAfter is the time after which a command that is done, and cannot end yet,
	// prints why.
	noticeAfter time.Duration
}

// commands is the whole command line.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the server: redirect visitors, count their clicks and answer the API."`
	User    userCmd    `cmd:"" help:"Users and their access tokens."`
	Link    linkCmd    `cmd:"" help:"Short links."`
	Stats   statsCmd   `cmd:"" help:"Print the clicks of today, of the last 7 and 30 days and of all time, and the links with the most clicks."`
	Import  importCmd  `cmd:"" help:"Import clicks that something else recorded, or the links of another program. Each click counts once, even if you import it again."`
	Check   checkCmd   `cmd:"" help:"Check that the counts agree with each other and with the journal."`
	Export  exportCmd  `cmd:"" help:"Write users, links and counts to standard output, as NDJSON that import --format ndjson reads."`
	Backup  backupCmd  `cmd:"" help:"Add a full backup to a directory, while clicks are recorded. Files that did not change are shared with the previous backup."`
	Restore restoreCmd `cmd:"" help:"Make a data directory from the newest backup, and check it."`
	Rebuild rebuildCmd `cmd:"" help:"Count the journal again, starting from the newest backup or checkpoint that the journal continues. Stop the server first."`
	Adopt   adoptCmd   `cmd:"" help:"Count the clicks of a server of a cluster that is gone for good, from its data directory. Each click counts once, even if you run it again. That server must never start again."`
	Move    moveCmd    `cmd:"" help:"Move all data from a data directory into a cluster of ClickHouse and PostgreSQL, or from a cluster into a data directory."`
	Health  healthCmd  `cmd:"" name:"healthcheck" aliases:"health" help:"Report whether the server answers visitors: exit status 0 if it does, otherwise 1. For health checks of containers."`
	Debug   debugCmd   `cmd:"" help:"Print a profile of the running server, for example what each goroutine does."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// dataDir is the option of every command that needs the data directory.
type dataDir struct {
	Data string `help:"The data directory." type:"path" placeholder:"DIR" otherwise:"./footfall-data"`
}

// defaultData is the data directory if --data does not name another one.
const defaultData = "./footfall-data"

// options returns what package datadir needs to know about the directory.
func (d dataDir) options(e *env) datadir.Options {
	o := datadir.Options{Path: d.Data, Named: d.Data != "", Now: e.now, Log: e.log}
	if !o.Named {
		o.Path = kong.ExpandPath(defaultData)
	}
	server.Engines{Clicks: os.Getenv(prefix + "CLICKS"), Links: os.Getenv(prefix + "LINKS")}.Use(&o) // as serve reads them
	return o
}

// with calls f with the process that owns the directory. If there is none, this
// process owns it until f returns.
func (d dataDir) with(e *env, f func(*server.Owner) error) error {
	return e.connect(server.Options{Data: d.options(e)}, f)
}

// making does what with does, for commands that make the data directory if it is missing.
func (d dataDir) making(e *env, f func(*server.Owner) error) error {
	o := server.Options{Data: d.options(e)}
	o.Data.Create = true
	return e.connect(o, f)
}

func (e *env) connect(o server.Options, f func(*server.Owner) error) error {
	o.Host = server.DefaultHost
	owner, err := server.Connect(e.ctx, o)
	if err != nil {
		return err
	}
	if owner.Created {
		fmt.Fprintf(e.stderr, "made a new data directory %s\n", plain.Text(o.Data.Path))
	}
	err = f(owner)
	// Other commands may use this process by now, and one may import a pipe that
	// never ends.
	waiting := time.AfterFunc(e.noticeAfter, func() {
		fmt.Fprintln(e.stderr, "this command is done. It waits for another command that uses the data directory through it")
	})
	owner.Wait()
	waiting.Stop() // closing may take some seconds, too
	return errors.Join(err, owner.Close(context.WithoutCancel(e.ctx)))
}

// Main runs the program and returns its exit status, which is one of status.go.
// After an error it has printed a sentence on stderr.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{ctx: ctx, stdin: stdin, stdout: plain.Writer(stdout), stderr: plain.Writer(stderr), data: stdout, terminal: stderr, now: time.Now, noticeAfter: 3 * time.Second}
	e.log = slog.New(logHandler(e.stderr, "text", slog.LevelWarn))
	if len(args) > 0 {
		switch args[0] { // as people try them first
		case "help":
			args = append(args[1:len(args):len(args)], "--help")
		case "--version":
			args = []string{"version"}
		}
	}
	limitGarbage()
	var c commands
	exit := -1
	parsed, err := newParser(&c, e, func(code int) { exit = code }).Parse(args)
	switch option := givenEmpty(args); {
	case exit >= 0: // help was asked for
		return exit
	case option != "":
		err = usage("%s has an empty value: give it a value, or leave it out", option)
	case err != nil:
		err = misused(err)
	default:
		err = parsed.Run()
	}
	if err != nil {
		fmt.Fprintf(e.stderr, "footfall: %s\n", sentence(err, args))
		return status(err)
	}
	return exitDone
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error { return e.print("footfall "+version.This().String(), nil) }

// file opens an input: a path, or - for standard input.
func (e *env) file(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(e.stdin), nil
	}
	if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return os.Open(path)
	}
	// Opening a named pipe waits until a program opens it to write, which may never
	// happen.
	type opened struct {
		f   *os.File
		err error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		return o.f, o.err
	case <-e.ctx.Done():
		return nil, e.ctx.Err()
	}
}
