package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// place is who may have put into a directory what lies there.
type dirInfo struct {
	dir   string
	owner uint32
	// link is the owner of the symbolic link that leads to the directory; that of
	// the directory where none does.
	link   uint32
	public bool // everybody may write in it
	empty  bool
}

// inspectDir looks at a directory. It fails with fs.ErrNotExist, and where there is
// something else.
func inspectDir(dir string) (p dirInfo, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return p, err
	}
	if !info.IsDir() {
		return p, syscall.ENOTDIR
	}
	name, err := os.Lstat(dir)
	if err != nil {
		return p, err
	}
	p = dirInfo{dir: dir, owner: ownerOf(info), public: info.Mode().Perm()&0o002 != 0}
	if p.link = p.owner; name.Mode()&fs.ModeSymlink != 0 {
		p.link = ownerOf(name)
	}
	if p.public {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return p, err
		}
		p.empty = len(entries) == 0
	}
	return p, nil
}

func ownerOf(info fs.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }

// opens fails where a user should not take the directory for his own.
func (p dirInfo) checkOpen(user uint32) error {
	if p.owner != user {
		return &OwnerError{p.dir, p.owner, user}
	}
	return p.checkPlanted(user)
}

// distrust says why the directory is not trusted.
func (p dirInfo) untrusted(why Distrust, other uint32) error {
	return &UntrustedError{p.dir, p.owner, why, other}
}

// asks fails where a user should not tell secrets to the process that serves the
// directory. Root may, where he named the directory: he knows whose it is.
func (p dirInfo) checkAsk(user uint32, named bool) error {
	switch {
	case p.owner == user:
	case user == 0 && named:
	case user == 0:
		return p.untrusted(NotNamed, 0)
	default:
		return p.untrusted(NotYours, 0)
	}
	return p.checkPlanted(user)
}

// checkPlanted fails where others than the owner may have put there what lies in
// the directory, or have led to it.
func (p dirInfo) checkPlanted(user uint32) error {
	switch {
	case p.link != p.owner && p.link != user && p.link != 0:
		return p.untrusted(LinkOfOther, p.link)
	case p.public && !p.empty:
		return p.untrusted(Public, 0)
	}
	return nil
}

// CheckDir fails with a sentence where a path cannot be this user's data
// directory. It may be missing.
func CheckDir(dir string) error {
	p, err := inspectDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOTDIR) && isFile(dir):
		return fmt.Errorf("%s %w", dir, ErrFile)
	case err != nil:
		return &OpenError{err}
	}
	return p.checkOpen(user())
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func user() uint32 { return uint32(os.Geteuid()) }

// Dial reaches the process that owns the directory, unless that may be
// somebody else's: then it is ErrUntrusted, and nothing was sent.
func Dial(ctx context.Context, dir string, named bool) (net.Conn, error) {
	p, err := inspectDir(dir)
	if err != nil {
		return nil, err
	}
	if err := p.checkAsk(user(), named); err != nil {
		return nil, err
	}
	c, err := dialSocket(ctx, dir, p.owner)
	if err != nil {
		return nil, err
	}
	peer, err := peerOf(c)
	if err == nil && peer != p.owner {
		err = p.untrusted(Process, peer)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// peerOf is the user whose process listens at the other end of a connection.
func peerOf(c net.Conn) (uint32, error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("who answers on the data directory's socket: %w", err)
	}
	return peer.Uid, nil
}
