package seedtest_test

import (
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/seedtest"
	"pgregory.net/rapid"
)

var failing = flag.String("failing", "", "the test that is to fail, for the tests of this package")

// TestDraws draws numbers. The other tests here run it in another process.
func TestDraws(t *testing.T) {
	t.Run("plain, it's one", func(t *testing.T) {
		t.Log("drawn:", seedtest.Rand(t).Uint64(), seedtest.Rand(t).Uint64())
		if *failing == "plain" {
			t.Fail()
		}
	})
	t.Run("another", func(t *testing.T) {
		t.Log("drawn:", seedtest.Rand(t).Uint64())
	})
	t.Run("property", func(t *testing.T) {
		seedtest.Check(t, func(r *rapid.T) {
			n := rapid.Uint64().Draw(r, "n")
			if *failing == "" {
				t.Log("drawn:", n)
			} else if *failing == "property" && n > 1000 {
				r.Fatal("too large")
			}
		})
	})
}

type ran struct {
	out, drawn, replay string
	ok                 bool
}

// run runs TestDraws in a process of its own.
func run(t *testing.T, env string, args ...string) ran {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestDraws$", "-test.v"}, args...)...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, seedtest.Env+"=") && !strings.HasPrefix(v, seedtest.EnvRounds+"=") && !strings.HasPrefix(v, "RAPID_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	if env != "" {
		cmd.Env = append(cmd.Env, seedtest.Env+"="+env)
	}
	out, err := cmd.CombinedOutput()
	r := ran{out: string(out), ok: err == nil}
	r.drawn = strings.Join(regexp.MustCompile(`drawn: .*`).FindAllString(r.out, -1), "\n")
	r.replay = strings.Join(regexp.MustCompile(`go test .*`).FindAllString(r.out, -1), "\n")
	return r
}

func TestSameSeedDrawsTheSame(t *testing.T) {
	plain := run(t, "")
	if plain.drawn == "" || !plain.ok {
		t.Fatal(plain.out)
	}
	if again := run(t, ""); again.drawn != plain.drawn {
		t.Errorf("without a seed, two runs draw\n%s\nand\n%s", plain.drawn, again.drawn)
	}
	byEnv, byFlag := run(t, "17"), run(t, "", "-seed=17")
	if byEnv.drawn == plain.drawn {
		t.Error("the tests draw the same with and without the variable")
	}
	if byEnv.drawn != byFlag.drawn {
		t.Errorf("with the seed in the variable the tests draw\n%s\nand with the same seed in the flag\n%s", byEnv.drawn, byFlag.drawn)
	}
	if both := run(t, "18", "-seed=17"); both.drawn != byFlag.drawn {
		t.Error("with the flag and the variable, the tests draw with the seed of the variable; want that of the flag")
	}
	// -rapid.seed sets the seed of rapid alone, before and after -seed.
	lines := func(r ran) (plain, property string) {
		all := strings.Split(r.drawn, "\n")
		return strings.Join(all[:2], "\n"), strings.Join(all[2:], "\n")
	}
	ours, _ := lines(byFlag)
	_, theirs := lines(run(t, "", "-rapid.seed=5"))
	for _, args := range [][]string{{"-seed=17", "-rapid.seed=5"}, {"-rapid.seed=5", "-seed=17"}} {
		if a, b := lines(run(t, "", args...)); a != ours || b != theirs {
			t.Errorf("with %s the tests draw\n%s\n%s\nwant\n%s\n%s", args, a, b, ours, theirs)
		}
	}
}

func TestFailureNamesItsReplay(t *testing.T) {
	for _, c := range []struct{ failing, env, arg, want string }{
		{"plain", "", "", `go test ./internal/testkit/seedtest -count=1 -run='^TestDraws$/^plain,_it'\''s_one$' -seed=1 -failing=plain`},
		{"plain", "17", "", `go test ./internal/testkit/seedtest -count=1 -run='^TestDraws$/^plain,_it'\''s_one$' -seed=17 -failing=plain`},
		{"property", "", "-seed=17", `go test ./internal/testkit/seedtest -count=1 -run='^TestDraws$/^property$' -seed=17 -failing=property`},
		{"property", "17", "-rapid.checks=60", `go test ./internal/testkit/seedtest -count=1 -run='^TestDraws$/^property$' -seed=17 -failing=property -rapid.checks=60`},
	} {
		args := []string{"-failing=" + c.failing}
		if c.arg != "" {
			args = append(args, c.arg)
		}
		if r := run(t, c.env, args...); r.ok || !strings.Contains(strings.Replace(r.replay, " -race ", " ", 1), c.want) { // as this test runs itself

			t.Errorf("%+v: the log says that %q replays the failure; the log is\n%s", c, r.replay, r.out)
		}
	}
	if r := run(t, "17"); !r.ok || r.replay != "" {
		t.Errorf("a run without a failure logs the replay command %q, success is %v\n%s", r.replay, r.ok, r.out)
	}
}

func TestRounds(t *testing.T) {
	t.Setenv(seedtest.EnvRounds, "")
	if n := seedtest.Rounds(t, 20); n != 20 {
		t.Errorf("Rounds(20) is %d without the variable, want 20", n)
	}
	t.Setenv(seedtest.EnvRounds, "3")
	if n := seedtest.Rounds(t, 20); n != 60 {
		t.Errorf("Rounds(20) is %d with 3 rounds, want 60", n)
	}
}

func TestSample(t *testing.T) {
	for rounds, want := range map[string]func(n int) bool{
		"":  func(n int) bool { return n > 200 && n < 300 },
		"2": func(n int) bool { return n > 400 && n < 600 },
		"4": func(n int) bool { return n == 1000 },
		"9": func(n int) bool { return n == 1000 },
	} {
		t.Setenv(seedtest.EnvRounds, rounds)
		picks, n := seedtest.Sample(t, 4), 0
		for range 1000 {
			if picks() {
				n++
			}
		}
		if !want(n) {
			t.Errorf("with %q rounds, Sample(4) picks %d of 1000 cases", rounds, n)
		}
	}
}

func TestWrongSeeds(t *testing.T) {
	for _, s := range []string{"0", "x", "-1", "18446744073709551616"} {
		if r := run(t, s); r.ok || !strings.Contains(r.out, "from 1 to") {
			t.Errorf("%s=%s was not refused:\n%s", seedtest.Env, s, r.out)
		}
		if r := run(t, "", "-seed="+s); r.ok || !strings.Contains(r.out, "from 1 to") {
			t.Errorf("-seed=%s was not refused:\n%s", s, r.out)
		}
	}
}
