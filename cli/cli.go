// Package cli is the command line: commands and options, each option declared
// once and also read from FOOTFALL_NAME in the environment.
//
// It refuses to do the work: every command but serve speaks to the process
// that owns the data directory.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/feed"
	"github.com/footfall/footfall/server"
)

// env is what commands work with.
type env struct {
	ctx            context.Context
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	log            *slog.Logger
}

// commands is the whole command line.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Answer questions and count clicks."`
	User    userCmd    `cmd:"" help:"Users and their access tokens."`
	Link    linkCmd    `cmd:"" help:"Short links."`
	Import  importCmd  `cmd:"" help:"Bring in clicks that others recorded; each counts once, however often it is imported."`
	Check   checkCmd   `cmd:"" help:"Prove that the counts agree with themselves and with the journal."`
	Export  exportCmd  `cmd:"" help:"Write users, links and counts as NDJSON to standard output; import --format ndjson takes it."`
	Backup  backupCmd  `cmd:"" help:"Add a backup of everything to a directory, while clicks go on; what has not changed is shared with the last one there."`
	Restore restoreCmd `cmd:"" help:"Make a data directory of the newest backup, and check it."`
	Rebuild rebuildCmd `cmd:"" help:"Count the journal again, from the newest backup or checkpoint that it reaches; the server must be stopped."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// dataDir is the option of every command that needs the data directory.
type dataDir struct {
	Data string `help:"The data directory." default:"./footfall-data" type:"path" placeholder:"DIR"`
}

// domains is the option of every command that makes short URLs.
type domains struct {
	Domain []string `help:"A short domain of this installation, the default one first (default: the host that is asked)." placeholder:"HOST"`
}

// with calls f with the process that owns the directory, and becomes that
// process meanwhile where nobody is.
func (d dataDir) with(e *env, f func(*server.Owner) error) error {
	return e.connect(server.Options{Dir: d.Data}, f)
}

// making is with for commands that make the data directory where it is missing.
func (d dataDir) making(e *env, f func(*server.Owner) error) error {
	return e.connect(server.Options{Dir: d.Data, Create: true}, f)
}

func (e *env) connect(o server.Options, f func(*server.Owner) error) error {
	o.Host, o.Now, o.Log = server.DefaultHost, e.now, e.log
	owner, err := server.Connect(e.ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(f(owner), owner.Close(context.WithoutCancel(e.ctx)))
}

// Main runs the program and returns its exit status: 0, or 1 after an error
// that it has told on stderr.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{ctx, stdin, stdout, stderr, time.Now, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("footfall"),
		kong.Description("The click-metrics server that answers in Bitly's v3 dialect."),
		kong.DefaultEnvars("FOOTFALL"),
		kong.Vars{"formats": strings.Join(feed.Formats, ",")},
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Bind(e),
	)
	if err != nil {
		panic(err) // the declarations above are wrong
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // help was asked for
		return exit
	}
	if err == nil {
		err = parsed.Run()
	} else {
		err = fmt.Errorf("%w (footfall --help shows how)", err)
	}
	if err != nil {
		fmt.Fprintf(stderr, "footfall: %v\n", err)
		return 1
	}
	return 0
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintln(e.stdout, "footfall", version)
	return err
}

// file opens an input: a path, or - for standard input.
func (e *env) file(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(e.stdin), nil
	}
	return os.Open(path)
}
