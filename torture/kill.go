package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// kill kills the server with -9 at random moments: under load, while it starts,
// while it stops, and during an import.
func kill(t *trial) error {
	k := &killing{trial: t, data: filepath.Join(t.dir, "data")}
	var err error
	if k.workload, err = t.newWorkload(k.data, 3, 24); err != nil {
		return err
	}
	if k.p, err = t.start(k.data); err != nil {
		return err
	}
	defer func() { k.p.Kill() }()
	return t.each(k.runRound)
}

type killing struct {
	*trial
	*workload
	data     string
	p        *harness.Process
	reported uint64 // by the processes that have ended
}

// runRound kills the server in one way, starts it again, and compares the counts.
func (k *killing) runRound(rng *rand.Rand) (did string, err error) {
	var file *importFile
	switch way := rng.IntN(20); {
	case way < 11:
		did = k.underLoad(rng)
	case way < 13:
		did, err = k.starting(rng)
	case way < 15:
		did = k.stopping(rng)
	case way < 16:
		did, err = k.stopped(rng)
	default:
		did, file, err = k.importing(rng)
	}
	if err != nil {
		return did, err
	}
	k.checkLog(k.p)
	k.reported += notDurable(k.p)
	began := time.Now()
	if k.p, err = k.start(k.data); err != nil {
		return did, err
	}
	did += fmt.Sprintf(", ready after %v", time.Since(began).Round(time.Millisecond))
	if file != nil {
		if err := file.finish(k); err != nil {
			return did, err
		}
	}
	k.check(k.data)
	k.balance(k.trial, k.p, k.reported)
	return did + ", " + k.total.String(), nil
}

func (k *killing) underLoad(rng *rand.Rand) string {
	after, visitors := upTo(rng, 400*time.Millisecond), 1+rng.IntN(24)
	stop := k.visit(k.p.Addr, visitors, rng)
	time.Sleep(after)
	k.p.Kill()
	stop()
	k.kills++
	return fmt.Sprintf("killed %v into the load of %d visitors", after.Round(time.Millisecond), visitors)
}

// starting kills the server, and kills it again while it starts.
func (k *killing) starting(rng *rand.Rand) (string, error) {
	did := k.underLoad(rng)
	for range 1 + rng.IntN(3) {
		k.checkLog(k.p)
		k.reported += notDurable(k.p)
		p, err := k.launch(k.data)
		if err != nil {
			return did, err
		}
		k.p = p
		after := upTo(rng, 60*time.Millisecond)
		time.Sleep(after)
		k.p.Kill()
		k.kills++
		did += fmt.Sprintf(", and %v into its start", after.Round(time.Millisecond))
	}
	return did, nil
}

// stopping kills the server while it stops.
func (k *killing) stopping(rng *rand.Rand) string {
	visitors, after := 1+rng.IntN(24), upTo(rng, 100*time.Millisecond)
	stop := k.visit(k.p.Addr, visitors, rng)
	time.Sleep(upTo(rng, 200*time.Millisecond))
	_ = k.p.Cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(after)
	k.p.Kill()
	stop()
	k.kills++
	return fmt.Sprintf("killed %v after SIGTERM under the load of %d visitors", after.Round(time.Millisecond), visitors)
}

// stopped stops the server under load.
func (k *killing) stopped(rng *rand.Rand) (string, error) {
	stop := k.visit(k.p.Addr, 1+rng.IntN(24), rng)
	time.Sleep(upTo(rng, 200*time.Millisecond))
	err := k.p.Stop()
	stop()
	return "stopped under load", err
}

// importing kills an import: the command while a server does the work, the server,
// or a command that owns the data directory.
func (k *killing) importing(rng *rand.Rand) (did string, _ *importFile, err error) {
	f := &importFile{login: fmt.Sprint("feed", k.round), lines: 1 + rng.IntN(30_000)}
	f.path = filepath.Join(k.dir, f.login)
	if err := f.write(); err != nil {
		return "", nil, err
	}
	stop := k.visit(k.p.Addr, 1+rng.IntN(8), rng)
	defer stop()
	victim := rng.IntN(3)
	if victim == 2 {
		k.p.Kill()
		k.kills++
	}
	cmd := k.program.Command(context.Background(), "import", "--format", "bitly-feed", "--data", k.data, f.path)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }() // mostly an error
	after := upTo(rng, 250*time.Millisecond)
	time.Sleep(after)
	if victim == 0 {
		k.p.Kill()
	} else {
		_ = cmd.Process.Kill()
	}
	k.kills++
	select {
	case <-ended:
	case <-time.After(harness.Timeout):
		k.wrong("an import did not end when its server was killed")
		_ = cmd.Process.Kill()
		<-ended
	}
	if victim == 1 { // the server must continue; it is killed later
		time.Sleep(upTo(rng, 50*time.Millisecond))
		k.p.Kill()
		k.kills++
	}
	what := [...]string{"the server during an import", "an import and then its server", "the server and then an import that owns the directory"}[victim]
	return fmt.Sprintf("killed %s of %d lines, %v into it", what, f.lines, after.Round(time.Millisecond)), f, nil
}

// importFile is a file to import, in the format of Bitly's click feed.
type importFile struct {
	path, login string
	lines       int
}

func (f *importFile) write() error {
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

// finish imports the file again: each click must count once, however often the
// import was started.
func (f *importFile) finish(k *killing) error {
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
		k.wrong("the second import of %d clicks printed %s", f.lines, strings.TrimSpace(out))
	}
	token, err := k.command("user", "token", f.login, "--data", k.data)
	if err != nil {
		return err
	}
	n, err := k.p.Clicks("user/clicks?", strings.TrimSpace(token))
	if err != nil {
		return err
	}
	if n != uint64(f.lines) {
		k.wrong("%d clicks were imported, and %d are counted", f.lines, n)
	}
	return os.Remove(f.path)
}
