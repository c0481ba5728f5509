package main

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// scenarios are the ways in which footfall is hurt, with the rounds of a run
// and of a short one.
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

// torture hurts footfall in every way it must survive, and compares what it
// counts with what it answered: docs/torture.md. It fails if anything was
// wrong.
func torture(args []string) error {
	flags := flag.NewFlagSet("torture", flag.ContinueOnError)
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "what every plan is drawn from; the same one replays them")
	only := flags.String("only", "", "the scenarios to run, with commas between; all if empty")
	rounds := flags.Int("rounds", 0, "rounds of each scenario; 0 is what it has by itself")
	short := flags.Bool("short", false, "a few rounds of each scenario")
	program := flags.String("program", "", "the footfall to hurt; built if empty")
	dir := flags.String("dir", "", "where to work; a temporary directory if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp(*dir, "bench-torture-")
	if err != nil {
		return err
	}
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	if *program == "" {
		*program = filepath.Join(work, "footfall")
		if out, err := exec.Command("go", "build", "-o", *program, "github.com/footfall/footfall/cmd/footfall").CombinedOutput(); err != nil {
			return fmt.Errorf("build footfall: %w\n%s", err, out)
		}
	}
	if *program, err = filepath.Abs(*program); err != nil {
		return err
	}
	fmt.Printf("-seed %d\n", *seed)
	var summaries []string
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
		t := &trial{name: s.name, seed: *seed, rounds: n, program: *program, dir: filepath.Join(work, s.name)}
		began := time.Now()
		err := os.MkdirAll(t.dir, 0o777)
		if err == nil {
			err = s.run(t)
		}
		if err != nil {
			t.wrong("%v", err)
		}
		wrong += t.wrongs
		summaries = append(summaries, fmt.Sprintf("%-8s %s, %d wrong, %v", s.name, t.figures(), t.wrongs, time.Since(began).Round(time.Second)))
	}
	fmt.Printf("\n%s\n", strings.Join(summaries, "\n"))
	if wrong > 0 {
		return fmt.Errorf("%d things were wrong: -seed %d draws the same plan; the data is kept in %s", wrong, *seed, work)
	}
	return os.RemoveAll(work)
}

// choose reads the names of scenarios; all of them if there is none.
func choose(names string) (map[string]bool, error) {
	chosen, known := map[string]bool{}, []string{}
	for _, s := range scenarios {
		known = append(known, s.name)
		chosen[s.name] = names == ""
	}
	for name := range strings.SplitSeq(names, ",") {
		if _, ok := chosen[name]; !ok && names != "" {
			return nil, fmt.Errorf("-only %q: the scenarios are %s", name, strings.Join(known, ","))
		}
		chosen[name] = true
	}
	return chosen, nil
}

// trial is one scenario under way.
type trial struct {
	name    string
	seed    uint64
	rounds  int
	program string
	dir     string

	round  int // from 0
	wrongs int

	// What the summary shows.
	kills int
	total balance
	extra string
}

// plan is what the round's accidents are drawn from: the same for a seed,
// whatever the machine does.
func (t *trial) plan() *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", t.name, t.round)
	return rand.New(rand.NewPCG(t.seed, h.Sum64()))
}

// each calls f once a round, and says what was done and found.
func (t *trial) each(f func(rng *rand.Rand) (did string, err error)) error {
	for ; t.round < t.rounds; t.round++ {
		before := t.wrongs
		did, err := f(t.plan())
		found := "nothing wrong"
		if t.wrongs > before {
			found = fmt.Sprintf("%d WRONG", t.wrongs-before)
		}
		fmt.Printf("%s %d: %s; %s\n", t.name, t.round+1, did, found)
		if err != nil {
			return err
		}
		if t.wrongs > 10 {
			return errors.New("given up after so many")
		}
	}
	return nil
}

// wrong tells of something that must not be.
func (t *trial) wrong(format string, args ...any) {
	t.wrongs++
	fmt.Printf("%s %d: WRONG: %s\n", t.name, t.round+1, fmt.Sprintf(format, args...))
}

func (t *trial) figures() string {
	s := fmt.Sprintf("%d rounds", t.round)
	if t.kills > 0 {
		s += fmt.Sprintf(", %d kills", t.kills)
	}
	if t.total.sent > 0 {
		s += ", " + t.total.String()
	}
	return s + t.extra
}

// balance is clicks: what went out, and what came of it.
type balance struct{ sent, answered, reported, counted uint64 }

func (b balance) String() string {
	return fmt.Sprintf("%d clicks sent, %d answered, %d reported as not durable, %d counted", b.sent, b.answered, b.reported, b.counted)
}
