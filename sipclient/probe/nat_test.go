package probe

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// honest is what a server says by RFC 3581.
func honest(v sipmsg.Via, from netip.AddrPort) string {
	return fmt.Sprintf("SIP/2.0/UDP %s:%d;branch=%s;received=%s;rport=%d", v.Host, v.Port, v.Branch, from.Addr(), from.Port())
}

// blind is a server that says nothing of where it sees who asks.
func blind(v sipmsg.Via, _ netip.AddrPort) string {
	return fmt.Sprintf("SIP/2.0/UDP %s:%d;branch=%s", v.Host, v.Port, v.Branch)
}

// nobody is an address where nothing answers, for probes that need no SIP server.
func nobody(s *natSim) string {
	conn := s.mustListen(netip.AddrPortFrom(s.addr(60), 0), func(*net.UDPConn, []byte, netip.AddrPort) {})
	return conn.LocalAddr().String()
}

// TestNATKinds names each kind of NAT, by the words of RFC 4787 and by the classic ones.
func TestNATKinds(t *testing.T) {
	for name, c := range map[string]struct{ mapping, filtering behaviour }{
		"full-cone":          {independent, independent},
		"address-restricted": {independent, byAddress},
		"port-restricted":    {independent, byPort},
		"symmetric":          {byPort, byPort},
		"symmetric ":         {byAddress, byPort},
		"symmetric  ":        {byPort, independent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, c.mapping, c.filtering)
			server := sim.server()
			got := measured(t, Config{Server: nobody(sim), STUN: []string{server.known[0][0].String()}}, 0, "nat")
			nat := got[capture.ProbeNAT]
			if !strings.HasPrefix(nat, "no ") || !has(nat, "type="+strings.TrimSpace(name), "by="+server.known[0][0].String()) || !strings.Contains(nat, "mapped="+sim.outside.String()+":") {
				t.Errorf("nat: %s", nat)
			}
			mapping := got[capture.ProbeNATMapping]
			if strings.HasPrefix(mapping, "yes ") != (c.mapping == independent) || !has(mapping, "mapping="+string(c.mapping)) {
				t.Errorf("mapping: %s", mapping)
			}
			filtering := got[capture.ProbeNATFiltering]
			if strings.HasPrefix(filtering, "yes ") != (c.filtering == independent) || !has(filtering, "filtering="+string(c.filtering)) {
				t.Errorf("filtering: %s", filtering)
			}
		})
	}
}

// TestNATNone: without a NAT the address is the own one, and a firewall still shows.
func TestNATNone(t *testing.T) {
	sim := newNATSim(t, independent, independent)
	server := sim.server()
	server.mu.Lock()
	for a := range 2 { // the clients know the server by its real addresses
		for p := range 2 {
			server.known[a][p] = netip.MustParseAddrPort(server.real[a][p].LocalAddr().String())
		}
	}
	at := server.known[0][0].String()
	server.mu.Unlock()
	got := measured(t, Config{Server: nobody(sim), STUN: []string{at}}, 0, "nat", "hairpin", "wan-address")
	if nat := got[capture.ProbeNAT]; !strings.HasPrefix(nat, "yes ") || !has(nat, "type=none") {
		t.Errorf("nat: %s", nat)
	}
	if !has(got[capture.ProbeNATMapping], "yes", "mapping=endpoint-independent") || !has(got[capture.ProbeNATFiltering], "yes") {
		t.Errorf("%v", got)
	}
	if !strings.HasPrefix(got[capture.ProbeHairpin], "not-checked there is no NAT") || !strings.HasPrefix(got[capture.ProbeWANAddress], "not-checked there is no NAT") {
		t.Errorf("%v", got)
	}
}

