package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// diskSize is the size of the disk that is filled.
const diskSize = "64m"

// suffering is a server whose disk does not take what it writes, again and
// again, under load.
type suffering struct {
	*trial
	*town
	data     string
	p        *process
	reported uint64            // by the processes that have ended
	made     map[string]string // hash → long URL, of links that were acknowledged
	hurt     func() error      // the disk refuses from now on
	heal     func() error
	stopped  int // times that it was stopped while the disk refused
}

// diskFull fills the disk and makes room again.
func diskFull(t *trial) error {
	s := &suffering{trial: t, data: filepath.Join(t.dir, "data")}
	unmount, err := mount(s.data)
	if err != nil {
		fmt.Printf("diskfull: no small disk can be mounted (%v): the server's files are kept from growing instead, with prlimit\n", err)
		s.hurt, s.heal = s.limitFiles("0:unlimited"), s.limitFiles("unlimited")
	} else {
		defer unmount()
		ballast := filepath.Join(s.data, "ballast")
		s.hurt, s.heal = func() error { return fill(ballast) }, func() error { return os.Remove(ballast) }
	}
	return s.run(err == nil)
}

// mount puts a small disk of memory at a directory.
func mount(dir string) (unmount func(), err error) {
	if !root() {
		return nil, errors.New("it needs root")
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

// limitFiles bounds how large files of the server may be, as `prlimit --fsize`
// has it.
func (s *suffering) limitFiles(limits string) func() error {
	return func() error {
		out, err := exec.Command("prlimit", "--pid", strconv.Itoa(s.p.cmd.Process.Pid), "--fsize="+limits).CombinedOutput()
		if err != nil {
			return fmt.Errorf("prlimit: %w: %s", err, out)
		}
		return nil
	}
}

// run runs the rounds. restarts says whether the disk refuses a server that is
// started meanwhile, too.
func (s *suffering) run(restarts bool) error {
	var err error
	if s.town, err = s.found(s.data, 2, 8); err != nil {
		return err
	}
	if s.p, err = s.start(s.data); err != nil {
		return err
	}
	defer func() { s.p.kill() }() // before its disk goes
	s.made = map[string]string{}
	err = s.each(func(rng *rand.Rand) (string, error) {
		return s.suffer(rng, restarts && s.round%3 == 1)
	})
	s.extra = fmt.Sprintf(", %d links acknowledged, slowest answer %v, %d times stopped meanwhile",
		len(s.made), time.Duration(s.late.Load()).Round(time.Millisecond), s.stopped)
	return err
}

func (s *suffering) suffer(rng *rand.Rand, restart bool) (string, error) {
	visitors := 1 + rng.IntN(16)
	times, before := 1+rng.IntN(4), s.p.notDurable()
	stop := s.visit(s.p.addr, visitors, rng)
	defer func() { stop() }()
	for i := range times {
		time.Sleep(somewhen(rng, 150*time.Millisecond))
		if err := s.hurt(); err != nil {
			return "", err
		}
		s.encodeOne(i)
		time.Sleep(somewhen(rng, 800*time.Millisecond))
		if i < times-1 {
			if err := s.heal(); err != nil {
				return "", err
			}
		}
	}
	alarms := s.p.notDurable() - before
	did := fmt.Sprintf("the disk refused %d times, %d visitors, %d alarms", times, visitors, alarms)
	if restart {
		stop()
		said, err := s.restart()
		if err != nil {
			return did, err
		}
		did += ", " + said
		stop = s.visit(s.p.addr, visitors, rng)
	} else if err := s.heal(); err != nil {
		return did, err
	}
	answered := s.links[0].answered.Load()
	if !wait(func() bool { return s.links[0].answered.Load() > answered+20 }) {
		s.wrong("after the disk was healed nobody is answered any more")
	}
	stop()
	if s.broken.Load() > 0 || s.odd.Load() > 0 {
		s.wrong("%d connections failed and %d visitors were not sent on", s.broken.Swap(0), s.odd.Swap(0))
	}
	if !wait(func() bool { return s.goesOn() }) {
		s.wrong("after the disk was healed clicks are not counted: %s", s.p.tail())
	}
	for hash, longURL := range s.made {
		if where, err := s.p.leadsTo(hash); err != nil || where != longURL {
			s.wrong("%s was acknowledged for %s, and leads to %q (%v)", hash, longURL, where, err)
		}
	}
	s.check(s.data)
	s.balance(s.trial, s.p, s.reported+s.p.notDurable())
	return did + ", " + s.total.String(), nil
}

// goesOn tells whether a click is counted now without an alarm.
func (s *suffering) goesOn() bool {
	l := s.links[0]
	token := s.users[l.user].token
	count := func() (uint64, error) { return s.p.clicks("link/clicks?link=http://"+shortDomain+"/"+l.hash, token) }
	n, err := count()
	if err != nil {
		return false
	}
	stop := s.visit(s.p.addr, 1, rand.New(rand.NewPCG(s.seed, 0)))
	defer stop()
	for range 200 {
		if m, err := count(); err == nil && m > n {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// encodeOne makes a link, or is told that it cannot be made.
func (s *suffering) encodeOne(n int) {
	longURL := fmt.Sprintf("http://example.org/made/%d/%d", s.round, n)
	if hash, err := shorten(s.p, s.users[0].token, longURL); err == nil {
		s.made[hash] = longURL
	}
}

// restart stops the server while its disk refuses, starts it there, which it
// may decline, and heals the disk.
func (s *suffering) restart() (said string, err error) {
	s.stopped++
	_ = s.p.stop() // it may say that it could not keep its counts: the journal has them
	s.bury(s.p)
	s.reported += s.p.notDurable()
	p, err := s.launch(s.data)
	if err != nil {
		return "", err
	}
	said = "stopped and started meanwhile"
	select {
	case <-p.ready:
		s.p = p
		return said, s.heal()
	case <-p.ended:
		s.bury(p)
		sentence := p.lastWord()
		if p.err == nil || sentence == "" {
			s.wrong("it ended with %v and said %q", p.err, p.tail())
		}
		said = fmt.Sprintf("stopped, refused to start: %.300s", sentence)
	}
	if err := s.heal(); err != nil {
		return said, err
	}
	s.p, err = s.start(s.data)
	return said, err
}

// readOnly makes the disk read-only under the server and back.
func readOnly(t *trial) error {
	s := &suffering{trial: t, data: filepath.Join(t.dir, "data")}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}
	frozen, err := canFreeze(s.data)
	if err != nil {
		return err
	}
	if frozen {
		// A disk with open files cannot be remounted read-only. Files that
		// are immutable refuse every write, to root and to open files too.
		s.hurt, s.heal = chattr("+i", s.data), chattr("-i", s.data)
	} else {
		fmt.Println("readonly: no file here can be made immutable (that needs root, and ext4 or the like): the rights to make files are taken away instead; open files are written on")
		s.hurt, s.heal = chmod(0o500, s.data), chmod(0o700, s.data)
	}
	defer func() { _ = s.heal() }()
	if err := s.run(true); err != nil {
		return err
	}
	return s.remount()
}

// removeSocket removes what a server leaves that cannot be copied.
func removeSocket(data string) error { return os.Remove(filepath.Join(data, "footfall.sock")) }

// canFreeze tells whether an open file in a directory can be made to refuse
// writes.
func canFreeze(dir string) (bool, error) {
	f, err := os.CreateTemp(dir, "frozen-")
	if err != nil {
		return false, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if missing("chattr") || exec.Command("chattr", "+i", f.Name()).Run() != nil {
		return false, nil
	}
	_, written := io.WriteString(f, "x")
	return written != nil, exec.Command("chattr", "-i", f.Name()).Run()
}

func chattr(flag, dir string) func() error {
	return func() error {
		// Files may come and go, and sockets have no attributes.
		_ = exec.Command("chattr", "-R", "-f", flag, dir).Run()
		return nil
	}
}

func chmod(mode os.FileMode, dir string) func() error {
	return func() error {
		return errors.Join(os.Chmod(dir, mode), os.Chmod(filepath.Join(dir, "journal"), mode), os.Chmod(filepath.Join(dir, "clicks"), mode))
	}
}

// remount starts the server on a disk that is mounted read-only: it says so,
// and all is well once it can be written.
func (s *suffering) remount() error {
	disk := filepath.Join(s.dir, "disk")
	unmount, err := mount(disk)
	if err != nil {
		fmt.Printf("readonly: no disk can be mounted read-only: %v\n", err)
		return nil
	}
	defer unmount()
	s.reported += s.p.notDurable() // it was killed when the rounds were over
	if err := removeSocket(s.data); err != nil {
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
		case <-p.ready:
			if mode == "ro" {
				s.wrong("it started on a read-only disk")
			} else {
				s.check(data)
				s.balance(s.trial, p, s.reported)
			}
			p.kill()
		case <-p.ended:
			s.bury(p)
			fmt.Printf("readonly: started on a disk mounted %s: %.300s\n", mode, p.lastWord())
			if mode == "rw" || p.lastWord() == "" {
				s.wrong("on a disk mounted %s it ended with %v and said %q", mode, p.err, p.tail())
			}
		}
	}
	return nil
}
