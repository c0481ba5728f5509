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

// maxSocketPath is the longest path in the address of a Unix socket, in bytes.
const maxSocketPath = 107

// withSocket calls f with a path to the directory's socket that fits into an
// address.
func withSocket(dir string, f func(path string) error) error {
	path := filepath.Join(dir, socketFile)
	if len(path) <= maxSocketPath {
		return f(path)
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return f("/proc/self/fd/" + strconv.Itoa(int(d.Fd())) + "/" + socketFile)
}

// Listen listens on the directory's socket for commands. This process must own the
// directory: it removes a socket that a dead process left.
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
		u.SetUnlinkOnClose(false) // the next owner removes it; path may be valid only during this call
		l = u
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("listen on the data directory's socket: %w", err)
	}
	return l, nil
}

// dialSocket connects to the socket of a directory. The owner of the directory must
// have made it; a symbolic link is refused.
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
