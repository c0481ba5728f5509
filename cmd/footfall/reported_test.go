package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// TestReported runs the scripts in testdata/reported. Each is about a fault that people
// reported in a program of this kind, and shows what footfall does in that case. In
// addition to the commands of package testscript these scripts have:
//
//	user LOGIN            makes a user, whose token ask uses
//	serve ARGS...         starts the server and sets URL
//	ask [-until RE] METHOD NAME=VALUE...   prints the first answer of /v3/METHOD that RE matches
//	visit [-b] [-H 'NAME: VALUE'] PATH...  visits links as a browser does, and prints status and Location; with -b the body too
//	await PATH STATUS     visits a link until the answer has the status
//	agents FILE PATH      visits a link once for each line of the file, as that user agent
//	unescape FILE         replaces escapes such as \xff in a file by bytes
//
// Escapes such as \xff and \u200b in arguments are bytes.
func TestReported(t *testing.T) {
	deadline, _ := t.Deadline()
	ask := func(ts *testscript.TestScript, _ bool, args []string) { scriptAsk(ts, args, deadline) }
	until := func(ts *testscript.TestScript, _ bool, args []string) { scriptAwait(ts, args, deadline) }
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/reported",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("FOOTFALL_DATA", env.WorkDir+"/data")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"user": scriptUser, "serve": scriptServe, "ask": ask, "visit": scriptVisit, "await": until, "agents": scriptAgents, "unescape": scriptUnescape,
		},
	})
}

// unescaped replaces the escapes in a text. They are the escapes of Go strings.
func unescaped(ts *testscript.TestScript, text string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	ts.Check(err)
	return s
}

func scriptUnescape(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		var b strings.Builder
		for line := range strings.Lines(ts.ReadFile(file)) {
			b.WriteString(unescaped(ts, strings.TrimSuffix(line, "\n")) + "\n")
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(b.String()), 0o600))
	}
}

// scriptProgram prepares a run of the program in the environment of the script.
func scriptProgram(ts *testscript.TestScript, args ...string) *exec.Cmd {
	cmd := program(context.Background(), args...)
	cmd.Env = append(cmd.Env, "FOOTFALL_DATA="+ts.Getenv("FOOTFALL_DATA"))
	cmd.Dir = ts.MkAbs(".")
	return cmd
}

func scriptUser(ts *testscript.TestScript, _ bool, args []string) {
	cmd := scriptProgram(ts, append([]string{"user", "add"}, args...)...)
	token, err := cmd.Output()
	ts.Check(err)
	ts.Setenv("TOKEN", strings.TrimSpace(string(token)))
}

func scriptServe(ts *testscript.TestScript, _ bool, args []string) {
	cmd := scriptProgram(ts, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	server, err := harness.Start(cmd)
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Stop()) })
	ts.Setenv("URL", server.URL)
}

// scriptAsk returns the command ask of scripts. deadline is that of the test.
func scriptAsk(ts *testscript.TestScript, args []string, deadline time.Time) {
	var body []byte
	until := regexp.MustCompile("")
	if args[0] == "-until" {
		until, args = regexp.MustCompile("(?m)"+args[1]), args[2:]
	}
	q := url.Values{"access_token": {ts.Getenv("TOKEN")}}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(unescaped(ts, arg), "=")
		q.Add(name, value)
	}
	ts.Check(await.Try(deadline, "/v3/"+args[0]+" answers "+until.String(), func() (string, bool) {
		r, err := http.Get(ts.Getenv("URL") + "/v3/" + args[0] + "?" + q.Encode())
		ts.Check(err)
		body, err = io.ReadAll(r.Body)
		r.Body.Close()
		ts.Check(err)
		return string(body), until.Match(body)
	}))
	fmt.Fprintln(ts.Stdout(), strings.TrimSuffix(string(body), "\n"))
}

func scriptVisit(ts *testscript.TestScript, _ bool, args []string) {
	header := http.Header{"User-Agent": {harness.Browser}}
	bodies := len(args) > 0 && args[0] == "-b"
	if bodies {
		args = args[1:]
	}
	for ; len(args) > 0; args = args[1:] {
		if args[0] == "-H" {
			name, value, _ := strings.Cut(unescaped(ts, args[1]), ": ")
			header.Set(name, value)
			args = args[1:]
			continue
		}
		path := unescaped(ts, args[0])
		answer, body := scriptGo(ts, path, header)
		fmt.Fprintln(ts.Stdout(), path, answer)
		if bodies {
			fmt.Fprintln(ts.Stdout(), body)
		}
	}
}

// scriptAwait returns the command await of scripts. deadline is that of the test.
func scriptAwait(ts *testscript.TestScript, args []string, deadline time.Time) {
	ts.Check(await.Try(deadline, args[0]+" answers "+args[1], func() (string, bool) {
		answer, _ := scriptGo(ts, args[0], http.Header{"User-Agent": {harness.Browser}})
		return answer, strings.HasPrefix(answer, args[1])
	}))
}

func scriptAgents(ts *testscript.TestScript, _ bool, args []string) {
	for agent := range strings.Lines(ts.ReadFile(args[0])) {
		scriptGo(ts, args[1], http.Header{"User-Agent": {strings.TrimSuffix(agent, "\n")}})
	}
}

// scriptGo requests a path unchanged, and returns status and Location, and the body.
func scriptGo(ts *testscript.TestScript, path string, header http.Header) (answered, body string) {
	base, err := url.Parse(ts.Getenv("URL"))
	ts.Check(err)
	r := &http.Request{Method: "GET", URL: &url.URL{Scheme: base.Scheme, Host: base.Host, Opaque: path}, Header: header, Host: header.Get("Host")}
	answer, err := http.DefaultTransport.RoundTrip(r)
	ts.Check(err)
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	answer.Body.Close()
	return strings.TrimSpace(fmt.Sprintf("%d %s", answer.StatusCode, answer.Header.Get("Location"))), string(text)
}
