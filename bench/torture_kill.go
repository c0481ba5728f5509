package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
)

// kill kills the server with -9 at random instants: under load, while it
// starts, while it stops, in the middle of an import.
func kill(t *trial) error {
	k := &killing{trial: t, data: filepath.Join(t.dir, "data")}
	var err error
	if k.town, err = t.found(k.data, 3, 24); err != nil {
		return err
	}
	if k.p, err = t.start(k.data); err != nil {
		return err
	}
	defer func() { k.p.kill() }()
	return t.each(k.roundOf)
}

type killing struct {
	*trial
	*town
	data     string
	p        *process
	reported uint64 // by the processes that have ended
}

// roundOf kills the server in one way, starts it again, and compares.
func (k *killing) roundOf(rng *rand.Rand) (did string, err error) {
	var brought *foreign
	switch way := rng.IntN(20); {
	case way < 11:
		did = k.underLoad(rng)
	case way < 13:
		did, err = k.starting(rng)
	case way < 15:
		did = k.stopping(rng)
	case way < 16:
		did, err = k.inOrder(rng)
	default:
		did, brought, err = k.importing(rng)
	}
	if err != nil {
		return did, err
	}
	k.bury(k.p)
	k.reported += k.p.notDurable()
	began := time.Now()
	if k.p, err = k.start(k.data); err != nil {
		return did, err
	}
	did += fmt.Sprintf(", ready after %v", time.Since(began).Round(time.Millisecond))
	if brought != nil {
		if err := brought.finish(k); err != nil {
			return did, err
		}
	}
	k.check(k.data)
	k.balance(k.trial, k.p, k.reported)
	return did + ", " + k.total.String(), nil
}

// somewhen is a random time up to a bound.
func somewhen(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(most)))
}

func (k *killing) underLoad(rng *rand.Rand) string {
	after, visitors := somewhen(rng, 400*time.Millisecond), 1+rng.IntN(24)
	stop := k.visit(k.p.addr, visitors, rng)
	time.Sleep(after)
	k.p.kill()
	stop()
	k.kills++
	return fmt.Sprintf("killed %v into the load of %d visitors", after.Round(time.Millisecond), visitors)
}

// starting kills it, and then again while it starts.
func (k *killing) starting(rng *rand.Rand) (string, error) {
	did := k.underLoad(rng)
	for range 1 + rng.IntN(3) {
		k.bury(k.p)
		k.reported += k.p.notDurable()
		p, err := k.launch(k.data)
		if err != nil {
			return did, err
		}
		k.p = p
		after := somewhen(rng, 60*time.Millisecond)
		time.Sleep(after)
		k.p.kill()
		k.kills++
		did += fmt.Sprintf(", and %v into its start", after.Round(time.Millisecond))
	}
	return did, nil
}

// stopping kills it while it stops.
func (k *killing) stopping(rng *rand.Rand) string {
	visitors, after := 1+rng.IntN(24), somewhen(rng, 100*time.Millisecond)
	stop := k.visit(k.p.addr, visitors, rng)
	time.Sleep(somewhen(rng, 200*time.Millisecond))
	_ = k.p.cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(after)
	k.p.kill()
	stop()
	k.kills++
	return fmt.Sprintf("killed %v after it was told to stop under the load of %d visitors", after.Round(time.Millisecond), visitors)
}

// inOrder stops it under load.
func (k *killing) inOrder(rng *rand.Rand) (string, error) {
	stop := k.visit(k.p.addr, 1+rng.IntN(24), rng)
	time.Sleep(somewhen(rng, 200*time.Millisecond))
	err := k.p.stop()
	stop()
	return "stopped in order under load", err
}

// importing kills an import: its command beside the server, the server beneath
// it, or the command that owns the directory.
func (k *killing) importing(rng *rand.Rand) (did string, _ *foreign, err error) {
	f := &foreign{login: fmt.Sprint("feed", k.round), lines: 1 + rng.IntN(30_000)}
	f.path = filepath.Join(k.dir, f.login)
	if err := f.write(); err != nil {
		return "", nil, err
	}
	stop := k.visit(k.p.addr, 1+rng.IntN(8), rng)
	defer stop()
	whom := rng.IntN(3)
	if whom == 2 {
		k.p.kill()
		k.kills++
	}
	cmd := exec.Command(k.program, "import", "--format", "bitly-feed", "--data", k.data, f.path)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // it fails, most of the time
	after := somewhen(rng, 250*time.Millisecond)
	time.Sleep(after)
	if whom == 0 {
		k.p.kill()
	} else {
		_ = cmd.Process.Kill()
	}
	k.kills++
	select {
	case <-ended:
	case <-time.After(patience):
		k.wrong("an import did not end when its server was killed")
		_ = cmd.Process.Kill()
		<-ended
	}
	if whom == 1 { // the server is to go on, and is killed then
		time.Sleep(somewhen(rng, 50*time.Millisecond))
		k.p.kill()
		k.kills++
	}
	what := [...]string{"the server beneath an import", "an import beside the server, then the server", "the server, then an import that owns the directory"}[whom]
	return fmt.Sprintf("killed %s of %d lines, %v into it", what, f.lines, after.Round(time.Millisecond)), f, nil
}

// foreign is a file of clicks that others recorded.
type foreign struct {
	path, login string
	lines       int
}

func (f *foreign) write() error {
	file, err := os.Create(f.path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	for i := range f.lines {
		link := i % 100
		fmt.Fprintf(w, `{"t":%d,"h":"%sh%d","g":"%sg%d","l":%q,"u":"http://example.org/%d","hc":1360000000,"c":"US","r":"http://t.co/"}`+"\n",
			1_360_000_000+i, f.login, link, f.login, link, f.login, link)
	}
	return errors.Join(w.Flush(), file.Close())
}

// finish imports the file once more: each click counts once, however often it
// was begun.
func (f *foreign) finish(k *killing) error {
	out, err := k.command("import", "--format", "bitly-feed", "--json", "--data", k.data, f.path)
	if err != nil {
		k.wrong("import: %v", err)
		return nil
	}
	var r feed.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		return fmt.Errorf("import printed %.200q: %w", out, err)
	}
	if r.Clicks+r.Known != uint64(f.lines) || r.Lines != uint64(f.lines) {
		k.wrong("an import of %d clicks, begun again, says %s", f.lines, strings.TrimSpace(out))
	}
	token, err := k.command("user", "token", f.login, "--data", k.data)
	if err != nil {
		return err
	}
	n, err := k.p.clicks("user/clicks?", strings.TrimSpace(token))
	if err != nil {
		return err
	}
	if n != uint64(f.lines) {
		k.wrong("%d clicks of an import of %d are counted", n, f.lines)
	}
	return os.Remove(f.path)
}
