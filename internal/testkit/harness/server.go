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

// Patience is how long a server may take to start, to stop or to answer, before
// the harness calls that an error. All of it takes milliseconds on a machine that
// has nothing else to do.
const Patience = 2 * time.Minute

// Server is a process that serves: footfall serve, or another one that logs a line
// with msg=ready and url=URL.
type Server struct {
	Cmd *exec.Cmd
	// Log is what the process wrote to its standard error so far.
	Log *logtest.Log
	// Said are the attributes of the line with msg=ready, by name. It may be read
	// once Ready is closed.
	Said map[string]string
	// URL and Addr are where the server listens, as Said has it: with a scheme, and
	// as host:port.
	URL, Addr string

	ready, ended chan struct{}
	err          error // how the process ended; may be read once ended is closed
}

// Launch starts a server, and does not wait until it is ready.
func Launch(cmd *exec.Cmd) (*Server, error) {
	s := &Server{Cmd: cmd, Log: new(logtest.Log), ready: make(chan struct{}), ended: make(chan struct{})}
	cmd.Stderr = &watcher{s: s}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// Start starts a server and waits until it is ready.
func Start(cmd *exec.Cmd) (*Server, error) {
	s, err := Launch(cmd)
	if err == nil {
		err = s.WaitReady()
	}
	return s, err
}

// WaitReady waits until the server is ready. If it ends before, the error has its
// log. A server that is not ready in time is killed.
func (s *Server) WaitReady() error {
	select {
	case <-s.ready:
		return nil
	case <-s.ended:
		return fmt.Errorf("%v did not start: %w\n%s", s.Cmd.Args, s.err, Tail(s.Log.String()))
	case <-time.After(Patience):
		s.Kill()
		return fmt.Errorf("%v was not ready after %v\n%s", s.Cmd.Args, Patience, Tail(s.Log.String()))
	}
}

// Ready is closed once the server is ready.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Ended is closed once the process has ended.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Wait waits for the end of the process and returns how it ended.
func (s *Server) Wait() error {
	<-s.ended
	return s.err
}

// End sends a signal and waits for the end of the process, whether or not it runs
// still. It returns how the process ended.
func (s *Server) End(signal os.Signal) error {
	if err := s.Cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return s.err
	case <-time.After(Patience):
		_ = s.Cmd.Process.Kill()
		<-s.ended
		return fmt.Errorf("%v did not end within %v of the signal %v", s.Cmd.Args, Patience, signal)
	}
}

// Stop stops the server as an operator does, and returns how the process ended.
func (s *Server) Stop() error { return s.End(syscall.SIGTERM) }

// Kill kills the server with -9.
func (s *Server) Kill() { _ = s.End(os.Kill) }

// watcher takes the log of a server, and looks for the line with msg=ready.
type watcher struct {
	s    *Server
	rest string // of a line that has not ended
	done bool
}

// asText makes the line of a log in JSON read as one of text, as far as the
// attributes of the line with msg=ready need it.
var asText = strings.NewReplacer(`","`, " ", `":"`, "=", `"}`, "")

func (w *watcher) Write(b []byte) (int, error) {
	n, err := w.s.Log.Write(b)
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
		w.s.Said = map[string]string{}
		for _, a := range strings.Fields(attributes) {
			name, value, _ := strings.Cut(a, "=")
			w.s.Said[name] = value
		}
		w.s.URL = w.s.Said["url"]
		_, w.s.Addr, _ = strings.Cut(w.s.URL, "://")
		close(w.s.ready)
	}
	return n, nil
}
