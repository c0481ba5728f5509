//go:build !linux

package daemon

import (
	"os/exec"
	"syscall"
)

// startTied starts a process. On this system it survives kill -9 of its starter.
func startTied(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Start() }
