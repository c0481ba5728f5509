package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/dustin/go-humanize/english"
	"github.com/schollz/progressbar/v3"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

type importCmd struct {
	dataDir
	Format         string   `help:"The format of the files: ${enum}." enum:"${formats}" required:"" placeholder:"FORMAT"`
	Domain         []string `help:"A short domain of this installation; links may not lead back to it. A running server uses its own. May be repeated." placeholder:"HOST" otherwise:"the server's"`
	TrustedProxies []string `help:"An address or network of a proxy, for access logs that list several addresses: the visitor's is the last one that is neither private nor one of these. A running server uses its own. May be repeated." placeholder:"CIDR" otherwise:"the server's"`
	As             string   `help:"The user who owns the links of links-csv. They must exist." placeholder:"LOGIN"`
	WithCounts     bool     `help:"With links-csv: also import the number of clicks of each link that is made, all at the time at which the link was made."`
	DryRun         bool     `help:"With links-csv: print a table of what would happen, and change nothing."`
	JSON           bool     `help:"Print the result as one JSON object." name:"json"`
	Files          []string `arg:"" name:"file" help:"The files to import, plain or gzip. - is standard input, of which each line counts within a second, except those of links-csv. If a file cannot be read, the others are still imported."`
}

func (c *importCmd) Run(e *env) error {
	if err := c.missing(); err != nil {
		return err
	}
	if err := c.misused(); err != nil {
		return err
	}
	options := server.Options{Data: c.options(e)}
	// An access log names links that exist already. If there is no data directory,
	// the wrong one was named.
	options.Data.Create, options.Domains, options.TrustedProxies = feed.BringsLinks(c.Format), c.Domain, c.TrustedProxies
	return e.connect(options, func(o *server.Owner) error {
		if c.Format == feed.LinksCSV {
			return c.links(e, o)
		}
		var total feed.Result
		err := c.each(e, func(path string) error {
			result, err := c.file(e, o, path)
			total.Add(result)
			c.remark(e, path, result)
			if err == nil && result.Lines > 0 && result.Rejected == result.Lines {
				err = c.allRejected(e, path, result)
			}
			return err
		})
		if errors.As(err, new(interrupted)) {
			return err
		}
		return errors.Join(err, c.report(e, total))
	})
}

// interrupted is the error of an import that did not end.
type interrupted struct{ error }

func (i interrupted) Unwrap() error { return i.error }

// each imports each file. It continues after an error, unless the import was
// interrupted.
func (c *importCmd) each(e *env, file func(path string) error) (failed error) {
	for _, path := range c.Files {
		err := file(path)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("import %s: %w", plain.Text(path), err))
		}
		if e.ctx.Err() != nil || errors.Is(err, control.ErrCutOff) || errors.Is(err, control.ErrStopping) {
			// How far it came is unknown; the next import finds out.
			return interrupted{fmt.Errorf("%w; what was recorded so far stays, and the next import of the same files continues there", failed)}
		}
	}
	return failed
}

// misused fails if an option does not fit the format.
func (c *importCmd) misused() error {
	switch {
	case c.Format == feed.LinksCSV && c.As == "":
		return usage("links-csv needs --as LOGIN, the user who owns the links")
	case c.Format != feed.LinksCSV && (c.As != "" || c.WithCounts || c.DryRun):
		return usage("--as, --with-counts and --dry-run are for --format links-csv alone")
	}
	return nil
}

// missing fails if none of the files exists. Then no data directory is opened, or
// made.
func (c *importCmd) missing() (all error) {
	for _, path := range c.Files {
		_, err := os.Stat(path)
		if err == nil || path == "-" {
			return nil
		}
		if p := new(fs.PathError); errors.As(err, &p) {
			p.Op = "open" // the word that is printed for one file of several
		}
		all = errors.Join(all, fmt.Errorf("import %s: %w", plain.Text(path), err))
	}
	return all
}

// remark prints which lines of a file do not count now but could later, and why.
func (c *importCmd) remark(e *env, path string, r feed.Result) {
	switch {
	case r.NoLink == 1:
		fmt.Fprintf(e.stderr, "%s: 1 line names a link that does not exist: add the link and import the same file again, then the line counts\n", plain.Text(path))
	case r.NoLink > 1:
		fmt.Fprintf(e.stderr, "%s: %d lines name links that do not exist: add the links and import the same file again, then the lines count\n", plain.Text(path), r.NoLink)
	}
}

// allRejected returns the error about a file without a valid line. If no line has the
// format, the format is probably wrong.
func (c *importCmd) allRejected(e *env, path string, r feed.Result) error {
	if r.Alien < r.Rejected {
		return errAllRejected
	}
	err := fmt.Errorf("%w: is its format really %s?", errAllRejected, c.Format)
	if path == "-" {
		return err
	}
	if f, openErr := e.file(path); openErr == nil {
		defer f.Close()
		if feed.IsLinksCSV(f) {
			err = fmt.Errorf("%w It may be a list of links: see --format %s", err, feed.LinksCSV)
		}
	}
	return err
}

var errAllRejected = errors.New("every line was rejected")

// file imports one file, and prints rejected lines as they come.
func (c *importCmd) file(e *env, o *server.Owner, path string) (feed.Result, error) {
	f, err := e.file(path)
	if err != nil {
		return feed.Result{}, err
	}
	defer f.Close()
	bar := e.progress(f, path)
	reader := progressbar.NewReader(f, bar)
	from := control.ImportOf{Format: c.Format, Input: control.Input{Reader: &reader}}
	result, err := control.Import.Ask(e.ctx, o.Client, from, func(l feed.Rejected) {
		_ = bar.Clear()
		fmt.Fprintf(e.stderr, "%s:%d: rejected: %s%s\n", plain.Text(path), l.Line, l.Reason, lineHints[l.Kind])
	})
	_ = bar.Finish()
	return result, err
}

// progress returns a progress bar for a file. Only a terminal shows it.
func (e *env) progress(f io.Reader, path string) *progressbar.ProgressBar {
	size := int64(-1)
	if file, ok := f.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
	}
	return newBar(e.terminal, isTerminal(e.terminal), size, plain.Text(path), meter.Bytes)
}

func (c *importCmd) report(e *env, r feed.Result) error {
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(struct {
			Lines    uint64 `json:"lines"`
			Clicks   uint64 `json:"clicks"`
			Known    uint64 `json:"known"`
			Skipped  uint64 `json:"skipped"`
			Rejected uint64 `json:"rejected"`
		}{r.Lines, r.Clicks, r.Known, r.Skipped, r.Rejected})
	}
	described := ""
	if r.Users+r.Links > 0 {
		described = fmt.Sprintf(" %s and %s described,", many(r.Users, "user"), many(r.Links, "link"))
	}
	_, err := fmt.Fprintf(e.stdout, "%s: %s recorded, %d known already,%s %d skipped, %d rejected\n",
		many(r.Lines, "line"), many(r.Clicks, "click"), r.Known, described, r.Skipped-r.Users-r.Links, r.Rejected)
	return err
}

// many returns a number with its noun, in the singular or the plural.
func many(n uint64, thing string) string {
	return fmt.Sprintf("%d %s", n, english.PluralWord(int(n), thing, ""))
}
