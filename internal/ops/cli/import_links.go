package cli

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

// links imports CSV files of links.
func (c *importCmd) links(e *env, o *server.Owner) error {
	out := bufio.NewWriter(e.data)
	w := linkRows{json: c.JSON && c.DryRun, list: array{w: plain.Writer(out)}, printed: map[bool]int{}}
	if c.DryRun && !c.JSON {
		w.table = newTable(plain.Writer(out), ">LINE", "VERDICT", "LINK", "LONG URL", "REASON")
	}
	if w.json {
		fmt.Fprint(out, `{"rows":`)
	}
	var total feed.LinksResult
	err := c.each(e, func(path string) error {
		result, err := c.linksOf(e, o, path, &w)
		total.Add(result)
		c.remarkLinks(e, path, result)
		if err == nil && result.Links > 0 && result.Rejected == result.Links {
			err = errAllRejected
		}
		return err
	})
	if !w.json && (total.Links == 0 && err != nil || errors.As(err, new(interrupted))) {
		return err
	}
	return errors.Join(err, w.end(), c.reportLinks(out, total, w.json), out.Flush())
}

// linksOf imports one file.
func (c *importCmd) linksOf(e *env, o *server.Owner, path string, w *linkRows) (feed.LinksResult, error) {
	f, err := e.file(path)
	if err != nil {
		return feed.LinksResult{}, err
	}
	defer f.Close()
	bar := e.progress(f, path)
	reader := progressbar.NewReader(f, bar)
	of := control.ImportLinksOf{
		LinksOptions: feed.LinksOptions{Login: c.As, Counts: c.WithCounts, DryRun: c.DryRun},
		Input:        control.Input{Reader: &reader},
	}
	result, err := control.ImportLinks.Ask(e.ctx, o.Client, of, func(l feed.LinkRow) {
		if c.DryRun {
			w.row(path, l)
			return
		}
		_ = bar.Clear()
		fmt.Fprintf(e.stderr, "%s:%d: rejected: %s\n", plain.Text(path), l.Line, l.Reason)
	})
	_ = bar.Finish()
	return result, err
}

// maxRows is the number of rows that a dry run prints of links that can be made or are
// known, and also of links that are rejected.
const maxRows = 1000

// maxCell is the length, in characters, of a URL in the table of a dry run.
const maxCell = 60

// linkRows prints the rows of a dry run.
type linkRows struct {
	json    bool
	list    array
	table   *table
	printed map[bool]int // rejected or not
	left    int
}

func (w *linkRows) row(path string, l feed.LinkRow) {
	if w.json {
		w.list.element(struct {
			File string `json:"file"`
			feed.LinkRow
		}{path, l})
		return
	}
	rejected := l.Verdict == feed.NotMade
	if w.printed[rejected]++; w.printed[rejected] > maxRows {
		w.left++
		return
	}
	w.table.message(l.Reason, strconv.FormatUint(l.Line, 10), string(l.Verdict), cutCell(l.Link), cutCell(l.LongURL))
}

func cutCell(s string) string {
	if r := []rune(s); len(r) > maxCell {
		return string(r[:maxCell-1]) + "…"
	}
	return s
}

func (w *linkRows) end() error {
	switch {
	case w.json:
		return w.list.end()
	case w.table == nil:
		return nil
	}
	err := w.table.flush()
	if w.left > 0 {
		_, more := fmt.Fprintf(w.table.w, "… and %s; --json prints all\n", many(uint64(w.left), "more line"))
		err = cmp.Or(err, more)
	}
	return err
}

// remarkLinks prints what an import left out of a file.
func (c *importCmd) remarkLinks(e *env, path string, r feed.LinksResult) {
	if len(r.Ignored) > 0 {
		fmt.Fprintf(e.stderr, "%s: columns that are not imported: %s\n", plain.Text(path), plain.Text(strings.Join(r.Ignored, ", ")))
	}
	switch {
	case r.ClicksLeft == 0:
	case c.WithCounts:
		fmt.Fprintf(e.stderr, "%s: the counts of links that were here already (%s) are not imported\n", plain.Text(path), many(r.ClicksLeft, "click"))
	default:
		fmt.Fprintf(e.stderr, "%s: its counts (%s) are not imported: import it with --with-counts to have them\n", plain.Text(path), many(r.ClicksLeft, "click"))
	}
}

// reportLinks prints the totals. In the JSON of a dry run they follow the rows.
func (c *importCmd) reportLinks(w io.Writer, r feed.LinksResult, afterRows bool) error {
	if c.JSON {
		if afterRows {
			fmt.Fprint(w, `,"result":`)
		}
		// The first five are those of all formats. There, lines that describe links are skipped.
		err := json.NewEncoder(w).Encode(struct {
			Lines      uint64 `json:"lines"`
			Clicks     uint64 `json:"clicks"`
			Known      uint64 `json:"known"`
			Skipped    uint64 `json:"skipped"`
			Rejected   uint64 `json:"rejected"`
			Made       uint64 `json:"made"`
			KnownLinks uint64 `json:"known_links"`
			ClicksLeft uint64 `json:"clicks_left"`
		}{Lines: r.Links, Clicks: r.Clicks, Skipped: r.Made + r.Known, Rejected: r.Rejected, Made: r.Made, KnownLinks: r.Known, ClicksLeft: r.ClicksLeft})
		if afterRows {
			fmt.Fprintln(w, "}")
		}
		return err
	}
	form := "%s: %d made, %d known already, %d rejected; %s recorded\n"
	if c.DryRun {
		form = "%s: %d would be made, %d known already, %d rejected; %s would be recorded\n"
	}
	_, err := fmt.Fprintf(w, form, many(r.Links, "link"), r.Made, r.Known, r.Rejected, many(r.Clicks, "click"))
	return err
}
