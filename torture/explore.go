package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

const seedtestPath = "github.com/footfall/footfall/internal/testkit/seedtest"

// explore runs random tests with a fresh seed and more rounds than ./check does. The
// arguments are packages; without arguments it takes ./... It leaves out packages without tests
// that draw from package seedtest, and without -run also the other tests.
func explore(args []string) error {
	flags := flag.NewFlagSet("torture explore", flag.ContinueOnError)
	seed := flags.Uint64("seed", 0, "seed of all tests, to replay them; 0 draws one")
	rounds := flags.Int("rounds", 4, "how many times the rounds of ./check")
	times := flags.Int("times", 1, "how often to run, each time with the next seed")
	tags := flags.String("tags", "", "build tags")
	run := flags.String("run", "", "tests to run, as a regular expression; all that draw random values if empty")
	skip := flags.String("skip", "", "tests not to run, as a regular expression")
	if err := flags.Parse(args); err != nil {
		return err
	}
	packages := flags.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	wanted, err := regexp.Compile(*run)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	skipped, err := regexp.Compile(*skip)
	if err != nil {
		return fmt.Errorf("-skip: %w", err)
	}
	packages, tests, err := randomTests(*tags, packages, func(test string) bool {
		return wanted.MatchString(test) && (*skip == "" || !skipped.MatchString(test))
	})
	if err != nil {
		return err
	}
	if *seed == 0 {
		*seed = freshSeed()
	}
	test := []string{"test", "-count=1", "-timeout=30m", "-vet=off", "-ldflags=-w"} // as ./check builds them
	if *tags != "" {
		test = append(test, "-tags="+*tags)
	}
	if *run == "" {
		*run = "^(" + strings.Join(tests, "|") + ")$"
	}
	test = append(append(test, packages...), "-run="+*run)
	if *skip != "" {
		test = append(test, "-skip="+*skip)
	}
	for n := range *times {
		env := []string{seedtest.EnvRounds + "=" + strconv.Itoa(*rounds), seedtest.Env + "=" + strconv.FormatUint(*seed+uint64(n), 10)}
		replay := seedtest.Quote(append(append(env, "go"), test...)...)
		fmt.Println(replay)
		cmd := exec.Command("go", test...)
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("a random test failed (%w). Each failure above names the command that replays it alone; this replays all of them:\n%s", err, replay)
		}
	}
	return nil
}

// randomTests returns those of the packages that have tests which draw from package
// seedtest and are wanted, and the names of these tests.
func randomTests(tags string, packages []string, wanted func(test string) bool) (random, tests []string, err error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-test", "-tags=" + tags, "-json=Dir,ImportPath,ForTest,DepOnly,GoFiles,TestGoFiles,XTestGoFiles,Deps", "--"}, packages...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w", err)
	}
	type pkg struct {
		Dir, ImportPath, ForTest                 string
		DepOnly                                  bool
		GoFiles, TestGoFiles, XTestGoFiles, Deps []string
	}
	var asked []string
	d := newDrawing()
	for in := json.NewDecoder(bytes.NewReader(out)); in.More(); {
		var p pkg
		if err := in.Decode(&p); err != nil {
			return nil, nil, fmt.Errorf("go list: %w", err)
		}
		if p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test") { // the same files once more
			continue
		}
		var files []string
		if slices.Contains(p.Deps, seedtestPath) {
			files = p.GoFiles
		}
		if !p.DepOnly {
			asked = append(asked, p.ImportPath)
			files = slices.Concat(files, p.TestGoFiles, p.XTestGoFiles)
		}
		if err := d.add(p.ImportPath, p.Dir, files); err != nil {
			return nil, nil, err
		}
	}
	d.settle()
	for _, path := range asked {
		drawing := slices.DeleteFunc(d.tests(path), func(test string) bool { return !wanted(test) })
		if len(drawing) > 0 {
			random, tests = append(random, path), append(tests, drawing...)
		}
	}
	if len(random) == 0 {
		return nil, nil, fmt.Errorf("no test of %s that is to run draws from package seedtest", strings.Join(packages, " "))
	}
	slices.Sort(tests)
	return random, slices.Compact(tests), nil
}
