package server

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
)

func TestOwnAddress(t *testing.T) {
	t.Parallel()
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	own := netip.MustParseAddr("127.0.0.1")
	for _, a := range interfaces { // use another one than the loopback if there is one
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			own, _ = netip.AddrFromSlice(n.IP.To4())
		}
	}
	for _, c := range []struct {
		listening, address, port string
		want                     bool
	}{
		{"127.0.0.1:8080", "127.0.0.1", "8080", true}, {"127.0.0.1:8080", "127.0.0.1", "80", false}, {"127.0.0.1:8080", "127.0.0.2", "8080", false},
		{"127.0.0.1:8080", "0.0.0.0", "8080", true}, {"127.0.0.1:8080", "::", "8080", true}, {"127.0.0.1:8080", "::1", "8080", false},
		{"192.0.2.1:8080", "192.0.2.1", "8080", true}, {"192.0.2.1:8080", "127.0.0.1", "8080", false}, {"192.0.2.1:8080", "0.0.0.0", "8080", false},
		{"[::]:8080", "127.0.0.1", "8080", true}, {"[::]:8080", "127.8.8.8", "8080", true}, {"[::]:8080", "::1", "8080", true}, {"[::]:8080", "::", "8080", true},
		{"[::]:8080", own.String(), "8080", true}, {"[::]:8080", own.String(), "80", false}, {"[::]:8080", "192.0.2.77", "8080", false},
		{"[::1]:8080", "::1", "8080", true}, {"[::1]:8080", "127.0.0.1", "8080", false},
	} {
		at := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.listening))
		if got := ownAddress([]net.Addr{at})(netip.MustParseAddr(c.address), c.port); got != c.want {
			t.Errorf("for a listener on %s, %s port %s is own: %t, want %t", c.listening, c.address, c.port, got, c.want)
		}
	}
	if ownAddress(nil) != nil || ownAddress([]net.Addr{&net.UnixAddr{}}) != nil {
		t.Error("ownAddress returns a function without listeners, want nil")
	}
	several := ownAddress([]net.Addr{&net.UnixAddr{}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 443}})
	for address, want := range map[string]bool{"192.0.2.1:80": true, "192.0.2.2:443": true, "192.0.2.1:443": false, "192.0.2.2:80": false} {
		at := netip.MustParseAddrPort(address)
		if got := several(at.Addr(), fmt.Sprint(at.Port())); got != want {
			t.Errorf("for several listeners, %s is own: %t, want %t", address, got, want)
		}
	}
}
