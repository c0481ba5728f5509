//go:build clients

package clients_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

var prebuilt = flag.String("program", "", "footfall to test; built if empty")

// program is the real program with a data directory of its own.
type program struct {
	harness.Program
	dir string
}

func newProgram(t *testing.T) program {
	t.Helper()
	built, err := harness.At(*prebuilt, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return program{built, filepath.Join(t.TempDir(), "data")}
}

// run runs a command on the data directory, and returns what it printed, without white
// space around it.
func (p program) run(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, _, err := p.Run(t.Context(), stdin, append(args, "--data", p.dir)...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// shortDomain is the domain of every short URL that the program makes.
const shortDomain = "sho.rt"

// serve starts the server. When the test ends, the server must stop without an error, and
// without one in its log.
func (p program) serve(t *testing.T, args ...string) *harness.Process {
	t.Helper()
	args = append([]string{"serve", "--data", p.dir, "--domain", shortDomain, "--trusted-proxies", "127.0.0.1/32", "--listen", "127.0.0.1:0"}, args...)
	server, err := harness.Start(p.Command(context.WithoutCancel(t.Context()), args...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil || strings.Contains(server.Log.String(), "level=ERROR") {
			t.Errorf("footfall ended with %v\n%s", err, server.Log)
		}
	})
	return server
}
