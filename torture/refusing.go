package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// diskSize is the size of the disk that is filled.
const diskSize = "64m"

// refusing is a server whose disk refuses writes, again and again, under load.
type refusing struct {
	*trial
	*workload
	data     string
	p        *harness.Process
	reported uint64            // by the processes that have ended
	made     map[string]string // hash → long URL of every acknowledged link
	refuse   func() error      // makes the disk refuse writes
	accept   func() error      // makes the disk accept writes again
	stopped  int               // how often the server was stopped while the disk refused writes
}

// diskFull fills the disk and frees it again.
func diskFull(t *trial) error {
	s := &refusing{trial: t, data: filepath.Join(t.dir, "data")}
	unmount, err := mount(s.data)
	if err != nil {
		fmt.Printf("diskfull: no small disk can be mounted (%v); prlimit stops the files of the server from growing instead\n", err)
		s.refuse, s.accept = s.limitFiles("0:unlimited"), s.limitFiles("unlimited")
	} else {
		defer unmount()
		ballast := filepath.Join(s.data, "ballast")
		s.refuse, s.accept = func() error { return fill(ballast) }, func() error { return os.Remove(ballast) }
	}
	return s.run(err == nil)
}

// mount mounts a small disk in memory at a directory.
func mount(dir string) (unmount func(), err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can mount")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+diskSize, "footfall-torture", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mount: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			fmt.Printf("umount %s: %v: %s\n", dir, err, out)
		}
	}, nil
}

// fill writes a file until the disk is full to the last byte.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 16 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
	}
	return nil
}

// limitFiles limits how large files of the server may be, as --fsize of prlimit(1).
func (s *refusing) limitFiles(limits string) func() error {
	return func() error { return prlimit(s.p, []string{"--fsize=" + limits}) }
}

// run runs the rounds. restarts says that the server is also stopped and started while
// the disk refuses writes.
func (s *refusing) run(restarts bool) error {
	var err error
	if s.workload, err = s.newWorkload(s.data, 2, 8); err != nil {
		return err
	}
	if s.p, err = s.start(s.data); err != nil {
		return err
	}
	defer func() { s.p.Kill() }() // before its disk is removed
	s.made = map[string]string{}
	err = s.each(func(rng *rand.Rand) (string, error) {
		return s.runRound(rng, restarts && s.round%3 == 1)
	})
	s.extra = fmt.Sprintf(", %d links acknowledged, slowest answer %v, %d times stopped while the disk refused",
		len(s.made), time.Duration(s.slowest.Load()).Round(time.Millisecond), s.stopped)
	return err
}

// runRound makes the disk refuse and accept writes a few times, and compares the
// counts.
func (s *refusing) runRound(rng *rand.Rand, restart bool) (string, error) {
	visitors := 1 + rng.IntN(16)
	times, before := 1+rng.IntN(4), notDurable(s.p)
	stop := s.visit(s.p.Addr, visitors, rng)
	defer func() { stop() }()
	for i := range times {
		time.Sleep(upTo(rng, 150*time.Millisecond))
		if err := s.refuse(); err != nil {
			return "", err
		}
		s.shortenOne(i)
		time.Sleep(upTo(rng, 800*time.Millisecond))
		if i < times-1 {
			if err := s.accept(); err != nil {
				return "", err
			}
		}
	}
	alarms := notDurable(s.p) - before
	did := fmt.Sprintf("the disk refused %d times, %d visitors, %d alarms", times, visitors, alarms)
	if restart {
		stop()
		restarted, err := s.restart()
		if err != nil {
			return did, err
		}
		did += ", " + restarted
		stop = s.visit(s.p.Addr, visitors, rng)
	} else if err := s.accept(); err != nil {
		return did, err
	}
	if !s.awaitAnswers() {
		s.wrong("no visitor is answered after the disk accepts writes again")
	}
	stop()
	if s.broken.Load() > 0 || s.failed.Load() > 0 {
		s.wrong("%d connections failed and %d visitors were not redirected", s.broken.Swap(0), s.failed.Swap(0))
	}
	if !wait(s.counts) {
		s.wrong("clicks are not counted after the disk accepts writes again: %s", harness.Tail(s.p.Log.String()))
	}
	for hash, longURL := range s.made {
		s.checkLink(s.p, hash, longURL)
	}
	s.check(s.data)
	s.balance(s.trial, s.p, s.reported+notDurable(s.p))
	return did + ", " + s.total.String(), nil
}

