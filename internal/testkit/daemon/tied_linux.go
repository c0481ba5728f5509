package daemon

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// starts is read by one goroutine that keeps its thread for ever: the kernel sends the
// signal of Pdeathsig when the thread that started the process ends.
var starts = sync.OnceValue(func() chan func() {
	c := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range c {
			f()
		}
	}()
	return c
})

// startTied starts a process that gets a signal when this one ends, however it ends.
func startTied(cmd *exec.Cmd, death syscall.Signal) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = death
	cmd.SysProcAttr.Setpgid = true // Ctrl-C goes to the starter alone, which ends its processes in order
	started := make(chan error)
	starts() <- func() { started <- cmd.Start() }
	return <-started
}
