//go:build clients

package clients_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var prebuilt = flag.String("program", "", "the program to test, instead of building it")

// program is the real program with a data directory of its own.
type program struct {
	path, dir string
}

func newProgram(t *testing.T) program {
	t.Helper()
	p := program{path: *prebuilt, dir: filepath.Join(t.TempDir(), "data")}
	if p.path == "" {
		p.path = filepath.Join(t.TempDir(), "footfall")
		if out, err := exec.Command("go", "build", "-o", p.path, "../cmd/footfall").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return p
}

// run runs a command to its end and returns what it printed. The data
// directory goes in where the command's own words end.
func (p program) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.path, append(args, "--data", p.dir)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("footfall %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(out.String())
}

// shortDomain is the domain of every short URL that the program makes.
const shortDomain = "sho.rt"

// serve starts the program and returns once it answers. The test stops it at
// its end, and fails where that is not a good one.
func (p program) serve(t *testing.T, s *site, listen string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Minute)
	args = append([]string{"serve", "--data", p.dir, "--listen", listen, "--domain", shortDomain,
		"--trusted-proxies", "127.0.0.1/32"}, args...)
	cmd := exec.CommandContext(ctx, p.path, args...)
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		res, err := s.http.Get(s.base + "/healthz")
		if err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("footfall %s: %v\n%s", strings.Join(args, " "), err, log.String())
		default:
		}
	}
	t.Cleanup(func() {
		defer cancel()
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Errorf("footfall ended with %v\n%s", err, log.String())
		}
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("footfall logged errors:\n%s", log.String())
		}
	})
}

// free is an address that nobody listens at: the one wanted if it can be had.
func free(t *testing.T, want string) string {
	t.Helper()
	for _, addr := range []string{want, "127.0.0.1:0"} {
		if l, err := net.Listen("tcp", addr); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}
