package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long anything that must happen may take.
const patience = 60 * time.Second

// process is footfall serving a data directory, in a process of its own.
type process struct {
	url, addr string

	cmd   *exec.Cmd
	ready chan struct{} // closed when it is
	ended chan struct{} // closed when it has ended
	err   error         // how it ended, then

	ear // hears its log
}

// ear hears a log.
type ear struct {
	mu       sync.Mutex
	reported uint64   // clicks that it says are not durable
	lines    []string // the last ones
	crashed  bool     // there was a stack trace
}

// launch starts a server and does not wait until it is ready. prefix is a
// command that runs it, as setpriv does.
func (t *trial) launch(data string, prefix ...string) (*process, error) {
	args := append(prefix, t.program, "serve", "--data", data, "--listen", "127.0.0.1:0", "--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8",
		"--max-links-per-minute", "0", "--max-text-per-minute", "0", "--disk-reserve", "1B") // links are made fast, and on a disk that is full
	p := &process{cmd: exec.Command(args[0], args[1:]...), ready: make(chan struct{}), ended: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				p.addr, p.url = m[1], "http://"+m[1]
				close(p.ready)
			}
			p.hear(lines.Text())
		}
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// start starts a server and waits until it is ready.
func (t *trial) start(data string, prefix ...string) (*process, error) {
	p, err := t.launch(data, prefix...)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.ready:
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("the server did not start: %w: %s", p.err, p.tail())
	case <-time.After(patience):
		p.kill()
		return nil, fmt.Errorf("the server was not ready after %v: %s", patience, p.tail())
	}
}

var (
	readyLine  = regexp.MustCompile(`msg=ready url=http://(\S+)`)
	alarmLine  = regexp.MustCompile(`msg="visitors were sent on although their clicks are not durable.* clicks=(\d+) `)
	stackTrace = regexp.MustCompile(`^(panic:|fatal error:|goroutine \d+ \[|runtime: |SIG[A-Z]+:)|panic serving`)
)

// hear takes a line of the log.
func (e *ear) hear(line string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if m := alarmLine.FindStringSubmatch(line); m != nil {
		n, _ := strconv.ParseUint(m[1], 10, 64)
		e.reported += n
	}
	e.crashed = e.crashed || stackTrace.MatchString(line)
	if e.lines = append(e.lines, line); len(e.lines) > 40 && !e.crashed {
		e.lines = e.lines[1:]
	}
}

// Write takes whole lines, as slog writes them.
func (e *ear) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		e.hear(strings.TrimSpace(line))
	}
	return len(b), nil
}

// tail is the end of the log.
func (e *ear) tail() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.lines[max(0, len(e.lines)-60):], "\n")
}

// lastWord is the sentence with which the program ended, if it said one.
func (e *ear) lastWord() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, line := range e.lines {
		if strings.HasPrefix(line, "footfall: ") {
			return line
		}
	}
	return ""
}

// notDurable is how many clicks the log has reported so far.
func (e *ear) notDurable() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reported
}

// wait waits until something is so; false if that takes too long.
func wait(until func() bool) bool {
	for began := time.Now(); !until(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			return false
		}
	}
	return true
}

// kill kills it with -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop ends it in order.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return p.err
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("it did not stop within %v", patience)
	}
}

// bury looks at what an ended server said: it must never end by a panic.
func (t *trial) bury(p *process) {
	<-p.ended
	p.mu.Lock()
	crashed := p.crashed
	p.mu.Unlock()
	if crashed {
		t.wrong("a stack trace:\n%s", p.tail())
	}
}

// command runs another command of the program to its end.
func (t *trial) command(args ...string) (stdout string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command(t.program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	for line := range strings.Lines(errs.String()) {
		if stackTrace.MatchString(line) {
			t.wrong("footfall %s: a stack trace:\n%.3000s", strings.Join(args, " "), errs.String())
			break
		}
	}
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = errors.New(strings.TrimSpace(errs.String()))
	}
	return out.String(), err
}

// check has footfall check what it keeps: it must be content.
func (t *trial) check(data string) {
	if out, err := t.command("check", "--data", data); err != nil {
		t.wrong("footfall check: %v\n%.2000s", err, out)
	}
}

// missing tells whether a program is not installed.
func missing(program string) bool {
	_, err := exec.LookPath(program)
	return err != nil
}

// root tells whether this process may do everything.
func root() bool { return os.Geteuid() == 0 }
