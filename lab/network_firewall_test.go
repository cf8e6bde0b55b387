package lab

import "testing"

// blocks is a firewall in the router.
func blocks(what traffic, w way, verdict string) func(*testing.T, *Network, *Registrar) {
	return func(t *testing.T, n *Network, _ *Registrar) { n.firewall(t, what, w, verdict) }
}

// TestFirewalls: what a firewall keeps, and how it says so.
func TestFirewalls(t *testing.T) {
	t.Parallel()
	const local = "local-network"
	runRows(t, []netRow{
		{name: "SIP over UDP swallowed", set: blocks(sipUDP, bothWay, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "SIP over UDP swallowed inward", set: blocks(sipUDP, inward, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "SIP over UDP unreachable", set: blocks(sipUDP, outward, portUnreachable), situation: "registration", cause: "server-port-closed", where: "provider", direction: "both"},
		{name: "SIP over TCP swallowed", transport: "tcp", set: blocks(sipTCP, bothWay, silently), situation: "registration", cause: "transport-blocked", where: local, direction: "both"},
		{name: "TLS refused", transport: "tls", set: blocks(sipTLS, outward, connectionRefused), situation: "registration", cause: "server-port-closed", where: "provider", direction: "both"},
	})
}
