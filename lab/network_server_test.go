package lab

import (
	"fmt"
	"strings"
	"testing"

	"softphonedoctor/app/session"
)

// srv is a name whose SRV records name targets in this order, all at port 5060.
func srv(transport string, targets ...string) (records []string) {
	for i, addr := range targets {
		node := fmt.Sprintf("node%d.lab.test", i)
		records = append(records, fmt.Sprintf("--srv-host=_sip._%s.pbx.lab.test,%s,5060,%d,10", transport, node, 10*(i+1)), "--host-record="+node+","+addr)
	}
	return records
}

// TestServers: servers that are not there, names that lead nowhere, and certificates
// that prove nothing.
func TestServers(t *testing.T) {
	t.Parallel()
	const provider, local, internet = "provider", "local-network", "internet"
	domain := func(d string) func(*Network, *Registrar, *session.Account) {
		return func(_ *Network, _ *Registrar, a *session.Account) { a.Domain = d }
	}
	named := func(records ...string) func(*testing.T, *Network, *Registrar) {
		return func(t *testing.T, n *Network, _ *Registrar) {
			n.nameServer(t, append(records, "--local=/lab.test/")...)
		}
	}
	rows := []netRow{
		{name: "nobody there", account: domain(emptyAddr), cause: "server-unreachable", where: internet, direction: "both"},
		{name: "somebody silent", account: domain(silentAddr), cause: "server-unreachable", where: internet, direction: "both"},
		{name: "somebody silent, TCP", transport: "tcp", account: domain(silentAddr), cause: "server-unreachable", where: internet, direction: "both"},
		{name: "another port", account: domain(serverAddr + ":5070"), cause: "server-port-closed", where: provider, direction: "both"},
		{name: "found by name", account: domain("pbx.lab.test"), set: named(srv("udp", serverAddr)...)},
		{name: "the first server is silent", account: domain("pbx.lab.test"), set: named(srv("udp", silentAddr, serverAddr)...), hint: "server-unreachable account both"},
		{name: "the first server is not there", account: domain("pbx.lab.test"), set: named(srv("udp", emptyAddr, serverAddr)...), hint: "server-unreachable account both"},
		{name: "no such name", account: domain("pbx.lab.test"), set: named(), cause: "server-name-unknown", where: "account", direction: "none"},
		{name: "no name server", account: domain("pbx.lab.test"), cause: "server-name-unknown", where: local, direction: "none"},
		{name: "no way out", account: domain(serverAddr), set: func(t *testing.T, n *Network, _ *Registrar) { n.ip(t, n.router, "link set wan0 down") },
			cause: "server-unreachable", where: local, direction: "both"},
	}
	for i := range rows {
		rows[i].situation = "registration"
	}
	for _, cert := range []string{CertGood, CertWrongName, CertExpired, CertNotYet, CertSelfSigned, CertStranger, OldTLS} {
		r := netRow{name: "certificate: " + cert, transport: "tls", situation: "registration", cause: "tls-certificate-invalid", where: provider, direction: "both",
			account: func(_ *Network, k *Registrar, a *session.Account) { a.Domain = k.Ways.TLS[cert].String() }}
		switch cert {
		case CertGood:
			r.cause = ""
		case OldTLS:
			r.cause = "tls-version-mismatch"
		}
		rows = append(rows, r)
	}
	runRows(t, rows)
}

// TestSizes: an INVITE that is longer than one packet.
func TestSizes(t *testing.T) {
	t.Parallel()
	long := func(_ *Network, _ *Registrar, a *session.Account) { a.CallerID = strings.Repeat("9", 1200) }
	runRows(t, []netRow{
		{name: "fragments swallowed", situation: "no-ringback", account: long, answers: fine, set: func(t *testing.T, n *Network, _ *Registrar) {
			n.dropFragments(t)
			n.drop(t, allTCP, bothWay)
		}, cause: "message-too-big", where: "local-network", direction: "both"},
		{name: "fragments pass", situation: "no-ringback", account: long, answers: fine, set: func(t *testing.T, n *Network, _ *Registrar) { n.drop(t, allTCP, bothWay) }},
		{name: "fragments swallowed, TCP passes", situation: "no-ringback", account: long, answers: fine, set: func(t *testing.T, n *Network, _ *Registrar) { n.dropFragments(t) }},
	})
}
