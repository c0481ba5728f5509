package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// importing starts an import of a pipe that is held open.
func importing(t *testing.T, data string) (cmd *exec.Cmd, in *os.File, stderr *logtest.Log) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd = program(t.Context(), "import", "--json", "--format", "combined", "--data", data, "-")
	stderr = new(logtest.Log)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = out, stderr, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	_ = out.Close()
	return cmd, in, stderr
}

func send(t *testing.T, in *os.File, text string) {
	t.Helper()
	if _, err := in.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// awaitOpen waits until a process has a file open.
func awaitOpen(t *testing.T, cmd *exec.Cmd, path string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid)
	awaitOf(t, cmd, "it has "+path+" open", func() (string, bool) {
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

// awaitRecorded waits until an import has recorded clicks of ann: who would delete
// her is told how many there are.
func awaitRecorded(t *testing.T, cmd *exec.Cmd, data, clicks string) {
	t.Helper()
	awaitOf(t, cmd, "ann has "+clicks, func() (string, bool) {
		_, errs, _ := told(t, "user", "delete", "ann", "--data", data)
		return errs, strings.Contains(errs, " "+clicks+" ")
	})
}

// TestImportOfAPipe: what has come of a pipe counts while it is held open, beside a
// server and without one; whatever ends the import, the same lines count once.
func TestImportOfAPipe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, "import", "--format", "ndjson", "--data", data, write(t, filepath.Join(dir, "links"), linkLines("one")))
	token, _ := run(t, "user", "token", "ann", "--data", data)
	lines := strings.SplitAfter(logLines(0, 5, "one"), "\n")

	base, stop := serveUntil(t, "--data", data)
	counted := func(cmd *exec.Cmd, want int) {
		t.Helper()
		awaitOf(t, cmd, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
			got := fetch(t, base+"/v3/user/clicks?unit=month&units=-1&format=txt&access_token="+strings.TrimSpace(token))
			return got, got == fmt.Sprintln(want)
		})
	}
	cmd, in, said := importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2][:20])
	counted(cmd, 2)
	send(t, in, lines[2][20:])
	counted(cmd, 3)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	const stays = "; what was recorded so far stays, and the next import of the same files goes on from there"
	if err := cmd.Wait(); err == nil || !strings.HasSuffix(said.String(), "footfall: import -: interrupted"+stays+"\n") {
		t.Errorf("interrupted: %v, %q", err, said)
	}

	cmd, in, said = importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2]+lines[3])
	counted(cmd, 4)
	stop(syscall.SIGTERM)
	if err := cmd.Wait(); err == nil || said.String() != "footfall: import -: the footfall process that owns the data directory is stopping"+stays+": run the command again\n" {
		t.Errorf("whose server stops: %v, %q", err, said)
	}

	cmd, in, said = importing(t, data)
	send(t, in, strings.Join(lines, ""))
	// Only once it has the directory, for else it would work through the other command.
	awaitOpen(t, cmd, filepath.Join(data, "footfall.db"))
	awaitRecorded(t, cmd, data, "5 clicks")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.HasSuffix(said.String(), "footfall: import -: interrupted"+stays+"\n") {
		t.Errorf("without a server, interrupted: %v, %q", err, said)
	}
	if out, _ := run(t, "import", "--json", "--format", "combined", "--data", data, write(t, filepath.Join(dir, "log"), strings.Join(lines, ""))); out != `{"lines":5,"clicks":0,"known":5,"skipped":0,"rejected":0}`+"\n" {
		t.Errorf("the file after the pipe: %s", out)
	}
	agrees(t, data)
}

// TestWaitingForAnother: a command that owns the directory and is done waits for
// another one that came to it meanwhile. Both end well.
func TestWaitingForAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, "import", "--format", "ndjson", "--data", data, write(t, filepath.Join(dir, "links"), linkLines("one")))
	first, in, printed := importing(t, data)
	awaitOpen(t, first, filepath.Join(data, "footfall.db"))
	second, more, said := importing(t, data)
	send(t, more, logLines(0, 1, "one"))
	awaitRecorded(t, second, data, "1 click")
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	awaitOf(t, first, "it is done", func() (string, bool) {
		return printed.String(), strings.HasPrefix(printed.String(), `{"lines":0,`)
	})
	send(t, more, logLines(1, 1, "one"))
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil || !strings.HasPrefix(said.String(), `{"lines":2,"clicks":2,`) {
		t.Errorf("the second import: %v, %s", err, said)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first import: %v, %s", err, printed)
	}
}
