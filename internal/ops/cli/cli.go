// Package cli is the command line: commands and options, each option declared
// once and also read from FOOTFALL_NAME in the environment.
//
// It refuses to do the work: commands but serve, rebuild and the repair of a
// journal speak to the process that owns the data directory.
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

// env is what commands work with.
type env struct {
	ctx   context.Context
	stdin io.Reader
	// stdout and stderr show foreign text, whatever it holds, and let it do
	// nothing; data and terminal are the same two without that care.
	stdout, stderr io.Writer
	data, terminal io.Writer
	now            func() time.Time
	log            *slog.Logger
	// patience is after how long a command that is done, and cannot end yet, says why.
	patience time.Duration
}

// commands is the whole command line.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Answer questions and count clicks."`
	User    userCmd    `cmd:"" help:"Users and their access tokens."`
	Link    linkCmd    `cmd:"" help:"Short links."`
	Stats   statsCmd   `cmd:"" help:"Print the clicks of today, of the last 7 and 30 days and of all time, and the links with most clicks."`
	Import  importCmd  `cmd:"" help:"Bring in clicks that others recorded; each counts once, however often it is imported."`
	Check   checkCmd   `cmd:"" help:"Prove that the counts agree with themselves and with the journal."`
	Export  exportCmd  `cmd:"" help:"Write users, links and counts as NDJSON to standard output; import --format ndjson takes it."`
	Backup  backupCmd  `cmd:"" help:"Add a backup of everything to a directory, while clicks go on; what has not changed is shared with the last one there."`
	Restore restoreCmd `cmd:"" help:"Make a data directory of the newest backup, and check it."`
	Rebuild rebuildCmd `cmd:"" help:"Count the journal again, from the newest backup or checkpoint that it reaches; the server must be stopped."`
	Health  healthCmd  `cmd:"" name:"healthcheck" aliases:"health" help:"Say whether a server answers visitors: status 0 if so, else 1. It is for the health checks of containers."`
	Debug   debugCmd   `cmd:"" help:"Print a profile of the process that owns the data directory, such as what each goroutine does."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// dataDir is the option of every command that needs the data directory.
type dataDir struct {
	Data string `help:"The data directory." type:"path" placeholder:"DIR" otherwise:"./footfall-data"`
}

// defaultData is the data directory where none is named.
const defaultData = "./footfall-data"

// options are those of the directory, named or not.
func (d dataDir) options(e *env) datadir.Options {
	o := datadir.Options{Path: d.Data, Named: d.Data != "", Now: e.now, Log: e.log}
	if !o.Named {
		o.Path = kong.ExpandPath(defaultData)
	}
	return o
}

// with calls f with the process that owns the directory, and becomes that
// process meanwhile where nobody is.
func (d dataDir) with(e *env, f func(*server.Owner) error) error {
	return e.connect(server.Options{Data: d.options(e)}, f)
}

// making is with for commands that make the data directory where it is missing.
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
	if owner.Made {
		fmt.Fprintf(e.stderr, "made a new data directory %s\n", plain.Text(o.Data.Path))
	}
	err = f(owner)
	// Others may have come meanwhile, and a pipe that they import may never end.
	waiting := time.AfterFunc(e.patience, func() {
		fmt.Fprintln(e.stderr, "this command is done, and waits for another one that reaches the data directory through it")
	})
	defer waiting.Stop()
	return errors.Join(err, owner.Close(context.WithoutCancel(e.ctx)))
}

// Main runs the program and returns its exit status: 0, or after an error that it
// has printed on stderr one of those of status.go.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{ctx: ctx, stdin: stdin, stdout: plain.Writer(stdout), stderr: plain.Writer(stderr), data: stdout, terminal: stderr, now: time.Now, patience: 3 * time.Second}
	e.log = slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if len(args) > 0 {
		switch args[0] { // as people try them first
		case "help":
			args = append(args[1:len(args):len(args)], "--help")
		case "--version":
			args = []string{"version"}
		}
	}
	var c commands
	exit := -1
	parsed, err := newParser(&c, e, func(code int) { exit = code }).Parse(args)
	switch option := givenEmpty(args); {
	case exit >= 0: // help was asked for
		return exit
	case option != "":
		err = usage("%s is given nothing: give it a value, or leave it out", option)
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
	// A named pipe is open once somebody writes to it, which may be never.
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
