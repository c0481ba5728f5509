//go:build clients

package clients_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// identity holds the credentials of a call. Each client uses those that it supports.
type identity struct {
	Token    string `json:"token,omitempty"`
	Login    string `json:"login,omitempty"`
	APIKey   string `json:"apiKey,omitempty"`
	Password string `json:"password,omitempty"`
	User     string `json:"user,omitempty"` // the user that node-bitlyapi asks about
}

// clientError is an error as a client returns it.
type clientError struct {
	Message    string `json:"message"`
	StatusCode int    `json:"statusCode"`
	Data       any    `json:"data"`
}

// callTimeout ends a call, which takes milliseconds, if the client never calls back.
const callTimeout = time.Minute

// driver is a client in a process of its own.
type driver struct {
	t     *testing.T
	in    io.Writer
	out   *bufio.Scanner
	sent  int            // lines
	calls map[string]int // how often each method was called
	names []string       // of the methods
	stop  func()         // kills the client
}

// node starts a client in Node.js without fetch, which did not exist when these clients
// were written: those that need it bring their own.
func node(t *testing.T, script string, env ...string) *driver {
	t.Helper()
	return drive(t, "node", []string{"node", "--no-experimental-fetch", "--require", "./hook.cjs", script}, env...)
}

// drive starts a client in a directory, with variables added to its environment.
func drive(t *testing.T, dir string, command []string, env ...string) *driver {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	for _, v := range os.Environ() { // no proxies, which clients would use
		if name, _, _ := strings.Cut(v, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "NODE_NO_WARNINGS=1")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &driver{t: t, in: in, out: bufio.NewScanner(out), calls: map[string]int{}, stop: cancel}
	d.out.Buffer(nil, 64<<20)
	t.Cleanup(func() {
		defer cancel()
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v ended with %v", command, err)
		}
	})
	return d
}

// list returns the names of the client's methods.
func (d *driver) list() []string {
	d.t.Helper()
	if d.names == nil {
		raw, _ := d.exchange(map[string]any{})
		if err := json.Unmarshal(raw, &d.names); err != nil || len(d.names) == 0 {
			d.t.Fatalf("the client listed its methods as %s: %v", raw, err)
		}
	}
	return d.names
}

// call calls a method of the client.
func (d *driver) call(as identity, method string, params ...any) (json.RawMessage, *clientError) {
	d.t.Helper()
	d.calls[method]++
	return d.exchange(map[string]any{"as": as, "method": method, "params": append([]any{}, params...)})
}

func (d *driver) exchange(call map[string]any) (json.RawMessage, *clientError) {
	d.t.Helper()
	d.sent++
	call["id"] = d.sent
	line, err := json.Marshal(call)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(d.in, "%s\n", line); err != nil {
		d.t.Fatal(err)
	}
	var answer struct {
		ID     int
		Result json.RawMessage
		Error  *clientError
	}
	hung := time.AfterFunc(callTimeout, d.stop) // ends Scan
	defer hung.Stop()
	if !d.out.Scan() {
		d.t.Fatalf("the client ended without an answer to %s: %v", line, d.out.Err())
	}
	if err := json.Unmarshal(d.out.Bytes(), &answer); err != nil || answer.ID != d.sent {
		d.t.Fatalf("the client answered %s with %s: %v", line, d.out.Bytes(), err)
	}
	return answer.Result, answer.Error
}
