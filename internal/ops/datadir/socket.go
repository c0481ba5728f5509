package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// maxSocketPath is what a Unix socket's address holds, in bytes.
const maxSocketPath = 107

// withSocket calls f with a path to the directory's socket that is short
// enough for an address.
func withSocket(dir string, f func(path string) error) error {
	path := filepath.Join(dir, "footfall.sock")
	if len(path) <= maxSocketPath {
		return f(path)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return f("/proc/self/fd/" + strconv.Itoa(int(d.Fd())) + "/footfall.sock")
}

// Listen listens where commands reach this process. The directory must
// be locked: a socket that is there is of a process that died.
func Listen(dir string) (net.Listener, error) {
	var l net.Listener
	err := withSocket(dir, func(path string) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		u, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return err
		}
		u.SetUnlinkOnClose(false) // the next owner removes it; path may not outlive this call
		l = u
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("listen on the data directory's socket: %w", err)
	}
	return l, nil
}

// dialSocket reaches the process that listens on the socket of a directory of an
// owner, who must have made it. It follows no link.
func dialSocket(ctx context.Context, dir string, owner uint32) (c net.Conn, err error) {
	err = withSocket(dir, func(path string) error {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if info.Mode().Type() != fs.ModeSocket || ownerOf(info) != owner {
			return &UntrustedError{dir, owner, NoSocket, 0}
		}
		c, err = new(net.Dialer).DialContext(ctx, "unix", path)
		return err
	})
	return c, err
}
