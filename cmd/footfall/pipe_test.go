package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// importing starts an import of a pipe that is held open.
func importing(t *testing.T, data string) (cmd *exec.Cmd, in *os.File, stderr *bytes.Buffer) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd = program(t.Context(), "import", "--json", "--format", "combined", "--data", data, "-")
	stderr = new(bytes.Buffer)
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

// opened tells whether a process has a file open.
func opened(t *testing.T, pid int, path string) bool {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if to, err := os.Readlink(filepath.Join(dir, f.Name())); err == nil && to == path {
			return true
		}
	}
	return false
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
	counted := func(want int) {
		t.Helper()
		for fetch(t, base+"/v3/user/clicks?unit=month&units=-1&format=txt&access_token="+strings.TrimSpace(token)) != fmt.Sprintln(want) {
			if t.Context().Err() != nil {
				t.Fatal("the test ends")
			}
		}
	}
	cmd, in, said := importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2][:20])
	counted(2)
	send(t, in, lines[2][20:])
	counted(3)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	const stays = "; what was recorded so far stays, and importing the same files again goes on from there\n"
	if err := cmd.Wait(); err == nil || said.String() != "footfall: import -: interrupted"+stays {
		t.Errorf("interrupted: %v, %q", err, said)
	}

	cmd, in, said = importing(t, data)
	send(t, in, lines[0]+lines[1]+lines[2]+lines[3])
	counted(4)
	stop(syscall.SIGTERM)
	if err := cmd.Wait(); err == nil || said.String() != "footfall: import -: the footfall process that owns the data directory is stopping: run the command again"+stays {
		t.Errorf("whose server stops: %v, %q", err, said)
	}

	cmd, in, said = importing(t, data)
	send(t, in, strings.Join(lines, ""))
	// Only once it has the directory, for else it would work through the other command.
	for !opened(t, cmd.Process.Pid, filepath.Join(data, "footfall.db")) {
		if t.Context().Err() != nil {
			t.Fatal("the test ends")
		}
	}
	for {
		if _, errs, _ := told(t, "user", "delete", "ann", "--data", data); strings.Contains(errs, " 5 clicks ") {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || said.String() != "footfall: import -: interrupted"+stays {
		t.Errorf("without a server, interrupted: %v, %q", err, said)
	}
	if out, _ := run(t, "import", "--json", "--format", "combined", "--data", data, write(t, filepath.Join(dir, "log"), strings.Join(lines, ""))); out != `{"lines":5,"clicks":0,"known":5,"skipped":0,"rejected":0}`+"\n" {
		t.Errorf("the file after the pipe: %s", out)
	}
	agrees(t, data)
}

// TestWaitingForAnother: a command that owns the directory, is done, and waits for
// another one that came to it meanwhile, says so. Both end well.
func TestWaitingForAnother(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	run(t, "import", "--format", "ndjson", "--data", data, write(t, filepath.Join(dir, "links"), linkLines("one")))
	out, err := os.CreateTemp(dir, "stderr")
	if err != nil {
		t.Fatal(err)
	}
	from, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	first := program(t.Context(), "import", "--format", "combined", "--data", data, "-")
	first.Stdin, first.Stderr = from, out
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	_ = from.Close()
	defer in.Close()
	for !opened(t, first.Process.Pid, filepath.Join(data, "footfall.db")) {
		if t.Context().Err() != nil {
			t.Fatal("the test ends")
		}
	}
	second, more, said := importing(t, data)
	send(t, more, logLines(0, 1, "one"))
	for {
		if _, errs, _ := told(t, "user", "delete", "ann", "--data", data); strings.Contains(errs, " 1 click ") {
			break
		}
	}
	_ = in.Close()
	const want = "this command is done, and waits for another one that reaches the data directory through it\n"
	for {
		if got, err := os.ReadFile(out.Name()); err != nil || string(got) == want {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the test ends")
		}
	}
	_ = more.Close()
	if err := second.Wait(); err != nil {
		t.Errorf("the second import: %v, %s", err, said)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first import: %v", err)
	}
}
