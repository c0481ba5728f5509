package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// Timeout is how long a process may take to start, to stop or to answer, before
// the harness calls that an error. All of that takes milliseconds on an idle machine.
const Timeout = 2 * time.Minute

// Process is a command that runs. Servers log a line with msg=ready once they answer;
// other commands never become ready.
type Process struct {
	Cmd *exec.Cmd
	// Log is what the process has written to its standard error, and also to its
	// standard output unless Cmd sends that elsewhere.
	Log *logtest.Log
	// Attributes are the attributes of the line with msg=ready, by name. They, URL and
	// Addr may be read once Ready is closed.
	Attributes map[string]string
	// URL and Addr are the address of the server: with a scheme, and as host:port.
	URL, Addr string

	ready, ended chan struct{}
	err          error // how the process ended; may be read once ended is closed
}

// Launch starts a process, and does not wait until it is ready.
func Launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd, Log: new(logtest.Log), ready: make(chan struct{}), ended: make(chan struct{})}
	cmd.Stderr = &watcher{p: p}
	if cmd.Stdout == nil {
		cmd.Stdout = p.Log
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Start starts a server and waits until it is ready.
func Start(cmd *exec.Cmd) (*Process, error) {
	p, err := Launch(cmd)
	if err == nil {
		err = p.WaitReady()
	}
	return p, err
}

// WaitReady waits until a server is ready. If the server ends before that, the error has
// the end of its log. If the server is not ready within Timeout, WaitReady kills it.
func (p *Process) WaitReady() error {
	select {
	case <-p.ready:
		return nil
	case <-p.ended:
		return fmt.Errorf("%v did not start: %w\n%s", p.Cmd.Args, p.err, Tail(p.Log.String()))
	case <-time.After(Timeout):
		p.Kill()
		return fmt.Errorf("%v was not ready after %v\n%s", p.Cmd.Args, Timeout, Tail(p.Log.String()))
	}
}

// Ready is closed once a server is ready.
func (p *Process) Ready() <-chan struct{} { return p.ready }

// Ended is closed once the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Wait waits for the end of the process and returns how it ended.
func (p *Process) Wait() error {
	<-p.ended
	return p.err
}

// End sends a signal to the process, if it still runs, and waits for its end. It returns
// how the process ended.
func (p *Process) End(signal os.Signal) error {
	if err := p.Cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(Timeout):
		_ = p.Cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%v did not end within %v of the signal %v", p.Cmd.Args, Timeout, signal)
	}
}

// Stop stops the process as an operator does, and returns how the process ended.
func (p *Process) Stop() error { return p.End(syscall.SIGTERM) }

// Kill kills the process with -9.
func (p *Process) Kill() { _ = p.End(os.Kill) }

// watcher keeps the log of a process, and looks for the line with msg=ready.
type watcher struct {
	p    *Process
	rest string // the beginning of a line whose end is not written yet
	done bool   // the line was found
}

// asText turns a line of a log in JSON into one of text, as far as reading the
// attributes of the line with msg=ready needs that.
var asText = strings.NewReplacer(`","`, " ", `":"`, "=", `"}`, "")

func (w *watcher) Write(b []byte) (int, error) {
	n, err := w.p.Log.Write(b)
	if w.done || err != nil {
		return n, err
	}
	w.rest += string(b)
	for !w.done {
		line, rest, whole := strings.Cut(w.rest, "\n")
		if !whole {
			break
		}
		w.rest = rest
		_, attributes, ok := strings.Cut(asText.Replace(line), "msg=ready ")
		if !ok {
			continue
		}
		w.done = true
		w.p.Attributes = map[string]string{}
		for _, a := range strings.Fields(attributes) {
			name, value, _ := strings.Cut(a, "=")
			w.p.Attributes[name] = value
		}
		w.p.URL = w.p.Attributes["url"]
		_, w.p.Addr, _ = strings.Cut(w.p.URL, "://")
		close(w.p.ready)
	}
	return n, nil
}
