package geo

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Headers in which proxies pass on the address of their client.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
)

// ofConnection are headers that say how a request is sent. Most of them net/http removes.
var ofConnection = []string{"Host", "Connection", "Content-Length", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// ErrHeader says that a text cannot be the name of a header that proxies set.
var ErrHeader = errors.New("is not the name of a header")

// ErrTooLarge says that a network is too large to be trusted.
var ErrTooLarge = errors.New("is a large part of all addresses, so that strangers could say where they come from")

// Proxies are the proxies that are trusted to pass on the address of the visitor, and the
// one header in which they do. The zero value trusts none.
type Proxies struct {
	trusted []netip.Prefix
	header  string
	node    func(string) (netip.Addr, bool) // reads one address in the header
}

// ParseProxies takes addresses and networks in CIDR notation, and the header that these
// proxies write, in any case: XForwardedFor if it is empty. Forwarded is read as RFC 7239
// defines it. Any other header, such as X-Real-IP or CF-Connecting-IP, has one address, or a
// list of them. ParseProxies fails with ErrHeader or ErrTooLarge, or if a value is neither an
// address nor a network.
func ParseProxies(values []string, header string) (Proxies, error) {
	p := Proxies{header: http.CanonicalHeaderKey(cmp.Or(header, XForwardedFor)), node: addressNode}
	if !httpguts.ValidHeaderFieldName(p.header) || slices.Contains(ofConnection, p.header) {
		return Proxies{}, fmt.Errorf("geo: header of proxies %q %w", header, ErrHeader)
	}
	if p.header == Forwarded {
		p.node = forwardedNode
	}
	for _, v := range values {
		prefix, err := parseProxy(strings.TrimSpace(v))
		if err != nil {
			return Proxies{}, fmt.Errorf("geo: trusted proxy %q is not an address such as 192.0.2.1 or a network such as 192.0.2.0/24 or 2001:db8::/32", v)
		}
		if prefix.Bits() < widest(prefix.Addr()) {
			return Proxies{}, fmt.Errorf("geo: trusted proxy %q %w", v, ErrTooLarge)
		}
		p.trusted = append(p.trusted, prefix)
	}
	return p, nil
}

// widest is the number of bits of the largest network that one operator may own, which is
// one of private addresses (RFC 1918, RFC 4193).
func widest(a netip.Addr) int {
	if a.Is4() {
		return 8
	}
	return 7
}

// parseProxy reads an address or a network. IPv4 inside IPv6 becomes IPv4.
func parseProxy(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// Trusts reports whether an address is that of a trusted proxy.
func (p Proxies) Trusts(a netip.Addr) bool { return p.trust(a.Unmap().WithZone("")) }

func (p Proxies) trust(a netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// Visitor is the address that a request came from: that of the other end of the
// connection, or what Client makes of it.
func (p Proxies) Visitor(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return p.Client(peer.Addr(), r.Header)
}

// Secure reports whether the visitor came by https: to this server, or to a trusted proxy that
// says so in X-Forwarded-Proto.
func (p Proxies) Secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.Trusts(peer.Addr()) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// Network is the network of the visitor (see the function Network), as text.
func (p Proxies) Network(r *http.Request) string { return Network(p.Visitor(r)).String() }

// Client is the address of the visitor: the remote address, or if that is a trusted proxy,
// the last address of the header that is not. The header is read from its end, which the
// nearest proxy wrote, up to the first text that is not an address. So addresses that a
// visitor invents have no effect: trusted proxies append theirs to the right, or replace the
// header. No other header is read, because a proxy passes on what it does not write as the
// visitor sent it.
//
// IPv4 inside IPv6 becomes IPv4, and zones are dropped. If all addresses are trusted, the
// first is the visitor's.
func (p Proxies) Client(remote netip.Addr, h http.Header) netip.Addr {
	client := remote.Unmap().WithZone("")
	if len(p.trusted) == 0 || !p.trust(client) {
		return client
	}
	lines := h[p.header]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; rest != ""; {
			var hop string
			rest, hop = cutLast(rest, ',')
			if hop = strings.Trim(hop, " \t"); hop == "" {
				continue // Lists may have empty elements (RFC 9110, 5.6.1).
			}
			a, ok := p.node(hop)
			if !ok {
				return client
			}
			client = a
			if !p.trust(client) {
				return client
			}
		}
	}
	return client
}

// Network is the network that limits by place apply to. It has the addresses that one
// subscriber usually has: a single address of IPv4, also inside IPv6, or a /64 of IPv6.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 64
	if a.Is4() {
		bits = 32
	}
	network, _ := a.Prefix(bits) // of no address: no network
	return network
}