// counts reports whether a visit is counted within two seconds.
func (s *refusing) counts() bool {
	l := s.links[0]
	n, err := s.linkClicks(s.p, l)
	if err != nil {
		return false
	}
	stop := s.visit(s.p.Addr, 1, rand.New(rand.NewPCG(s.seed, 0)))
	defer stop()
	for range 200 {
		if m, err := s.linkClicks(s.p, l); err == nil && m > n {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// shortenOne tries to make a link, and records it if it is acknowledged.
func (s *refusing) shortenOne(n int) {
	longURL := fmt.Sprintf("http://example.org/made/%d/%d", s.round, n)
	if hash, err := shorten(s.p, s.users[0].token, longURL); err == nil {
		s.made[hash] = longURL
	}
}

// restart stops the server and starts it again while its disk refuses writes, and then
// makes the disk accept them. The server may refuse to start before that.
func (s *refusing) restart() (did string, err error) {
	s.stopped++
	_ = s.p.Stop() // it may fail to write its counts, which the journal has
	s.checkLog(s.p)
	s.reported += notDurable(s.p)
	p, err := s.launch(s.data)
	if err != nil {
		return "", err
	}
	did = "stopped and started while the disk refused"
	select {
	case <-p.Ready():
		s.p = p
		return did, s.accept()
	case <-p.Ended():
		did = fmt.Sprintf("stopped, refused to start: %.300s", s.checkRefusal("a disk that refuses writes", p))
	}
	if err := s.accept(); err != nil {
		return did, err
	}
	s.p, err = s.start(s.data)
	return did, err
}

// readOnly makes the files of a running server read-only, and writable again.
func readOnly(t *trial) error {
	s := &refusing{trial: t, data: filepath.Join(t.dir, "data")}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}
	frozen, err := canFreeze(s.data)
	if err != nil {
		return err
	}
	if frozen {
		// A disk with open files cannot be remounted read-only. Immutable files
		// refuse every write, also of root and of processes that have them open.
		s.refuse, s.accept = chattr("+i", s.data), chattr("-i", s.data)
	} else {
		fmt.Println("readonly: no file here can be made immutable (that needs root and a file system such as ext4); the directories are made read-only instead, and open files stay writable")
		s.refuse, s.accept = chmod(0o500, s.data), chmod(0o700, s.data)
	}
	defer func() { _ = s.accept() }()
	if err := s.run(true); err != nil {
		return err
	}
	return s.remount()
}

// canFreeze reports whether an open file in a directory can be made immutable.
func canFreeze(dir string) (bool, error) {
	f, err := os.CreateTemp(dir, "frozen-")
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if !installed("chattr") || exec.Command("chattr", "+i", f.Name()).Run() != nil {
		return false, nil
	}
	_, written := io.WriteString(f, "x")
	return written != nil, exec.Command("chattr", "-i", f.Name()).Run()
}

func chattr(flag, dir string) func() error {
	return func() error {
		// Files may disappear, and sockets have no attributes: errors are expected.
		_ = exec.Command("chattr", "-R", "-f", flag, dir).Run()
		return nil
	}
}

func chmod(mode os.FileMode, dir string) func() error {
	return func() error {
		return errors.Join(os.Chmod(dir, mode), os.Chmod(filepath.Join(dir, "journal"), mode), os.Chmod(filepath.Join(dir, "clicks"), mode))
	}
}

// remount starts the server on a disk that is mounted read-only. The server must refuse
// to start, with one sentence. Then remount makes the disk writable, and starts it again.
func (s *refusing) remount() error {
	disk := filepath.Join(s.dir, "disk")
	unmount, err := mount(disk)
	if err != nil {
		fmt.Printf("readonly: no disk can be mounted read-only: %v\n", err)
		return nil
	}
	defer unmount()
	s.reported += notDurable(s.p) // the server was killed after the last round
	if err := os.Remove(harness.Socket(s.data)); err != nil {
		return err
	}
	data := filepath.Join(disk, "data")
	if err := os.CopyFS(data, os.DirFS(s.data)); err != nil {
		return err
	}
	for _, mode := range []string{"ro", "rw"} {
		if out, err := exec.Command("mount", "-o", "remount,"+mode, disk).CombinedOutput(); err != nil {
			return fmt.Errorf("remount: %w: %s", err, out)
		}
		p, err := s.launch(data)
		if err != nil {
			return err
		}
		select {
		case <-p.Ready():
			if mode == "ro" {
				s.wrong("the server started on a read-only disk")
			} else {
				s.check(data)
				s.balance(s.trial, p, s.reported)
			}
			p.Kill()
		case <-p.Ended():
			fmt.Printf("readonly: started on a disk mounted %s: %.300s\n", mode, s.checkRefusal("a disk mounted "+mode, p))
			if mode == "rw" {
				s.wrong("the server refused to start on a writable disk: %s", harness.Tail(p.Log.String()))
			}
		}
	}
	return nil
}
