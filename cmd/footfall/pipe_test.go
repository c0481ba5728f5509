package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// importing starts an import of a pipe. The pipe stays open.
func importing(t *testing.T, data string) (p *harness.Process, in *os.File) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t.Context(), "import", "--json", "--format", "combined", "--data", data, "-")
	cmd.Stdin = out
	if p, err = harness.Launch(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = p.Wait() })
	_ = out.Close()
	return p, in
}

func send(t *testing.T, in *os.File, text string) {
	t.Helper()
	if _, err := in.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// awaitOpen waits until a process has a file open.
func awaitOpen(t *testing.T, p *harness.Process, path string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.Cmd.Process.Pid)
	awaitProcess(t, p, "it has "+path+" open", func() (string, bool) {
		files, err := os.ReadDir(dir)
		if err != nil {
			return err.Error(), false
		}
		var all []string
		for _, f := range files {
			if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil {
				all = append(all, to)
			}
		}
		return strings.Join(all, ", "), slices.Contains(all, path)
	})
}

// awaitRecorded waits until an import has recorded clicks of ann: user delete prints how
// many there are.
func awaitRecorded(t *testing.T, p *harness.Process, data, clicks string) {
	t.Helper()
	awaitProcess(t, p, "ann has "+clicks, func() (string, bool) {
		errs := try(t, "user", "delete", "ann", "--data", data).stderr
		return errs, strings.Contains(errs, " "+clicks+" ")
	})
}

// TestImportOfAPipe: clicks that came over a pipe count while it stays open, with a
// server and without one. Whatever ends the import, the same lines count once.
func TestImportOfAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, "import", "--format", "ndjson", "--data", data, writeFile(t, filepath.Join(dir, "links"), linkLines("one")))
	token := newToken(t, data, "ann")
	lines := strings.SplitAfter(logLines(0, 5, "one"), "\n")

	server := serve(t, "--data", data)
	p, in := importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2][:20])
	awaitClicks(t, server, token, 2)
	send(t, in, lines[2][20:])
	awaitClicks(t, server, token, 3)
	const stays = "; what was recorded so far stays, and the next import of the same files continues there"
	interrupt := func(what string) {
		t.Helper()
		if err := p.End(os.Interrupt); err == nil || !strings.HasSuffix(p.Log.String(), "footfall: import -: interrupted"+stays+"\n") {
			t.Errorf("%s: the interrupted import ended with %v and printed %q", what, err, p.Log)
		}
	}
	interrupt("with a server, interrupted")

	p, in = importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2]+lines[3])
	awaitClicks(t, server, token, 4)
	stop(t, server)
	if err := p.Wait(); err == nil || p.Log.String() != "footfall: import -: the footfall process that owns the data directory is stopping"+stays+": run the command again\n" {
		t.Errorf("the import whose server stopped ended with %v and printed %q", err, p.Log)
	}

	p, in = importing(t, data)
	send(t, in, strings.Join(lines, ""))
	awaitOpen(t, p, filepath.Join(data, "footfall.db")) // so that user delete does not become the owner of the directory
	awaitRecorded(t, p, data, "5 clicks")
	interrupt("without a server, interrupted")
	if out := run(t, "import", "--json", "--format", "combined", "--data", data, writeFile(t, filepath.Join(dir, "log"), strings.Join(lines, ""))); out != `{"lines":5,"clicks":0,"known":5,"skipped":0,"rejected":0}`+"\n" {
		t.Errorf("the import of the same lines as a file printed %s", out)
	}
	checkAgrees(t, data)
}

// TestWaitingForAnother: a command that owns the directory and has finished waits for
// another one that uses the directory through it. Both must succeed.
func TestWaitingForAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, "import", "--format", "ndjson", "--data", data, writeFile(t, filepath.Join(dir, "links"), linkLines("one")))
	first, in := importing(t, data)
	awaitOpen(t, first, filepath.Join(data, "footfall.db"))
	second, more := importing(t, data)
	send(t, more, logLines(0, 1, "one"))
	awaitRecorded(t, second, data, "1 click")
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, first, `^{"lines":0,`)
	send(t, more, logLines(1, 1, "one"))
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil || !strings.HasPrefix(second.Log.String(), `{"lines":2,"clicks":2,`) {
		t.Errorf("the second import ended with %v and printed %s", err, second.Log)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first import ended with %v and printed %s", err, first.Log)
	}
}
