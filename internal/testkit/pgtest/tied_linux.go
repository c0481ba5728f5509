package pgtest

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// starts is read by a goroutine that keeps its thread: the kernel sends Pdeathsig when the
// thread ends that started the process.
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

// startTied starts a process that is ended when this one ends, in whatever way.
func startTied(c *exec.Cmd) error {
	c.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started := make(chan error)
	starts() <- func() { started <- c.Start() }
	return <-started
}
