package server

import (
	"net"
	"net/netip"
	"strconv"
)

// here tells which addresses lead to a listener: the one it listens on, or all
// of this machine's if it listens on every one. Nil where nobody listens.
//
// What a proxy, a forwarded port or another name of this machine leads to, it
// cannot know.
func here(listening net.Addr) func(address netip.Addr, port string) bool {
	at, ok := listening.(*net.TCPAddr)
	if !ok {
		return nil
	}
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
