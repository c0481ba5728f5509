//go:build !linux

package daemon

import "os/exec"

// startTied starts a process. Here it survives kill -9 of its starter.
func startTied(cmd *exec.Cmd) error { return cmd.Start() }
