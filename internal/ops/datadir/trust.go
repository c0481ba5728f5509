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

// ErrUntrusted: what lies in a directory may have been put there for whoever
// comes by to leave his passwords and tokens in.
var ErrUntrusted = errors.New("footfall does not open or trust it")

// place is who may have put into a directory what lies there.
type place struct {
	dir   string
	owner uint32
	// link is the owner of the symbolic link that leads to the directory; that of
	// the directory where none does.
	link   uint32
	public bool // everybody may write in it
	empty  bool
}

// placeOf looks at a directory. It fails with fs.ErrNotExist, and where there is
// something else.
func placeOf(dir string) (p place, err error) {
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
	p = place{dir: dir, owner: ownerOf(info), public: info.Mode().Perm()&0o002 != 0}
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
func (p place) opens(user uint32) error {
	if p.owner != user {
		instead := ""
		if user != 0 {
			instead = fmt.Sprintf(", or give the directory to user %d with chown -R", user)
		}
		return fmt.Errorf("%s belongs to user %d, who could not open what user %d leaves there: run sudo -u '#%d' footfall …%s", p.dir, p.owner, user, p.owner, instead)
	}
	return p.unplanted(user)
}

// asks fails where a user should not tell secrets to the process that serves the
// directory. Root may, where he named the directory: he knows whose it is.
func (p place) asks(user uint32, named bool) error {
	switch {
	case p.owner == user:
	case user == 0 && named:
	case user == 0:
		return fmt.Errorf("%s belongs to user %d, and %w unless it is named: name it with --data if it is the right one", p.dir, p.owner, ErrUntrusted)
	default:
		return fmt.Errorf("%s belongs to user %d, and %w: name a directory of your own with --data, or run sudo -u '#%d' footfall …", p.dir, p.owner, ErrUntrusted, p.owner)
	}
	return p.unplanted(user)
}

// unplanted fails where others than the owner may have put there what lies in
// the directory, or have led to it.
func (p place) unplanted(user uint32) error {
	switch {
	case p.link != p.owner && p.link != user && p.link != 0:
		return fmt.Errorf("%s is a symbolic link of user %d to a directory of user %d, and %w: name the directory itself with --data", p.dir, p.link, p.owner, ErrUntrusted)
	case p.public && !p.empty:
		return fmt.Errorf("everybody may write in %s, and %w: see that all in it is yours, and take the right away with chmod 700", p.dir, ErrUntrusted)
	}
	return nil
}

// CheckDir fails with a sentence where a path cannot be this user's data
// directory. It may be missing.
func CheckDir(dir string) error {
	p, err := placeOf(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOTDIR) && isFile(dir):
		return fmt.Errorf("%s is a file: name a directory with --data", dir)
	case err != nil:
		return fmt.Errorf("open data directory: %w", advise(err))
	}
	return p.opens(user())
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func user() uint32 { return uint32(os.Geteuid()) }

// Dial reaches the process that owns the directory, unless that may be
// somebody else's: then it is ErrUntrusted, and nothing was sent.
func Dial(ctx context.Context, dir string, named bool) (net.Conn, error) {
	p, err := placeOf(dir)
	if err != nil {
		return nil, err
	}
	if err := p.asks(user(), named); err != nil {
		return nil, err
	}
	c, err := dialSocket(ctx, dir, p.owner)
	if err != nil {
		return nil, err
	}
	peer, err := peerOf(c)
	if err == nil && peer != p.owner {
		err = fmt.Errorf("a process of user %d answers in %s, which belongs to user %d, and %w: find out what it is", peer, dir, p.owner, ErrUntrusted)
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
