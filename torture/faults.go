package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// faults forbids a running server to extend files, or to open them, under load. Then
// it either kills the server with -9 before the log can report more, or lifts the
// limit, and the server must recover without a restart.
func faults(t *trial) error {
	if !installed("prlimit") {
		fmt.Println("faults: prlimit is not installed; skipped")
		return nil
	}
	data := filepath.Join(t.dir, "data")
	w, err := t.newWorkload(data, 2, 8)
	if err != nil {
		return err
	}
	p, err := t.start(data)
	if err != nil {
		return err
	}
	defer func() { p.Kill() }()
	var reported uint64
	return t.each(func(rng *rand.Rand) (did string, err error) {
		visitors := 1 + rng.IntN(16)
		stop := w.visit(p.Addr, visitors, rng)
		defer func() { stop() }()
		time.Sleep(upTo(rng, 200*time.Millisecond))
		extending, killed := rng.IntN(2) == 0, rng.IntN(3) > 0
		limit, lift := []string{"--fsize=0:unlimited"}, []string{"--fsize=unlimited"}
		did = "no file could be extended"
		if !extending {
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.Cmd.Process.Pid))
			if err != nil {
				return did, err
			}
			limit, lift = []string{fmt.Sprintf("--nofile=%d:", len(open)+rng.IntN(4))}, []string{"--nofile=1024:"}
			did = "no file could be opened"
		}
		if err := prlimit(p, limit); err != nil {
			return did, err
		}
		time.Sleep(upTo(rng, 300*time.Millisecond))
		if !extending { // a backup starts a new segment, which counting must open
			_, _ = t.command("backup", "--data", data, "--to", filepath.Join(t.dir, "backups"), "--keep", "1")
		}
		time.Sleep(upTo(rng, 300*time.Millisecond))
		if killed {
			p.Kill()
			stop()
			t.kills++
			t.checkLog(p)
			reported += notDurable(p)
			did += fmt.Sprintf(" under %d visitors, killed at once", visitors)
			if p, err = t.start(data); err != nil {
				return did, err
			}
		} else {
			did += fmt.Sprintf(" under %d visitors, for a while", visitors)
			if err := prlimit(p, lift); err != nil {
				return did, err
			}
			if !w.awaitAnswers() {
				t.wrong("no visitor is answered after the limit was lifted: %s", harness.Tail(p.Log.String()))
			}
			stop()
		}
		result := ""
		clean := wait(func() bool {
			out, err := t.command("check", "--data", data)
			result = fmt.Sprint(out, err)
			return err == nil
		})
		if !clean {
			t.wrong("check still fails: %s", result)
		}
		more := uint64(0)
		if !killed {
			more = notDurable(p)
		}
		w.balance(t, p, reported+more)
		return did + ", " + t.total.String(), nil
	})
}

// prlimit sets limits of the process of a server, as options of prlimit(1).
func prlimit(p *harness.Process, limits []string) error {
	args := append([]string{"--pid", strconv.Itoa(p.Cmd.Process.Pid)}, limits...)
	if out, err := exec.Command("prlimit", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("prlimit: %w: %s", err, out)
	}
	return nil
}

func installed(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}
