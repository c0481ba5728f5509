package server

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// ownAddress returns a function that reports whether an address and port lead to one
// of the listeners. A listener on all addresses has those of all interfaces. It
// returns nil if there are no listeners.
//
// It does not find proxies, forwarded ports and other names that lead here.
func ownAddress(listening []net.Addr) func(address netip.Addr, port string) bool {
	var own []func(netip.Addr, string) bool
	for _, l := range listening {
		if l, ok := l.(*net.TCPAddr); ok {
			own = append(own, addressOf(l))
		}
	}
	if len(own) == 0 {
		return nil
	}
	return func(address netip.Addr, port string) bool {
		return slices.ContainsFunc(own, func(is func(netip.Addr, string) bool) bool { return is(address, port) })
	}
}

// addressOf does what ownAddress does, for one listener.
func addressOf(listener *net.TCPAddr) func(address netip.Addr, port string) bool {
	own := listener.AddrPort().Addr().Unmap()
	return func(address netip.Addr, port string) bool {
		switch {
		case port != strconv.Itoa(listener.Port):
			return false
		case address.IsUnspecified(): // leads a client to its own machine
			return own.IsUnspecified() || own.IsLoopback()
		case !own.IsUnspecified():
			return address == own
		case address.IsLoopback():
			return true
		}
		all, err := net.InterfaceAddrs()
		for _, a := range all {
			if n, ok := a.(*net.IPNet); ok && err == nil {
				if interfaceAddr, ok := netip.AddrFromSlice(n.IP); ok && interfaceAddr.Unmap() == address {
					return true
				}
			}
		}
		return false
	}
}
