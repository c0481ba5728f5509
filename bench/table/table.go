// Package table has the rows of a measurement that compares footfall with others: medians
// of pairs, their spread, and whether a goal is met.
package table

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// What a side promises about a click that was accepted.
const (
	PowerCut = "power cut" // it survives a power cut
	Killed   = "kill"      // it survives a killed process, and not a power cut
	Nothing  = "nothing"   // it is not kept
	Reads    = "reads"     // the work writes nothing
)

// Comparison says what of the two sides a goal is about.
type Comparison int

const (
	Ratio      Comparison = iota // ours divided by theirs
	Speedup                      // theirs divided by ours
	Difference                   // ours less theirs, in the unit of the row
	Value                        // ours alone, in the unit of the row
)

// Goal is a bound of the median of a comparison. The zero value is no goal.
type Goal struct {
	bound float64
	sign  int // 1: at least, -1: at most
}

// AtLeast returns the goal that the comparison is the bound or more.
func AtLeast(bound float64) Goal { return Goal{bound, 1} }

// AtMost returns the goal that the comparison is the bound or less.
func AtMost(bound float64) Goal { return Goal{bound, -1} }

// Met reports whether a comparison meets the goal.
func (g Goal) Met(compared float64) bool {
	return g.sign == 0 || float64(g.sign)*(compared-g.bound) >= 0
}

// Side is what was measured of one side.
type Side struct {
	// Values are in the unit of the row, one for each pair.
	Values []float64
	// Peak is the peak of the resident memory, in MB; 0 if it was not measured.
	Peak float64
	// Disk is the size of what was written, in bytes; 0 if it was not measured.
	Disk float64
	// Promise is one of the constants, or empty if there is no such side.
	Promise string
}

// Row is one line of the table.
type Row struct {
	// Work is what was done, and Against what the other side is; empty if there is none.
	Work, Against string
	// Unit is the unit of the values, such as requests/s.
	Unit string
	By   Comparison
	Goal Goal
	Ours Side
	// Theirs has as many values as Ours, except with By Value.
	Theirs Side
	// Failed is why the row has no values; empty if it has.
	Failed string
}

// Compared returns the comparison of each pair.
func (r Row) Compared() []float64 {
	all := slices.Clone(r.Ours.Values)
	for i := range all {
		if r.By == Value {
			break
		}
		theirs := r.Theirs.Values[i]
		switch r.By {
		case Ratio:
			all[i] /= theirs
		case Speedup:
			all[i] = theirs / all[i]
		case Difference:
			all[i] -= theirs
		}
	}
	return all
}

// Met reports whether the median of the comparison meets the goal.
func (r Row) Met() bool { return r.Failed == "" && r.Goal.Met(Median(r.Compared())) }

// Median returns the middle of the values, or the mean of the two in the middle. It is NaN
// if there is no value.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Quantile returns the smallest value that at least the part of the values do not exceed.
// part is from 0 to 1. It is NaN if there is no value.
func Quantile(values []float64, part float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(max(int(math.Ceil(part*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// columns are the heads of the table.
var columns = []string{"work", "against", "ours", "theirs", "compared", "spread", "goal", "met", "memory", "disk", "survives"}

// cells returns the texts of a row, in the order of columns.
func (r Row) cells() []string {
	if r.Failed != "" {
		return []string{r.Work, dash(r.Against), "failed: " + r.Failed, "–", "–", "–", r.goal(), r.met(), "–", "–", "–"}
	}
	compared := r.Compared()
	theirs, spread := "–", r.compared(slices.Min(compared))+" to "+r.compared(slices.Max(compared))
	if len(r.Theirs.Values) > 0 {
		theirs = Number(Median(r.Theirs.Values)) + " " + r.Unit
	}
	if len(compared) == 1 {
		spread = "one run"
	}
	median := r.compared(Median(compared))
	if r.By == Value {
		median = "–"
	}
	return []string{
		r.Work, dash(r.Against), Number(Median(r.Ours.Values)) + " " + r.Unit, theirs, median, spread, r.goal(), r.met(),
		both(r.Ours.Peak, r.Theirs.Peak, megabytes), both(r.Ours.Disk, r.Theirs.Disk, bytes),
		dash(strings.TrimSuffix(r.Ours.Promise+" / "+r.Theirs.Promise, " / ")),
	}
}

// compared returns the text of one comparison.
func (r Row) compared(v float64) string {
	switch r.By {
	case Ratio:
		return fmt.Sprintf("%.2f", v)
	case Speedup:
		return fmt.Sprintf("%.1f ×", v)
	case Difference:
		return fmt.Sprintf("%+.2f %s", v, r.Unit)
	default:
		return Number(v)
	}
}

func (r Row) goal() string {
	switch r.Goal.sign {
	case 1:
		return "≥ " + strings.TrimPrefix(r.compared(r.Goal.bound), "+")
	case -1:
		return "≤ " + r.compared(r.Goal.bound)
	}
	return "–"
}

func (r Row) met() string {
	switch {
	case r.Goal == Goal{}:
		return "–"
	case r.Met():
		return "yes"
	}
	return "**no**"
}

func dash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// both returns the texts of two numbers; a dash for one that was not measured.
func both(ours, theirs float64, text func(float64) string) string {
	if ours == 0 && theirs == 0 {
		return "–"
	}
	one := func(v float64) string {
		if v == 0 {
			return "–"
		}
		return text(v)
	}
	if theirs == 0 {
		return one(ours)
	}
	return one(ours) + " / " + one(theirs)
}

func megabytes(mb float64) string { return fmt.Sprintf("%.0f MB", mb) }

func bytes(n float64) string { return fmt.Sprintf("%.1f MB", n/1e6) }

// Number returns a number with three digits that count, and commas between thousands.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case a >= 1000:
		digits := math.Pow(10, math.Floor(math.Log10(a))-2)
		text := fmt.Sprintf("%.0f", math.Round(v/digits)*digits)
		for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
			text = text[:i] + "," + text[i:]
		}
		return text
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1 || a == 0:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Write writes the rows as a table of Markdown, whose columns are aligned.
func Write(w io.Writer, rows []Row) error {
	lines := [][]string{columns}
	for _, r := range rows {
		lines = append(lines, r.cells())
	}
	widths := make([]int, len(columns))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var text strings.Builder
	for i, line := range lines {
		for j, cell := range line {
			text.WriteString("| " + cell + strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)) + " ")
		}
		text.WriteString("|\n")
		if i == 0 {
			for _, n := range widths {
				text.WriteString("|" + strings.Repeat("-", n+2))
			}
			text.WriteString("|\n")
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}
