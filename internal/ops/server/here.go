package server

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// here tells which addresses lead to one of the listeners: the one it listens on,
// or all of this machine's if it listens on every one. Nil where nobody listens.
//
// What a proxy, a forwarded port or another name of this machine leads to, it
// cannot know.
func here(listening []net.Addr) func(address netip.Addr, port string) bool {
	var at []func(netip.Addr, string) bool
	for _, l := range listening {
		if l, ok := l.(*net.TCPAddr); ok {
			at = append(at, hereAt(l))
		}
	}
	if len(at) == 0 {
		return nil
	}
	return func(address netip.Addr, port string) bool {
		return slices.ContainsFunc(at, func(is func(netip.Addr, string) bool) bool { return is(address, port) })
	}
}

// hereAt is here for one listener.
func hereAt(at *net.TCPAddr) func(address netip.Addr, port string) bool {
	own := at.AddrPort().Addr().Unmap()
	return func(address netip.Addr, port string) bool {
		switch {
		case port != strconv.Itoa(at.Port):
			return false
		case address.IsUnspecified(): // whoever asks there asks his own machine
			return own.IsUnspecified() || own.IsLoopback()
		case !own.IsUnspecified():
			return address == own
		case address.IsLoopback():
			return true
		}
		all, err := net.InterfaceAddrs()
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok && err == nil {
				if mine, ok := netip.AddrFromSlice(n.IP); ok && mine.Unmap() == address {
					return true
				}
			}
		}
		return false
	}
}
