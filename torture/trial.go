package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os/exec"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// shortDomain is the domain of all short links, which do not depend on the
// server's port.
const shortDomain = "sho.rt"

// trial is a run of one scenario.
type trial struct {
	name    string
	seed    uint64
	rounds  int
	program harness.Program
	dir     string // where the scenario works

	round  int // from 0
	wrongs int

	// For the summary.
	kills int
	total balance
	extra string
}

// each calls f once a round, and prints what was done and found. The generator of a
// round depends on the seed, the scenario and the number of the round alone.
func (t *trial) each(f func(rng *rand.Rand) (did string, err error)) error {
	for ; t.round < t.rounds; t.round++ {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %d", t.name, t.round)
		before := t.wrongs
		did, err := f(rand.New(rand.NewPCG(t.seed, h.Sum64())))
		found := "nothing wrong"
		if t.wrongs > before {
			found = fmt.Sprintf("%d WRONG", t.wrongs-before)
		}
		fmt.Printf("%s %d: %s; %s\n", t.name, t.round+1, did, found)
		if err != nil {
			return err
		}
		if t.wrongs > 10 {
			return fmt.Errorf("stopped before the last round, because %d things were wrong", t.wrongs)
		}
	}
	return nil
}

// upTo draws a duration below a bound.
func upTo(rng *rand.Rand, bound time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(bound)))
}

// wrong reports something that must not happen.
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

// balance holds numbers of clicks: sent by visitors, answered by footfall, reported by
// its log as not durable, and counted.
type balance struct{ sent, answered, reported, counted uint64 }

func (b balance) String() string {
	return fmt.Sprintf("%d clicks sent, %d answered, %d reported as not durable, %d counted", b.sent, b.answered, b.reported, b.counted)
}

// launch starts a server and does not wait until it is ready. prefix is a command
// that runs it, such as env NAME=VALUE.
func (t *trial) launch(data string, prefix ...string) (*harness.Process, error) {
	serve := t.program.Command(context.Background(), "serve", "--data", data, "--listen", "127.0.0.1:0", "--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8",
		"--max-links-per-minute", "0", "--max-text-per-minute", "0", "--disk-reserve", "1B") // links are made fast, and on a full disk
	if len(prefix) > 0 {
		serve = exec.Command(prefix[0], append(prefix[1:], serve.Args...)...)
	}
	return harness.Launch(serve)
}

// start starts a server and waits until it is ready.
func (t *trial) start(data string, prefix ...string) (*harness.Process, error) {
	s, err := t.launch(data, prefix...)
	if err != nil {
		return nil, err
	}
	return s, s.WaitReady()
}

// notDurable returns how many clicks the log of a server has reported so far as not
// durable.
func notDurable(s *harness.Process) uint64 { return harness.NotDurable(s.Log.String()) }

// checkLog waits for the end of a server. Its log must not have a stack trace, because
// a server must never end by a panic.
func (t *trial) checkLog(s *harness.Process) {
	<-s.Ended()
	if log := s.Log.String(); harness.Crashed(log) {
		t.wrong("the log of the server has a stack trace:\n%s", harness.Tail(log))
	}
}

// checkRefusal checks that a server that has ended says why in one sentence, and
// returns the sentence.
func (t *trial) checkRefusal(what string, s *harness.Process) string {
	t.checkLog(s)
	log := s.Log.String()
	sentence := harness.Sentence(log)
	if s.Wait() == nil || sentence == "" {
		t.wrong("%s: the program must refuse to start with one sentence, but it ended with %v and printed %q", what, s.Wait(), harness.Tail(log))
	}
	return sentence
}

// command runs another command of the program to its end.
func (t *trial) command(args ...string) (stdout string, err error) {
	out, errs, err := t.program.Run(context.Background(), "", args...)
	if harness.Crashed(errs) {
		t.wrong("footfall %s printed a stack trace:\n%.3000s", strings.Join(args, " "), errs)
	}
	return out, err
}

// check runs footfall check, which must find nothing.
func (t *trial) check(data string) {
	if out, err := t.command("check", "--data", data); err != nil {
		t.wrong("%v\n%.2000s", err, out)
	}
}
