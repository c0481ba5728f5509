//go:build !linux

package pgtest

import "os/exec"

// startTied starts a process, which outlives a test that is killed.
func startTied(c *exec.Cmd) error { return c.Start() }
