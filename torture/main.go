// Command torture damages and interrupts footfall in every way that it must survive,
// and compares its counts with its answers. docs/torture.md describes the scenarios.
// It fails if anything was wrong.
//
// torture explore runs the random tests of all packages with a new seed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// scenarios are the ways in which footfall is damaged or interrupted. rounds and short
// are the rounds of a run and of a short run.
var scenarios = []struct {
	name          string
	rounds, short int
	run           func(*trial) error
}{
	{"kill", 100, 30, kill},
	{"cuts", 200, 40, cuts},
	{"apart", 60, 12, apart},
	{"bitflip", 100, 12, bitflip},
	{"upkeep", 60, 10, upkeep},
	{"sqlite", 20, 4, killSQLite},
	{"diskfull", 10, 2, diskFull},
	{"readonly", 10, 2, readOnly},
	{"clock", 50, 10, clock},
	{"files", 10, 2, files},
	{"faults", 40, 8, faults},
}

func main() {
	run, args := torture, os.Args[1:]
	if len(args) > 0 && args[0] == "explore" {
		run, args = explore, args[1:]
	}
	err := run(args)
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "torture: %v\n", err)
		os.Exit(1)
	}
}

// torture runs the scenarios.
func torture(args []string) error {
	flags := flag.NewFlagSet("torture", flag.ContinueOnError)
	seed := flags.Uint64("seed", 0, "seed of every plan, to replay them; 0 draws one")
	only := flags.String("only", "", "scenarios to run, separated by commas; all if empty")
	rounds := flags.Int("rounds", 0, "rounds of each scenario; 0 is the default of the scenario")
	short := flags.Bool("short", false, "run few rounds of each scenario")
	program := flags.String("program", "", "footfall to test; built if empty")
	dir := flags.String("dir", "", "where to make the temporary directory; that of the system if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *seed == 0 {
		*seed = freshSeed()
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(*dir, "footfall-torture-")
	if err != nil {
		return err
	}
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	footfall, err := harness.At(*program, work)
	if err != nil {
		return err
	}
	fmt.Printf("-seed %d\n", *seed)
	var summaries, failed []string
	wrong := 0
	for _, s := range scenarios {
		if !chosen[s.name] {
			continue
		}
		n := s.rounds
		if *short {
			n = s.short
		}
		if *rounds > 0 {
			n = *rounds
		}
		t := &trial{name: s.name, seed: *seed, rounds: n, program: footfall, dir: filepath.Join(work, s.name)}
		began := time.Now()
		err := os.MkdirAll(t.dir, 0o777)
		if err == nil {
			err = s.run(t)
		}
		if err != nil {
			t.wrong("%v", err)
		}
		if t.wrongs > 0 {
			failed = append(failed, fmt.Sprintf("go run ./torture -seed %d -only %s -rounds %d", *seed, s.name, n))
		}
		wrong += t.wrongs
		summaries = append(summaries, fmt.Sprintf("%-8s %s, %d wrong, %v", s.name, t.figures(), t.wrongs, time.Since(began).Round(time.Second)))
	}
	fmt.Printf("\n%s\n", strings.Join(summaries, "\n"))
	if wrong > 0 {
		return fmt.Errorf("%d times something was wrong, see the lines with WRONG; the data is kept in %s; replay with\n%s", wrong, work, strings.Join(failed, "\n"))
	}
	return os.RemoveAll(work)
}

// choose parses the names of scenarios. An empty text names all.
func choose(names string) (map[string]bool, error) {
	chosen, known := map[string]bool{}, []string{}
	for _, s := range scenarios {
		known = append(known, s.name)
		chosen[s.name] = names == ""
	}
	for name := range strings.SplitSeq(names, ",") {
		if _, ok := chosen[name]; !ok && names != "" {
			return nil, fmt.Errorf("-only: there is no scenario %q; the scenarios are %s", name, strings.Join(known, ","))
		}
		chosen[name] = true
	}
	return chosen, nil
}
