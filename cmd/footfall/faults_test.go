package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// ailing is a server whose process is held to bounds.
type ailing struct {
	base string
	pid  int
	said *spoken
	end  func(os.Signal) // sends a signal, unless it is nil, and waits
}

// spoken is what a process says on standard error.
type spoken struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// serveAiling starts a server and hears all that it says.
func serveAiling(t *testing.T, args ...string) *ailing {
	t.Helper()
	cmd := program(context.Background(), append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	a := &ailing{pid: cmd.Process.Pid, said: new(spoken)}
	url, heard := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(heard)
		defer close(url)
		_, _ = io.Copy(io.MultiWriter(a.said, &finder{found: url}), stderr)
	}()
	var once sync.Once
	a.end = func(s os.Signal) {
		once.Do(func() {
			if s != nil {
				_ = cmd.Process.Signal(s)
			}
			<-heard
			_ = cmd.Wait()
		})
	}
	t.Cleanup(func() { a.end(os.Kill) })
	if a.base = <-url; a.base == "" {
		t.Fatalf("the server does not start: %s", a.said)
	}
	return a
}

// finder looks for the server's URL in its log.
type finder struct {
	text  string
	found chan string
	done  bool
}

var readyLine = regexp.MustCompile(`"?msg"?[=:]"?ready"?[ ,]"?url"?[=:]"?([^\s"]+)`)

func (f *finder) Write(b []byte) (int, error) {
	if !f.done {
		f.text += string(b)
		if m := readyLine.FindStringSubmatch(f.text); m != nil {
			f.found <- m[1]
			f.done = true
		}
	}
	return len(b), nil
}

// bound sets a limit of the process.
func (a *ailing) bound(t *testing.T, resource int, most uint64) {
	t.Helper()
	limit := unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}
	if resource == unix.RLIMIT_NOFILE {
		limit.Max = most
	}
	if err := unix.Prlimit(a.pid, resource, &limit, nil); err != nil {
		t.Fatal(err)
	}
}

// notDurable is how many clicks the log says are not durable.
func (a *ailing) notDurable(t *testing.T) (clicks int) {
	t.Helper()
	for line := range strings.Lines(a.said.String()) {
		if strings.Contains(line, "visitors were sent on although") {
			_, n, _ := strings.Cut(line, " clicks=")
			n, _, _ = strings.Cut(n, " ")
			more, err := strconv.Atoi(n)
			if err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			clicks += more
		}
	}
	return clicks
}

// TestKilledWithAlarms: the journal's disk fails and the program is killed while
// visitors come. Nobody was answered whose click is neither kept nor reported.
func TestKilledWithAlarms(t *testing.T) {
	t.Parallel()
	data := t.TempDir() + "/data"
	token, _ := run(t, "user", "add", "ann", "--data", data)
	short, _ := run(t, "link", "add", "ann", "http://example.org/", "--data", data)
	hash := short[strings.LastIndex(strings.TrimSpace(short), "/"):]
	hash = strings.TrimSpace(hash)
	before := 0
	for range 3 {
		server := serveAiling(t, "--data", data)
		var answered atomic.Int64
		var visitors sync.WaitGroup
		reached := make(chan struct{})
		for range 16 {
			visitors.Go(func() {
				for {
					ask, err := http.NewRequest(http.MethodGet, server.base+hash, nil)
					if err != nil {
						t.Error(err)
						return
					}
					ask.Header.Set("User-Agent", browser)
					r, err := visitor.Do(ask)
					if err != nil {
						return // it is dead
					}
					r.Body.Close()
					if r.StatusCode != http.StatusMovedPermanently {
						t.Errorf("a visitor is told %s", r.Status)
						return
					}
					switch answered.Add(1) {
					case 50:
						server.bound(t, unix.RLIMIT_FSIZE, 0)
					case 200:
						close(reached)
					}
				}
			})
		}
		<-reached
		server.end(syscall.SIGKILL)
		visitors.Wait()
		reported := server.notDurable(t)
		if reported == 0 {
			t.Error("the journal took clicks that it had no room for")
		}
		again := serveAiling(t, "--data", data)
		run(t, "check", "--data", data) // which waits until all is counted
		all, err := strconv.Atoi(strings.TrimSpace(fetch(t, again.base+"/v3/user/clicks?unit=month&format=txt&access_token="+strings.TrimSpace(token))))
		if err != nil {
			t.Fatal(err)
		}
		counted := all - before
		before = all
		if missing := int(answered.Load()) - reported - counted; missing > 0 {
			t.Errorf("%d visitors were answered, %d reported as not durable, %d are counted: %d are missing",
				answered.Load(), reported, counted, missing)
		}
		again.end(syscall.SIGTERM)
	}
}

// TestDirectoryGoesAway: a server whose data directory is moved away ends, and
// leaves what is in its place alone.
func TestDirectoryGoesAway(t *testing.T) {
	t.Parallel()
	data := t.TempDir() + "/data"
	run(t, "user", "add", "ann", "--data", data)
	server := serveAiling(t, "--data", data)
	if err := os.Remove(data + "/lock"); err != nil {
		t.Fatal(err)
	}
	fails(t, "another footfall process owns the data directory", "rebuild", "--data", data)
	run(t, "user", "list", "--data", data) // by the server
	if err := os.Rename(data, data+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	server.end(nil)
	contains(t, server.said.String(), "was moved away, removed or replaced")
	if names, err := os.ReadDir(data); err != nil || len(names) != 0 {
		t.Errorf("in its place are %v, %v", names, err)
	}
	run(t, "check", "--data", data+".old")
}

// TestHangup: SIGHUP stops the server in order.
func TestHangup(t *testing.T) {
	t.Parallel()
	// A program inherits that SIGHUP is ignored, as under nohup, and not that it is
	// caught.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	defer signal.Stop(caught)
	server := serveAiling(t, "--data", t.TempDir()+"/data")
	server.end(syscall.SIGHUP)
	contains(t, server.said.String(), "msg=stopping")
}
