package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// faults lets a running server grow no file, or open none, under load. Then it is
// killed with -9 at once, with whatever the log has not been told of, or may go
// on, and must count on without a restart.
func faults(t *trial) error {
	if missing("prlimit") {
		fmt.Println("faults: prlimit is not installed; left out")
		return nil
	}
	data := filepath.Join(t.dir, "data")
	w, err := t.found(data, 2, 8)
	if err != nil {
		return err
	}
	p, err := t.start(data)
	if err != nil {
		return err
	}
	defer func() { p.kill() }()
	var reported uint64
	return t.each(func(rng *rand.Rand) (did string, err error) {
		visitors := 1 + rng.IntN(16)
		stop := w.visit(p.addr, visitors, rng)
		defer func() { stop() }()
		time.Sleep(somewhen(rng, 200*time.Millisecond))
		growing, killed := rng.IntN(2) == 0, rng.IntN(3) > 0
		hurt, heal := []string{"--fsize=0:unlimited"}, []string{"--fsize=unlimited"}
		did = "no file grows"
		if !growing {
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
			if err != nil {
				return did, err
			}
			hurt, heal = []string{fmt.Sprintf("--nofile=%d:", len(open)+rng.IntN(4))}, []string{"--nofile=1024:"}
			did = "no file is opened"
		}
		if err := p.limit(hurt); err != nil {
			return did, err
		}
		time.Sleep(somewhen(rng, 300*time.Millisecond))
		if !growing { // another segment is due, and counting must open it
			_, _ = t.command("backup", "--data", data, "--to", filepath.Join(t.dir, "backups"), "--keep", "1")
		}
		time.Sleep(somewhen(rng, 300*time.Millisecond))
		if killed {
			p.kill()
			stop()
			t.kills++
			t.bury(p)
			reported += p.notDurable()
			did += fmt.Sprintf(" under %d visitors, killed at once", visitors)
			if p, err = t.start(data); err != nil {
				return did, err
			}
		} else {
			did += fmt.Sprintf(" under %d visitors, for a while", visitors)
			if err := p.limit(heal); err != nil {
				return did, err
			}
			answered := w.links[0].answered.Load()
			if !wait(func() bool { return w.links[0].answered.Load() > answered+20 }) {
				t.wrong("nobody is answered after that: %s", p.tail())
			}
			stop()
		}
		said := ""
		content := wait(func() bool {
			out, err := t.command("check", "--data", data)
			said = fmt.Sprint(out, err)
			return err == nil
		})
		if !content {
			t.wrong("check is not content: %s", said)
		}
		more := uint64(0)
		if !killed {
			more = p.notDurable()
		}
		w.balance(t, p, reported+more)
		return did + ", " + t.total.String(), nil
	})
}

// limit sets bounds of the process, as prlimit has them.
func (p *process) limit(bounds []string) error {
	args := append([]string{"--pid", strconv.Itoa(p.cmd.Process.Pid)}, bounds...)
	if out, err := exec.Command("prlimit", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("prlimit: %w: %s", err, out)
	}
	return nil
}
