// Package harness runs footfall as its users do: it builds the program, starts it
// in a process of its own, reads its log, sends requests to it, and ends it.
//
// End-to-end tests, torture and the programs that measure share it. It does not
// judge: it returns errors and numbers, and its callers decide what is right.
package harness

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Program is an executable file of footfall.
type Program struct {
	// Path is the path of the file.
	Path string
	// Env is added to the environment of this process, as NAME=VALUE.
	Env []string
}

// Build compiles the program into a directory, from the module that the current
// directory belongs to.
func Build(dir string) (Program, error) {
	p := Program{Path: filepath.Join(dir, "footfall")}
	if out, err := exec.Command("go", "build", "-o", p.Path, "github.com/footfall/footfall/cmd/footfall").CombinedOutput(); err != nil {
		return p, fmt.Errorf("build footfall: %w\n%s", err, out)
	}
	return p, nil
}

// At returns the program in a file that was built before. If path is empty, At builds
// it into a directory.
func At(path, dir string) (Program, error) {
	if path == "" {
		return Build(dir)
	}
	path, err := filepath.Abs(path)
	return Program{Path: path}, err
}

// Command prepares a run of the program. It is killed when ctx is done.
func (p Program) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Path, args...)
	cmd.Env = append(os.Environ(), p.Env...)
	return cmd
}

// Run runs a command to its end and returns what it printed. An error has the
// arguments and the standard error in its text.
func (p Program) Run(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := p.Command(ctx, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("footfall %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), errs.String(), err
}

// Socket returns the path of the control socket of a data directory.
func Socket(data string) string { return filepath.Join(data, "footfall.sock") }
