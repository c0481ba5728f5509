// Package seedtest gives a seed to every random test of the project. The default seed
// is fixed, so tests draw the same numbers on every run. A test that fails logs the
// command that repeats it with the same numbers.
//
// The flag -seed sets the seed. Without it, the environment variable
// FOOTFALL_TEST_SEED does, and without both it is Default. The flag exists only in the
// test binaries of packages that import seedtest, so use the variable for
// `go test ./...`. Tests of properties with pgregory.net/rapid use the same seed, if
// they call Check.
//
// seedtest never draws a seed. torture explore draws new ones, and prints them.
package seedtest

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// Default is the seed if neither the flag nor the environment sets one.
const Default uint64 = 1

// Env is the environment variable of the seed. The flag -seed overrides it.
const Env = "FOOTFALL_TEST_SEED"

// EnvRounds is the environment variable by which the rounds of random tests are
// multiplied: an integer from 1 to 1,000,000. If it is not set, that is 1.
const EnvRounds = "FOOTFALL_TEST_ROUNDS"

// checks is the number of times that a property is checked in one round.
const checks = 50

const (
	rapidSeed   = "rapid.seed"
	rapidChecks = "rapid.checks"
)

var (
	given   uint64 // the flag -seed; 0 if it is not set
	derived string // the value that setRapidSeed gave to rapid.seed

	logging sync.Map // tests that log their replay command when they fail
)

func init() {
	flag.Func("seed", "seed of the random tests, from 1 on (default $"+Env+", else "+strconv.FormatUint(Default, 10)+")", func(s string) error {
		n, err := parse(s)
		if err != nil {
			return err
		}
		given = n
		return setRapidSeed(n)
	})
	// By default rapid takes its seed from the time, and first repeats failures from
	// files that are not committed. Then two runs of the same tree would differ.
	derived = flag.Lookup(rapidSeed).DefValue
	if err := flag.Set("rapid.nofailfile", "true"); err != nil {
		panic(err)
	}
	if os.Getenv("RAPID_CHECKS") == "" {
		if n, err := rounds(checks); err == nil { // else Seed reports the error
			if err := flag.Set(rapidChecks, strconv.Itoa(n)); err != nil {
				panic(err)
			}
		}
	}
	if os.Getenv("RAPID_SEED") != "" {
		return
	}
	n, err := environment()
	if err != nil {
		return // Seed reports the error
	}
	if err := setRapidSeed(n); err != nil {
		panic(err)
	}
}

// setRapidSeed sets the seed of rapid, unless the command line sets it.
func setRapidSeed(n uint64) error {
	if flag.Lookup(rapidSeed).Value.String() != derived {
		return nil
	}
	derived = strconv.FormatUint(n, 10)
	return flag.Set(rapidSeed, derived)
}

func parse(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil || n == 0 {
		return 0, errors.New("a seed is an integer from 1 to 2^64-1")
	}
	return n, nil
}

func environment() (uint64, error) {
	s := os.Getenv(Env)
	if s == "" {
		return Default, nil
	}
	n, err := parse(s)
	if err != nil {
		return 0, fmt.Errorf("%s=%q: %w", Env, s, err)
	}
	return n, nil
}

func rounds(n int) (int, error) {
	s := os.Getenv(EnvRounds)
	if s == "" {
		return n, nil
	}
	by, err := strconv.Atoi(s)
	if err != nil || by < 1 || by > 1_000_000 {
		return 0, fmt.Errorf("%s=%q: the multiplier of rounds is an integer from 1 to 1,000,000", EnvRounds, s)
	}
	return n * by, nil
}

// Rounds returns how many rounds a random test should make: n times $FOOTFALL_TEST_ROUNDS.
func Rounds(t testing.TB, n int) int {
	t.Helper()
	n, err := rounds(n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Seed returns the seed of this run, never 0. If t fails, its log ends with the command
// that replays it.
func Seed(t testing.TB) uint64 {
	t.Helper()
	Rounds(t, 1)
	// Read the environment even if the flag is set: then go test does not reuse a cached
	// result when the variable changes.
	n, err := environment()
	if given != 0 {
		n, err = given, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, again := logging.LoadOrStore(t, true); !again {
		t.Cleanup(func() {
			logging.Delete(t)
			if t.Failed() {
				t.Log("replay with: " + replay(t.Name(), n))
			}
		})
	}
	return n
}

// Rand returns a generator from the seed of this run and the name of the test, so that
// every test and subtest draws the same numbers when it runs alone.
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	name := fnv.New64a()
	name.Write([]byte(t.Name()))
	return rand.New(rand.NewPCG(Seed(t), name.Sum64()))
}

// Sample returns a function that says whether a test of many cases should check the next
// case. It picks one case in n at random, or more if $FOOTFALL_TEST_ROUNDS asks for more
// rounds. From n rounds on it picks every case.
func Sample(t testing.TB, n int) func() bool {
	t.Helper()
	rng, by := Rand(t), Rounds(t, 1)
	return func() bool { return rng.IntN(n) < by }
}

// Reader returns an endless stream of the bytes of Rand, for tests in place of
// crypto/rand. It is safe for concurrent use.
func Reader(t testing.TB) io.Reader {
	t.Helper()
	return &reader{rng: Rand(t)}
}

type reader struct {
	mu  sync.Mutex
	rng *rand.Rand
}

func (r *reader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range p {
		p[i] = byte(r.rng.Uint32())
	}
	return len(p), nil
}

// Check is rapid.Check with the seed of this run.
func Check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	Seed(t)
	rapid.Check(t, property)
}

// replay returns the command that runs one test again with its seed, and with the other
// flags of this run that change what tests do.
func replay(test string, seed uint64) string {
	var words []string
	if by := os.Getenv(EnvRounds); by != "" {
		words = append(words, EnvRounds+"="+quote(by))
	}
	words = append(words, "go", "test")
	pkg := "."
	if build, ok := debug.ReadBuildInfo(); ok {
		if path, ok := strings.CutPrefix(strings.TrimSuffix(build.Path, ".test"), build.Main.Path); ok {
			pkg += strings.TrimSuffix(path, "_test")
		}
		for _, s := range build.Settings {
			if s.Key == "-tags" {
				words = append(words, "-tags="+quote(s.Value))
			}
			if s.Key == "-race" && s.Value == "true" {
				words = append(words, "-race")
			}
		}
	}
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	words = append(words, pkg, "-count=1", "-run="+quote(strings.Join(parts, "/")), "-seed="+strconv.FormatUint(seed, 10))
	usual := ""
	if n, err := rounds(checks); err == nil {
		usual = strconv.Itoa(n)
	}
	flag.Visit(func(f *flag.Flag) {
		switch {
		case f.Name == rapidChecks && f.Value.String() == usual:
		case f.Name == "seed", f.Name == "rapid.nofailfile", f.Name == rapidSeed && f.Value.String() == derived:
		case f.Name == "test.short":
			words = append(words, "-short")
		case !strings.HasPrefix(f.Name, "test."):
			words = append(words, "-"+f.Name+"="+quote(f.Value.String()))
		}
	})
	return strings.Join(words, " ")
}

// Quote joins words to a command line for a shell.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}

// quote quotes a word for a shell.
func quote(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-_./,:=%+@", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
