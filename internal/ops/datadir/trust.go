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

// dirInfo has the users who may have made the files in a directory.
type dirInfo struct {
	dir   string
	owner uint32
	// link is the owner of the symbolic link that leads to the directory, or of the
	// directory if the path is not a link.
	link   uint32
	public bool // everybody may write in it
	empty  bool
}

// inspectDir reads who owns a directory. It fails with fs.ErrNotExist, and with
// ENOTDIR for anything else than a directory.
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

// checkOpen fails if a user should not open the directory as their own.
func (p dirInfo) checkOpen(user uint32) error {
	if p.owner != user {
		return &OwnerError{p.dir, p.owner, user}
	}
	return p.checkPlanted(user)
}

// untrusted returns an UntrustedError about the directory.
func (p dirInfo) untrusted(why Distrust, other uint32) error {
	return &UntrustedError{p.dir, p.owner, why, other}
}

// checkAsk fails if a user should not send secrets to the process that owns the
// directory. Root may if root named the directory, and so chose its owner.
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

// checkPlanted fails if a user other than the owner may have made the files in the
// directory, or the path to it.
func (p dirInfo) checkPlanted(user uint32) error {
	switch {
	case p.link != p.owner && p.link != user && p.link != 0:
		return p.untrusted(LinkOfOther, p.link)
	case p.public && !p.empty:
		return p.untrusted(Public, 0)
	}
	return nil
}

// CheckDir fails if a path cannot be a data directory of the current user: with
// ErrFile, an OwnerError, an UntrustedError or an OpenError. It may be missing.
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

// Dial connects to the process that owns the directory. If that may be a process of
// somebody else, it fails with ErrUntrusted, and has sent nothing. named is
// Options.Named.
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

// peerOf returns the user of the process at the other end of a Unix connection.
func peerOf(c net.Conn) (uint32, error) {
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, failed); err != nil {
		return 0, fmt.Errorf("find out which user answers on the data directory's socket: %w", err)
	}
	return peer.Uid, nil
}