// TestNATServers: what servers cannot tell is not claimed.
func TestNATServers(t *testing.T) {
	for name, c := range map[string]struct {
		mapping behaviour
		server  func(*stunServer)
		second  bool // a second server that knows nothing but where it sees us
		sip     func(sipmsg.Via, netip.AddrPort) string
		nat     string // begins with
		words   string
		mapped  string
		filter  string
	}{
		"nobody answers": {independent, func(s *stunServer) { s.deafAfter = -1 }, false, nil,
			"not-checked none of the servers", "", "not-checked none of the servers", "not-checked none of the servers"},
		"a server that does not tell": {independent, func(s *stunServer) { s.deafAfter = -1 }, false, blind,
			"not-checked none of the servers", "", "not-checked none of the servers", "not-checked none of the servers"},
		"one address": {independent, func(s *stunServer) { s.oneAddress = true }, false, nil,
			"no ", "type=unknown", "not-checked only one server", "not-checked no server is known"},
		"two servers": {independent, func(s *stunServer) { s.oneAddress = true }, true, nil,
			"no ", "type=unknown", "yes ", "not-checked no server is known"},
		"two servers see two addresses": {byAddress, func(s *stunServer) { s.oneAddress = true }, true, nil,
			"no ", "type=symmetric", "no ", "not-checked no server is known"},
		"the registrar alone": {independent, func(s *stunServer) { s.deafAfter = -1 }, false, honest,
			"no ", "type=unknown", "not-checked only one server", "not-checked no server is known"},
		"deaf at the second address": {independent, func(s *stunServer) { s.deafAt2 = true }, false, nil,
			"no ", "type=unknown", "not-checked the STUN server does not answer at its second", "not-checked the STUN server does not answer at its second"},
		"deaf at the second address, and a second server": {byPort, func(s *stunServer) { s.deafAt2 = true }, true, nil,
			"no ", "type=symmetric", "no ", "not-checked the STUN server does not answer at its second"},
		"no answers from elsewhere": {independent, func(s *stunServer) { s.ignoresFlags = true }, false, nil,
			"no ", "type=unknown", "yes ", "not-checked the STUN server does not answer from another"},
		"stops answering": {independent, func(s *stunServer) { s.deafAfter = 1 }, false, nil,
			"no ", "type=unknown", "not-checked the STUN server stopped", "not-checked the STUN server"},
		"a second address without a port": {independent, func(s *stunServer) { s.lies = netip.MustParseAddrPort("127.0.0.9:0") }, false, nil,
			"no ", "type=unknown", "not-checked only one", "not-checked no server is known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newNATSim(t, c.mapping, byPort)
			server := sim.server(c.server)
			cfg := Config{Server: nobody(sim), STUN: []string{server.known[0][0].String()}}
			if c.second {
				cfg.STUN = append(cfg.STUN, sim.server(func(s *stunServer) { s.oneAddress = true }).known[1][0].String())
			}
			if c.sip != nil {
				cfg.Server = sim.registrar(0, c.sip).String()
			}
			got := measured(t, cfg, 0, "nat")
			if nat := got[capture.ProbeNAT]; !strings.HasPrefix(nat, c.nat) || c.words != "" && !has(nat, c.words) {
				t.Errorf("nat: %s", nat)
			}
			if a := got[capture.ProbeNATMapping]; !strings.HasPrefix(a, c.mapped) {
				t.Errorf("mapping: %s", a)
			}
			if a := got[capture.ProbeNATFiltering]; !strings.HasPrefix(a, c.filter) {
				t.Errorf("filtering: %s", a)
			}
		})
	}
}

// TestTranslatedBack: a public server that claims to see a private address is not
// believed, and does not make a NAT of one kind look like another.
func TestTranslatedBack(t *testing.T) {
	local, mapped := netip.MustParseAddrPort("192.168.1.5:4000"), netip.MustParseAddrPort("198.51.100.1:4000")
	sip := view{helper: helper{name: "pbx", addr: netip.MustParseAddrPort("203.0.113.1:5060"), sip: true}, mapped: local}
	stun := view{helper: helper{name: "stun", addr: netip.MustParseAddrPort("203.0.113.2:3478")}, mapped: mapped}
	o := &outside{local: local, views: []view{sip}}
	if _, known := o.best(); known || o.why() != errTranslatedBack {
		t.Error("believed")
	}
	o.views = []view{stun, sip}
	if v, nat, known := o.translated(); !known || !nat || v.name != "stun" {
		t.Errorf("%+v", v)
	}
	var k natKind
	if o.compare(&k); k.mapping != unknownBehaviour {
		t.Errorf("compared with it: %s", k.mapping)
	}
	// A server in this computer's own network is believed, before one in the internet.
	sip.addr = netip.MustParseAddrPort("192.168.1.1:5060")
	o.views = []view{stun, sip}
	if v, nat, known := o.translated(); !known || nat || v.name != "pbx" {
		t.Errorf("%+v", v)
	}
	if o.compare(&k); k.mapping != unknownBehaviour {
		t.Errorf("compared with it: %s", k.mapping)
	}
}
