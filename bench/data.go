package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// ran is how a process ran.
type ran struct {
	took   time.Duration
	peak   float64 // of its resident memory, in MB
	output string
}

// watched runs a command to its end, and watches its memory. The peak that the system reports of an
// ended process may be that of this one.
func watched(cmd *exec.Cmd) (r ran, err error) {
	began := time.Now()
	p, err := harness.Launch(cmd)
	if err != nil {
		return r, err
	}
	for waiting := true; waiting; {
		select {
		case <-p.Ended():
			waiting = false
		case <-time.After(20 * time.Millisecond):
			r.peak = max(r.peak, memory(cmd.Process.Pid).peak)
		}
	}
	r.took, r.output = time.Since(began), p.Log.String()
	if err := p.Wait(); err != nil {
		return r, fmt.Errorf("%v: %w\n%s", cmd.Args, err, harness.Tail(r.output))
	}
	return r, nil
}

// footfall runs a command of the program on a data directory.
func (s *session) footfall(data, command string, args ...string) (ran, error) {
	return watched(s.program.Command(s.ctx, append([]string{command, "--data", data}, args...)...))
}

// written writes a file into the session's directory, and returns its path.
func (s *session) written(name string, write func(io.Writer) error) (path string, err error) {
	path = filepath.Join(s.dir, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(write(f), f.Sync(), f.Close())
}

// newData makes a data directory with the users and links of a Made, and no click.
func (s *session) newData(name string, m clicks.Made) (data string, err error) {
	data = filepath.Join(s.dir, name)
	file, err := s.written(name+".links", m.WriteUsers)
	if err != nil {
		return "", err
	}
	defer os.Remove(file)
	began := time.Now()
	if _, err := s.footfall(data, "import", "--format", "ndjson", file); err != nil {
		return "", err
	}
	note("%s: %d users and %d links in %.1f s", name, m.Users, m.Links, time.Since(began).Seconds())
	return data, nil
}

// serve starts a server of a data directory. It trusts the addresses that local proxies give, and has no
// limit of questions.
func (s *session) serve(data string, options ...string) (*harness.Process, error) {
	return harness.Start(s.program.Command(context.Background(), append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0",
		"--domain", shortDomain, "--trusted-proxies", "127.0.0.0/8", "--max-links-per-minute", "0", "--max-text-per-minute", "0"}, options...)...))
}

// token returns a new token of a user.
func (s *session) token(data, login string) (string, error) {
	token, _, err := s.program.Run(s.ctx, "", "user", "token", login, "--data", data)
	return strings.TrimSpace(token), err
}

// segment is the number of clicks in a file; 2 GB.
const segment = 10_000_000

// imported imports clicks into a running server, as operators do, from files of up to segment clicks. Before each,
// it calls also with the file, if it is not nil. It returns the highest peak of memory of the import commands.
func (s *session) imported(data string, m clicks.Made, also func(file string) error) (peak float64, err error) {
	n := 0
	err = m.WriteFiles(s.dir, segment, func(file string) error {
		if also != nil {
			if err := also(file); err != nil {
				return err
			}
		}
		r, err := s.footfall(data, "import", "--format", "ndjson", file)
		if err != nil {
			return err
		}
		before := n
		peak, n = max(peak, r.peak), min(n+segment, m.Clicks)
		note("%s: %d clicks imported, %.0f clicks/s", filepath.Base(data), n, float64(n-before)/r.took.Seconds())
		return nil
	})
	return peak, err
}

// compact brings the counts of a directory that no server has open into their smallest and fastest
// form.
func (s *session) compact(data string) error {
	counts, err := pebble.Open(pebble.Options{Dir: countsIn(data)})
	if err != nil {
		return err
	}
	return errors.Join(counts.Compact(s.ctx), counts.Close())
}

// countsIn returns the directory of the counts.
func countsIn(data string) string { return filepath.Join(data, "clicks") }

// forget drops the files of a directory from the memory of the system.
func forget(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	})
}
