package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// visitScript makes the requests of wrk from the files of writeVisits, and prints the results as JSON.
//
//go:embed wrk.lua
var visitScript []byte

// visitFiles are the files from which wrk makes requests.
type visitFiles struct{ script, paths, visitors string }

// Numbers of links and visitors in the files. They have no common divisor, and wrk takes the next of each, so
// that no pair comes twice in a run.
const (
	visitedLinks = 1_000_003
	visitorKinds = 50_021
)

// writeVisits writes the files. With one link, all requests are the same: those of a browser without
// a referrer or a proxy.
func writeVisits(dir string, m clicks.Made) (v visitFiles, err error) {
	links, kinds := visitedLinks, visitorKinds
	if m.Links == 1 {
		links, kinds = 1, 1
	}
	name := func(what string) string { return filepath.Join(dir, fmt.Sprintf("%s-%d", what, m.Links)) }
	v = visitFiles{name("visit.lua"), name("paths"), name("visitors")}
	var paths, visitors bytes.Buffer
	for _, link := range m.Visited(links) {
		paths.WriteString(strconv.Itoa(link) + "\n")
	}
	all := m.Visitors(kinds)
	if kinds == 1 {
		all = []string{"User-Agent: " + harness.Browser + "\r\n"}
	}
	for _, headers := range all {
		visitors.WriteString(strings.ReplaceAll(headers, "\r\n", "|") + "\n")
	}
	return v, errors.Join(os.WriteFile(v.script, visitScript, 0o600), os.WriteFile(v.paths, paths.Bytes(), 0o600), os.WriteFile(v.visitors, visitors.Bytes(), 0o600))
}

// loaded are the results of a load generator.
type loaded struct {
	Answered uint64        `json:"requests"`
	Errors   uint64        `json:"errors"` // connections that broke, timeouts, and statuses from 400 on
	Took     time.Duration `json:"nanoseconds"`
	P50      float64       `json:"p50"` // milliseconds
	P99      float64       `json:"p99"`
}

func (l loaded) perSecond() float64 { return float64(l.Answered) / l.Took.Seconds() }

// wrk sends visits to a server for a while, each connection its next one once the last was
// answered.
func wrk(ctx context.Context, addr string, v visitFiles, connections int, d time.Duration) (l loaded, err error) {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return l, errors.New("wrk is missing, which makes the load: install the Debian package wrk")
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", max(int(d.Seconds()), 1)), "--timeout", "20s",
		"-s", v.script, "http://"+addr, "--", v.paths, v.visitors, shortDomain)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return l, fmt.Errorf("wrk: %w\n%s", err, errs.String())
	}
	_, text, found := strings.Cut(string(out), "\nresult ")
	if !found {
		return l, fmt.Errorf("wrk printed no result:\n%s%s", out, errs.String())
	}
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return l, fmt.Errorf("wrk: %w: %s", err, text)
	}
	if l.Errors > 0 || l.Answered == 0 {
		return l, fmt.Errorf("%d requests were answered, %d failed", l.Answered, l.Errors)
	}
	return l, nil
}
