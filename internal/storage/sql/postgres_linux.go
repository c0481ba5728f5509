package sql

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// boundUnanswered makes a connection fail if what was sent is not acknowledged in time.
// Without it, Linux waits for a quarter of an hour.
func boundUnanswered(network, _ string, c syscall.RawConn) (err error) {
	if network == "unix" {
		return nil
	}
	failed := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(silence.Milliseconds()))
	})
	if failed != nil {
		return failed
	}
	return err
}
