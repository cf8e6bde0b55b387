package lab

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// The addresses of a network. They exist in its namespaces only.
const (
	clientAddr = "192.168.77.2"
	routerAddr = "192.168.77.1"
	outside    = "198.51.100.1" // of the router, or of the carrier's
	nextHop    = "198.51.100.2"
	hopPublic  = "198.51.100.254"

	serverAddr = "198.51.100.10" // registrar, relay, name server
	stunAddr   = "198.51.100.20"
	stunOther  = "198.51.100.21"
	calleeAddr = "198.51.100.30"
	emptyAddr  = "198.51.100.98" // nobody is there
	silentAddr = "198.51.100.99" // somebody who never says anything
)

// Network is a laboratory of its own for one test:
//
//	client ─ router ─ hop ┬ server  .10 (SIP, relay, names), .20 and .21 (STUN)
//	 .77.2   NAT, faults  └ callee  .30
//
// The router is the person's own, with translation, ALG and firewall. The hop is the
// internet: it loses and delays packets, lets no private address through, and
// translates once more where the router is behind a carrier. Several networks
// may be up at a time; each has these same addresses.
type Network struct {
	kind natKind

	client, router, hop, server, callee *Host

	hosts  []*Host
	folder string // of what it leaves, and of the guard's last look
	checks int    // so many runs of the program

	atEnter func() // is called when the program waits for Enter, which follows
}

var networks atomic.Int32 // made by this test program

// newNetwork makes a network, with the client behind a kind of translation. It is
// removed when the test ends.
func newNetwork(t testing.TB, kind natKind) *Network {
	t.Helper()
	needsNetworks(t)
	n := &Network{kind: kind, folder: t.TempDir()}
	if err := guarded("folder", filepath.Dir(n.folder)); err != nil {
		t.Fatalf("the guard of the network does not start: %v", err)
	}
	number := networks.Add(1)
	host := func(name, addr string) *Host {
		h := &Host{name: name, namespace: fmt.Sprintf("lab%d-%d-%s", os.Getpid(), number, name), Addr: netip.MustParseAddr(addr)}
		n.hosts = append(n.hosts, h)
		return h
	}
	client, router := kind.home()
	n.client, n.router, n.hop = host("client", client), host("router", router), host("hop", hopPublic)
	n.server, n.callee = host("server", serverAddr), host("callee", calleeAddr)
	t.Cleanup(func() { n.remove(t) })
	n.build(t)
	return n
}

// needsNetworks skips a test where no network can be made; under CI=true it fails it.
func needsNetworks(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "the network laboratory needs root: it makes network namespaces")
	}
	Program(t, "ip", "iproute2")
	Program(t, "nft", "nftables")
}

// build makes the namespaces and what connects them.
func (n *Network) build(t testing.TB) {
	t.Helper()
	for _, h := range n.hosts {
		if err := guarded("netns", h.namespace); err != nil {
			t.Fatal(err)
		}
		n.run(t, nil, "", "ip", "netns", "add", h.namespace)
	}
	// What a name server of the lab says is what the client's programs are told.
	settings := filepath.Join("/etc/netns", n.client.namespace)
	if err := os.MkdirAll(settings, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(settings, "resolv.conf"), []byte("nameserver "+serverAddr+"\noptions timeout:2 attempts:2\n"), 0o644); err != nil {
		t.Fatal(err)
	}

	var links strings.Builder
	link := func(a *Host, aName string, b *Host, bName string) {
		fmt.Fprintf(&links, "link add %s netns %s type veth peer name %s netns %s\n", aName, a.namespace, bName, b.namespace)
	}
	link(n.client, "eth0", n.router, "lan0")
	link(n.router, "wan0", n.hop, "isp0")
	link(n.hop, "pub0", n.server, "port1")
	link(n.callee, "eth0", n.server, "port2")
	n.run(t, nil, links.String(), "ip", "-batch", "-")

	client, home := n.kind.home()
	router, next := n.kind.link()
	hop := []string{"addr add " + next + "/30 dev isp0", "addr add " + hopPublic + "/24 dev pub0", "link set isp0 up", "link set pub0 up"}
	if n.kind.translated() {
		hop = append(hop, "addr add "+outside+"/24 dev pub0")
	}
	if n.kind.routed() {
		hop = append(hop, "route add "+client+"/32 via "+router)
	}
	public := []string{"route add default via " + hopPublic}
	if !n.kind.translated() {
		public = append(public, "route add 198.51.100.0/30 via "+hopPublic)
	}
	n.ip(t, n.client, "addr add "+client+"/24 dev eth0", "link set eth0 up", "route add default via "+home)
	n.ip(t, n.router, "addr add "+home+"/24 dev lan0", "addr add "+router+"/30 dev wan0", "link set lan0 up", "link set wan0 up", "route add default via "+next)
	n.ip(t, n.hop, hop...)
	server := []string{"link add br0 type bridge mcast_snooping 0 forward_delay 0", "link set port1 master br0", "link set port2 master br0", "link set port1 up", "link set port2 up"}
	for _, a := range []string{serverAddr, stunAddr, stunOther, silentAddr} {
		server = append(server, "addr add "+a+"/24 dev br0")
	}
	n.ip(t, n.server, append(append(server, "link set br0 up"), public...)...)
	n.ip(t, n.callee, append([]string{"addr add " + calleeAddr + "/24 dev eth0", "link set eth0 up"}, public...)...)
	for _, h := range []*Host{n.router, n.hop} {
		n.sysctl(t, h, "net.ipv4.ip_forward=1")
	}
	n.nft(t, n.router, n.kind.rules())
	n.nft(t, n.hop, n.kind.hopRules())
	n.nft(t, n.server, "table ip silence { chain in { type filter hook input priority 0; policy accept; ip daddr "+silentAddr+" drop; }\n}\n")
}

// remove ends what still runs and takes the namespaces away.
func (n *Network) remove(t testing.TB) {
	for _, h := range n.hosts {
		for _, pid := range inhabitants(h.namespace) {
			line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may have ended
			t.Errorf("left behind on %s: process %d, %s", h.name, pid, strings.ReplaceAll(string(line), "\x00", " "))
		}
		removeNamespace(h.namespace)
	}
}

// ip runs ip's commands on a host.
func (n *Network) ip(t testing.TB, h *Host, lines ...string) {
	t.Helper()
	n.run(t, nil, strings.Join(append([]string{"link set lo up"}, lines...), "\n")+"\n", "ip", "-n", h.namespace, "-batch", "-")
}

// nft adds rules in nft's language to a host.
func (n *Network) nft(t testing.TB, h *Host, rules string) {
	t.Helper()
	if rules != "" {
		n.run(t, h, rules, "nft", "-f", "-")
	}
}

func (n *Network) sysctl(t testing.TB, h *Host, settings ...string) {
	t.Helper()
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		// Only who is in the namespace sees its own: /proc/sys is that of the reader.
		path := "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
		if err := h.inside(func() error { return os.WriteFile(path, []byte(value), 0o644) }); err != nil {
			t.Fatalf("%s on %s: %v", s, h.name, err)
		}
	}
}

// exec runs a command on a host to its end, and gives what it printed.
func (n *Network) exec(t testing.TB, h *Host, name string, args ...string) string {
	t.Helper()
	return n.run(t, h, "", name, args...)
}

func (n *Network) run(t testing.TB, h *Host, input, name string, args ...string) string {
	t.Helper()
	name, args = h.command(name, args...)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, input, out)
	}
	return string(out)
}
