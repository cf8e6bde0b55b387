package probe

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackpal/gateway"

	"softphonedoctor/sipclient/wire"
)

// The kinds of network connections, as the details of ProbeInterfaces name them.
const (
	kindWired    = "wired"
	kindWireless = "wireless"
	kindVPN      = "vpn"
	kindVirtual  = "virtual" // a network of this computer's own: containers, virtual machines
	kindLoopback = "loopback"
)

// connection is a network interface that is up and has an address.
type connection struct {
	name, kind string
	addr       netip.Addr   // the first one
	addrs      []netip.Addr // all but link-local ones
}

// connections lists what is up and has an address that reaches beyond its own wire.
func connections() ([]connection, error) {
	list, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var found []connection
	for _, i := range list {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		c := connection{name: i.Name, kind: kindOf(i.Name, i.Flags)}
		addrs, _ := i.Addrs()
		for _, a := range addrs {
			p, err := netip.ParsePrefix(a.String())
			if err == nil && !p.Addr().IsLinkLocalUnicast() {
				c.addrs = append(c.addrs, p.Addr().Unmap())
			}
		}
		if len(c.addrs) > 0 {
			c.addr = c.addrs[0]
			found = append(found, c)
		}
	}
	return found, nil
}

// kindOf tells by flags, by the name that systems give, and where Linux tells by its
// own word.
func kindOf(name string, flags net.Flags) string {
	begins := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(strings.ToLower(name), p) })
	}
	switch {
	case flags&net.FlagLoopback != 0:
		return kindLoopback
	case begins("docker", "br-", "veth", "virbr", "vmnet", "vbox", "lxc", "cni", "bridge", "vethernet", "awdl", "llw"):
		return kindVirtual
	case begins("tun", "tap", "wg", "utun", "ipsec", "zt", "tailscale", "nordlynx", "proton", "ppp") || flags&net.FlagPointToPoint != 0:
		return kindVPN
	case begins("wl", "wi-fi", "wifi", "wireless"):
		return kindWireless
	}
	if _, err := os.Stat(filepath.Join("/sys/class/net", name, "wireless")); err == nil {
		return kindWireless
	}
	return kindWired
}

// usedFor finds the connection from which packets to a server leave. Nothing is sent.
func usedFor(server netip.AddrPort, list []connection) (connection, bool) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return connection{}, false
	}
	defer conn.Close()
	here := wire.AddrPort(conn.LocalAddr()).Addr()
	for _, c := range list {
		if slices.Contains(c.addrs, here) {
			c.addr = here
			return c, true
		}
	}
	return connection{}, false
}

// defaultGateway is the router of this computer, of the server's IP version where the
// system tells it.
func defaultGateway(netip.Addr) (netip.Addr, error) {
	ip, err := gateway.DiscoverGateway()
	if err != nil {
		return netip.Addr{}, errNoGateway
	}
	a, ok := netip.AddrFromSlice(ip)
	if !ok || a.IsUnspecified() {
		return netip.Addr{}, errNoGateway
	}
	return a.Unmap(), nil
}
