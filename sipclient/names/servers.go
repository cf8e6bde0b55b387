package names

import (
	"net/netip"
	"slices"

	"github.com/miekg/dns"
)

// Where systems say which name servers programs are to ask, and where systemd-resolved,
// which puts itself in between, says whom it asks.
const (
	resolvConf = "/etc/resolv.conf"
	behindStub = "/run/systemd/resolve/resolv.conf"
)

// Servers lists the name servers on which this computer's look-ups rest, in the order in
// which they are asked: where a helper of the system's own answers programs, those that
// the helper asks. Empty where the system does not say it in a file (Windows).
func Servers() []netip.AddrPort { return serversOf(resolvConf, behindStub) }

func serversOf(conf, stub string) []netip.AddrPort {
	list := configured(conf)
	if len(list) == 0 || slices.ContainsFunc(list, func(a netip.AddrPort) bool { return !a.Addr().IsLoopback() }) {
		return list
	}
	if real := configured(stub); len(real) > 0 {
		return real
	}
	return list
}

// configured reads a file as of resolv.conf(5).
func configured(file string) []netip.AddrPort {
	config, err := dns.ClientConfigFromFile(file)
	if err != nil {
		return nil
	}
	var list []netip.AddrPort
	for _, s := range config.Servers {
		if ip, err := netip.ParseAddr(s); err == nil && !slices.Contains(list, netip.AddrPortFrom(ip, 53)) {
			list = append(list, netip.AddrPortFrom(ip, 53))
		}
	}
	return list
}
