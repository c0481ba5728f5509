// Package daemon runs servers that others wrote, for tests and measurements, each in a
// process of its own. It starts them, waits until they serve, freezes and kills them.
//
// Every process ends with the one that started it, also after kill -9 (on Linux).
// harness does the same for footfall itself, whose log it can read.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	probePause   = 20 * time.Millisecond
	probeTimeout = time.Second
	runs         = 20 // how many may fail before Start gives up
)

// Daemon is a server that can be started again and again. Its methods may be called at
// the same time.
type Daemon struct {
	// Name names the server in errors.
	Name string
	// Command prepares one run of the server. It must not fork into the background.
	Command func() *exec.Cmd
	// Ready returns nil once the server serves. Its context ends after 1 s.
	Ready func(context.Context) error
	// Output is the file to which standard output and standard error are appended.
	Output string
	// Logs are other files of the server. Errors quote the ends of Output and of these.
	Logs []string
	// Patience is how long the server may take until it serves. Then it is killed and
	// started again.
	Patience time.Duration
	// KillSignal is the signal that the server gets from Kill, and when this process ends;
	// 0 is SIGKILL. A server of many processes needs another signal to end all of them.
	KillSignal syscall.Signal

	mu      sync.Mutex
	current *run
}

// run is one process.
type run struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // how it ended; may be read once ended is closed
}

// Start starts the server, and waits until it serves. It does nothing if the server runs.
// A run that ends early or does not serve within Patience is followed by another one.
func (d *Daemon) Start() error {
	var failed error
	for range runs {
		r, fresh, err := d.launch()
		if err != nil {
			return fmt.Errorf("start %s: %w", d.Name, err)
		}
		if !fresh {
			return nil
		}
		if failed = d.serves(r); failed == nil {
			return nil
		}
		if !d.end(r, d.killSignal()) {
			return fmt.Errorf("start %s: it was killed before it served", d.Name)
		}
	}
	return fmt.Errorf("start %s: %w\n%s", d.Name, failed, d.Tail())
}

// launch starts a process, unless one runs.
func (d *Daemon) launch() (r *run, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		select {
		case <-d.current.ended:
		default:
			return d.current, false, nil
		}
	}
	output, err := os.OpenFile(d.Output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, false, err
	}
	defer output.Close()
	r = &run{cmd: d.Command(), ended: make(chan struct{})}
	r.cmd.Stdout, r.cmd.Stderr = output, output
	if err := startTied(r.cmd, d.killSignal()); err != nil {
		return nil, false, err
	}
	go func() {
		r.err = r.cmd.Wait()
		close(r.ended)
	}()
	d.current = r
	return r, true, nil
}

// serves waits until a process serves.
func (d *Daemon) serves(r *run) error {
	patience := time.After(d.Patience)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
		err := d.Ready(ctx)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-r.ended:
			return fmt.Errorf("it ended: %w", errors.Join(r.err, err))
		case <-patience:
			return fmt.Errorf("it did not serve within %v: %w", d.Patience, err)
		case <-time.After(probePause):
		}
	}
}

func (d *Daemon) killSignal() syscall.Signal {
	if d.KillSignal == 0 {
		return syscall.SIGKILL
	}
	return d.KillSignal
}

// end ends a process and waits for its end. It returns false if another call did so before.
func (d *Daemon) end(r *run, s syscall.Signal) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != r {
		return false
	}
	_ = r.cmd.Process.Signal(s) // it may have ended
	_ = r.cmd.Process.Signal(syscall.SIGCONT)
	<-r.ended
	d.current = nil
	return true
}

// Kill ends the server at once, as a crash does, and waits for its end. It does nothing if
// the server does not run.
func (d *Daemon) Kill() { d.End(d.killSignal()) }

// End ends the server with a signal, as Kill does.
func (d *Daemon) End(s syscall.Signal) {
	d.mu.Lock()
	r := d.current
	d.mu.Unlock()
	if r != nil {
		d.end(r, s)
	}
}

// Restart kills the server and starts it again.
func (d *Daemon) Restart() error {
	d.Kill()
	return d.Start()
}

// Freeze stops the process (SIGSTOP): connections stay open, but get no answers.
func (d *Daemon) Freeze() error { return d.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on. It does nothing if the server does not run.
func (d *Daemon) Thaw() error {
	if !d.Running() {
		return nil
	}
	return d.Signal(syscall.SIGCONT)
}

// Running reports whether there is a process, frozen or not.
func (d *Daemon) Running() bool { return d.Pid() != 0 }

// Pid returns the id of the process. It is 0 if the server does not run.
func (d *Daemon) Pid() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return 0
	}
	select {
	case <-d.current.ended:
		return 0
	default:
		return d.current.cmd.Process.Pid
	}
}

// Signal sends a signal to the process.
func (d *Daemon) Signal(s os.Signal) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current == nil {
		return fmt.Errorf("%s does not run", d.Name)
	}
	return d.current.cmd.Process.Signal(s)
}

// Tail returns the ends of the server's output and logs.
func (d *Daemon) Tail() string {
	var b strings.Builder
	for _, path := range append([]string{d.Output}, d.Logs...) {
		text, err := os.ReadFile(path)
		if err != nil || len(text) == 0 {
			continue
		}
		lines := strings.SplitAfter(string(text), "\n")
		fmt.Fprintf(&b, "== %s\n%s\n", filepath.Base(path), strings.Join(lines[max(0, len(lines)-30):], ""))
	}
	return b.String()
}
