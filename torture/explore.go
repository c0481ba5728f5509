package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/testkit/seedtest"
)

const seedtestPath = "github.com/footfall/footfall/internal/testkit/seedtest"

// explore runs random tests with a fresh seed and more rounds than ./check does. The
// arguments are packages; without arguments it takes ./... It leaves out packages whose
// tests do not draw from package seedtest.
func explore(args []string) error {
	flags := flag.NewFlagSet("torture explore", flag.ContinueOnError)
	seed := flags.Uint64("seed", 0, "seed of all tests, to replay them; 0 draws one")
	rounds := flags.Int("rounds", 4, "how many times the rounds of ./check")
	times := flags.Int("times", 1, "how often to run, each time with the next seed")
	tags := flags.String("tags", "", "build tags")
	run := flags.String("run", "", "tests to run, as a regular expression; all tests if empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	packages := flags.Args()
	if len(packages) == 0 {
		packages = []string{"./..."}
	}
	packages, err := randomTests(*tags, packages)
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
	test = append(test, packages...)
	if *run != "" {
		test = append(test, "-run="+*run)
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

// randomTests returns those of the packages whose tests draw from package seedtest,
// directly or through another package.
func randomTests(tags string, packages []string) (random []string, err error) {
	cmd := exec.Command("go", append([]string{"list", "-test", "-tags=" + tags, "-f", `{{.ImportPath}} {{join .Deps " "}}`, "--"}, packages...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		deps := strings.Fields(line)
		if pkg, isTest := strings.CutSuffix(deps[0], ".test"); isTest && slices.Contains(deps, seedtestPath) {
			random = append(random, pkg)
		}
	}
	if len(random) == 0 {
		return nil, fmt.Errorf("no tests of %s draw from package seedtest", strings.Join(packages, " "))
	}
	return random, nil
}
