package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// comparison is a program that measures rows of the table. `bench all` runs all of them.
type comparison struct {
	name    string
	measure func(*session) error
}

// comparisons returns them in the order of the table.
func comparisons() []comparison {
	return []comparison{
		{"redirect", measureRedirects},
		{"search", measureSearch},
		{"import", measureImport},
		{"feed", measureFeed},
		{"links", measureLinks},
		{"questions", measureQuestions},
		{"alltime", measureAllTime},
		{"popular", measurePopular},
		{"disk", measureDisk},
		{"memory", measureMemory},
		{"check", measureCheck},
		{"sqlite", measureSQLite},
	}
}

// session is one run of comparisons. They share its directory and what is made in it.
type session struct {
	ctx     context.Context
	dir     string
	program harness.Program
	pairs   int
	each    time.Duration // of a run of redirects
	short   bool
	large   bool
	clicks  int // the largest number of clicks that is filled; 0 is the default of sizes
	rows    []table.Row

	disk       bool // the size of the counts is compared, for which ClickHouse counts all scopes and facets
	fills      map[int]*filled
	durability string // of redirects: footfall's --durability
}

// size returns a number of clicks, links or others: full, or small with -short.
func (s *session) size(full, small int) int {
	if s.short {
		return small
	}
	return full
}

// add adds a row, and prints it at once.
func (s *session) add(r table.Row) {
	s.rows = append(s.rows, r)
	fmt.Fprintf(os.Stderr, "%s: ours %v, theirs %v, compared %v\n", r.Work, r.Ours.Values, r.Theirs.Values, r.Compared())
}

// note prints progress. The table is on the standard output alone.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// alternate measures both sides in pairs. Theirs is first in each second pair.
func alternate(pairs int, ours, theirs func() (float64, error)) (o, t []float64, err error) {
	for i := range pairs {
		sides := []func() (float64, error){ours, theirs}
		values := []*[]float64{&o, &t}
		if i%2 == 1 {
			slices.Reverse(sides)
			slices.Reverse(values)
		}
		for j, measure := range sides {
			v, err := measure()
			if err != nil {
				return nil, nil, err
			}
			*values[j] = append(*values[j], v)
		}
	}
	return o, t, nil
}

// all runs the comparisons and prints the table.
func all(args []string) error { return compareWith("all", args) }

// compareWith runs a comparison, or all of them. A comparison that fails is a row of the table too, and
// the others go on.
func compareWith(name string, args []string) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	s := &session{}
	flags.BoolVar(&s.short, "short", false, "small sizes and short runs, to try the programs")
	flags.BoolVar(&s.large, "large", false, "also memory and check with 10 million links")
	flags.IntVar(&s.clicks, "clicks", 0, "largest number of clicks that questions, disk, memory and check use; 0 is 100 million, or 200,000 with -short")
	flags.IntVar(&s.pairs, "pairs", 0, "pairs of runs for each figure; 0 is 5, or 2 with -short")
	flags.DurationVar(&s.each, "each", 0, "duration of a run of redirects; 0 is 5 s, or 1 s with -short")
	flags.StringVar(&s.durability, "durability", "fsync", "footfall's --durability, for redirects")
	program := flags.String("program", "", "footfall to measure; built if empty")
	dir := flags.String("dir", ".", "where to make the temporary directory: on the disk that is to be measured")
	only := flags.String("only", "", "comparisons to run, with commas; all if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	selected := comparisons()
	if name != "all" {
		*only = name
	}
	if *only != "" {
		names := strings.Split(*only, ",")
		for _, n := range names {
			if !slices.ContainsFunc(selected, func(c comparison) bool { return c.name == n }) {
				return fmt.Errorf("there is no comparison %q", n)
			}
		}
		selected = slices.DeleteFunc(selected, func(c comparison) bool { return !slices.Contains(names, c.name) })
	}
	if s.pairs == 0 {
		s.pairs = s.size(5, 2)
	}
	if s.each == 0 {
		s.each = time.Duration(s.size(5, 1)) * time.Second
	}
	var stop context.CancelFunc
	s.ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	work, err := os.MkdirTemp(*dir, "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if s.dir, err = filepath.Abs(work); err != nil {
		return err
	}
	if s.program, err = harness.At(*program, s.dir); err != nil {
		return err
	}
	s.disk = slices.ContainsFunc(selected, func(c comparison) bool { return c.name == "disk" })
	return s.run(selected)
}

func (s *session) run(selected []comparison) (failed error) {
	began, load := time.Now(), loadAverage()
	for _, c := range selected {
		if s.ctx.Err() != nil {
			break
		}
		note("%s", c.name)
		if err := c.measure(s); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", c.name, err))
			first, _, _ := strings.Cut(err.Error(), "\n")
			s.rows = append(s.rows, table.Row{Work: c.name, Failed: first[:min(len(first), 100)]})
		}
		debug.FreeOSMemory()
	}
	for _, f := range s.fills {
		f.house.close()
	}
	fmt.Printf("\n%s\n", s.machine(began, load))
	return errors.Join(failed, table.Write(os.Stdout, s.rows))
}

// machine describes the machine and the run, in the words of a paragraph of the documentation.
func (s *session) machine(began time.Time, load string) string {
	cpu, memory := "unknown processor", "?"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		memory = fmt.Sprintf("%.0f GiB", float64(info.Totalram)*float64(info.Unit)/(1<<30))
	}
	commit := "unknown commit"
	if out, err := exec.Command("git", "describe", "--always", "--dirty").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	size := ""
	if s.short {
		size = " Short sizes and runs: to try the programs, not to quote."
	}
	return fmt.Sprintf("%s, footfall %s, %s, %s, %d cores, %s of memory, load average at the start %s. Medians of %d pairs; the load is made on the same machine.%s The run took %v.\n",
		began.UTC().Format(time.DateOnly), commit, runtime.Version(), cpu, runtime.NumCPU(), memory, load, s.pairs, size, time.Since(began).Round(time.Second))
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(text))[0]
}
