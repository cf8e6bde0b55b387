package diagnosis

import (
	"net/netip"
	"strings"

	"softphonedoctor/wizard/evidence"
)

// private tells addresses that nobody outside their own network can reach
// (RFC 1918, 6598, 3927, 4193, 1122).
func private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || sharedSpace.Contains(a)
}

var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func public(a netip.Addr) bool { return a.IsValid() && !private(a) }

// host reads an address out of a header or SDP; a name gives the zero Addr.
func host(s string) netip.Addr {
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap()
}

// sameHost compares addresses as numbers where both are, as names otherwise.
func sameHost(a, b string) bool {
	if x, y := host(a), host(b); x.IsValid() && y.IsValid() {
		return x == y
	}
	return strings.EqualFold(strings.Trim(a, "[]"), strings.Trim(b, "[]"))
}

// ourAddress is where our phone's signalling of a call comes from.
func ourAddress(c *evidence.Call) netip.Addr {
	if c.Direction == evidence.In {
		return c.Invite.To.Addr().Unmap()
	}
	return c.Invite.From.Addr().Unmap()
}

// peerAddress is where the signalling of a call goes.
func peerAddress(c *evidence.Call) netip.Addr {
	if c.Direction == evidence.In {
		return c.Invite.From.Addr().Unmap()
	}
	return c.Invite.To.Addr().Unmap()
}

// sameBlock tells that two addresses come from the same private block of RFC 1918.
func sameBlock(a, b netip.Addr) bool {
	for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} {
		if block := netip.MustParsePrefix(p); block.Contains(a.Unmap()) && block.Contains(b.Unmap()) {
			return true
		}
	}
	return false
}

// sameNet tells that two addresses can well be in one local network: the same
// /24 (IPv4) or /64 (IPv6), or both on this computer.
func sameNet(a, b netip.Addr) bool {
	a, b = a.Unmap(), b.Unmap()
	if !a.IsValid() || a.BitLen() != b.BitLen() {
		return false
	}
	if a.IsLoopback() && b.IsLoopback() {
		return true
	}
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	return err == nil && p.Contains(b)
}
