package capture

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"
)

// join puts bytes and strings behind each other.
func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

const mac = "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02"

// ipPacket puts any protocol into an IP packet between the outer ends of a tunnel.
func ipPacket(t testing.TB, protocol layers.IPProtocol, ls ...gopacket.SerializableLayer) []byte {
	return serialise(t, append([]gopacket.SerializableLayer{network(tunnelA, tunnelB, protocol)}, ls...)...)
}

var (
	tunnelA = withPort(alice, 40000)
	tunnelB = withPort(proxy, 40000)
)

// tunnels are packets in which the datagram "x" from port 5060 of alice's travels.
// filter is how tshark finds the inner one, where it knows the tunnel.
func tunnels(t testing.TB) []struct {
	name  string
	link  uint32
	frame []byte
} {
	ip, ip6 := udpPacket(t, alice, proxy, "x"), udpPacket(t, alice6, proxy6, "x")
	eth, eth6 := ethernet(t, ip), ethernet(t, ip6)
	vlan := join(mac, "\x81\x00\x00\x05\x08\x00", ip)
	udp := func(port uint16, data ...any) []byte {
		return udpPacket(t, tunnelA, withPort(tunnelB, port), string(join(data...)))
	}
	gre := func(g layers.GRE, data ...any) []byte {
		return ipPacket(t, layers.IPProtocolGRE, &g, gopacket.Payload(join(data...)))
	}
	length := func(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
	erspan2 := &layers.ERSPANII{Version: 1, VLANIdentifier: 5, SessionID: 7}
	return []struct {
		name  string
		link  uint32
		frame []byte
	}{
		{"IP in IP", 101, ipPacket(t, layers.IPProtocolIPv4, gopacket.Payload(ip))},
		{"IPv6 in IP", 101, ipPacket(t, layers.IPProtocolIPv6, gopacket.Payload(ip6))},
		{"IP in IP in IP", 101, ipPacket(t, layers.IPProtocolIPv4, network(tunnelB, tunnelA, layers.IPProtocolIPv4), gopacket.Payload(ip))},
		{"GRE", 101, gre(layers.GRE{Protocol: layers.EthernetTypeIPv4}, ip)},
		{"GRE with checksum, key and number", 101, gre(layers.GRE{Protocol: layers.EthernetTypeIPv6, ChecksumPresent: true, KeyPresent: true, SeqPresent: true}, ip6)},
		{"GRE with frames", 101, gre(layers.GRE{Protocol: layers.EthernetTypeTransparentEthernetBridging, KeyPresent: true}, eth)},
		{"ERSPAN I", 101, gre(layers.GRE{Protocol: layers.EthernetTypeERSPAN}, eth)},
		{"ERSPAN II", 101, ipPacket(t, layers.IPProtocolGRE, &layers.GRE{Protocol: layers.EthernetTypeERSPAN, SeqPresent: true, Seq: 9}, erspan2, gopacket.Payload(eth6))},
		{"ERSPAN II of a VLAN", 101, ipPacket(t, layers.IPProtocolGRE, &layers.GRE{Protocol: layers.EthernetTypeERSPAN, SeqPresent: true}, erspan2, gopacket.Payload(vlan))},
		{"ERSPAN III", 101, gre(layers.GRE{Protocol: 0x22eb, SeqPresent: true}, "\x20\x05\x00\x07\x01\x02\x03\x04\x00\x00\x00\x00", eth)},
		{"ERSPAN III with platform", 101, gre(layers.GRE{Protocol: 0x22eb, SeqPresent: true}, "\x20\x05\x00\x07\x01\x02\x03\x04\x00\x00\x00\x01", "\x0c\x00\x00\x00\x00\x00\x00\x00", eth)},
		{"VXLAN", 101, udp(4789, "\x08\x00\x00\x00\x00\x00\x07\x00", eth)},
		{"VXLAN as Linux once had it", 101, udp(8472, "\x08\x00\x00\x00\x00\x00\x07\x00", eth6)},
		{"GTP-U", 101, udp(2152, "\x30\xff", length(len(ip)), "\x00\x00\x00\x09", ip)},
		{"GTP-U with a number", 101, udp(2152, "\x32\xff", length(len(ip6)+4), "\x00\x00\x00\x09\x00\x05\x00\x00", ip6)},
		{"GTP-U of 5G", 101, udp(2152, "\x34\xff", length(len(ip)+8), "\x00\x00\x00\x09\x00\x00\x00\x85", "\x01\x10\x09\x00", ip)},
		{"MPLS", 1, join(mac, "\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40", ip)},
		{"Ethernet over MPLS", 1, join(mac, "\x88\x47\x00\x03\x01\x40", "\x00\x00\x00\x07", eth)},
		{"Ethernet over MPLS without a control word", 1, join(mac, "\x88\x47\x00\x04\x01\x40", eth)},
		{"QinQ of PPPoE", 1, join(mac, "\x88\xa8\x00\x05\x81\x00\x00\x06\x88\x64\x11\x00\x00\x01", length(len(ip)+2), "\x00\x21", ip)},
		{"PPPoE alone", 51, join("\x11\x00\x00\x01", length(len(ip)+2), "\x00\x21", ip)},
		{"PPP in HDLC", 50, join("\xff\x03\x00\x21", ip)},
	}
}

func TestTunnels(t *testing.T) {
	for _, c := range tunnels(t) {
		got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, c.link, c.frame)))
		same(t, c.name, datas(got), "x")
		if len(got) == 1 && got[0].Packet.Src.Port() != 5060 {
			t.Errorf("%s: from %v", c.name, got[0].Packet.Src)
		}
		for n := range c.frame { // cut anywhere: no panic
			collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, c.link, c.frame[:n])))
		}
	}
}

// What only has a tunnel's port or number is passed on as it is.
func TestNoTunnels(t *testing.T) {
	rtp := "\x80\x08\x00\x01" + strings.Repeat("\xd5", 100)
	options := "OPTIONS sip:a SIP/2.0\r\n\r\n"
	for _, port := range []uint16{2152, 4789, 8472} {
		for _, data := range []string{rtp, options, "x", "\x30\xff\x00\x04\x00\x00\x00\x09\x70\x01\x02\x03", "\x30\x01\x00\x00\x00\x00\x00\x09"} {
			got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, withPort(proxy, port), data))))
			same(t, strconv.Itoa(int(port)), datas(got), data)
		}
	}
}

// Fragments of the outer and of the inner packet, and extension headers in any order.
func TestFragmentsInTunnels(t *testing.T) {
	long := "INVITE " + strings.Repeat("0123456789", 300)
	inner, inner6 := udpPacket(t, alice, proxy, long), udpPacket(t, alice6, proxy6, long)
	var wrapped [][]byte
	for _, f := range pieces4(t, inner, 9, 1400) {
		wrapped = append(wrapped, ipPacket(t, layers.IPProtocolIPv4, gopacket.Payload(f)))
	}
	gre := ipPacket(t, layers.IPProtocolGRE, &layers.GRE{Protocol: layers.EthernetTypeIPv6}, gopacket.Payload(inner6))
	// IPv6 extension headers around UDP and around fragments.
	const hop, dest, routing = "\x00", "\x3c", "\x2b"
	options := func(next string) string { return next + "\x00\x01\x04\x00\x00\x00\x00" }
	with := func(packet []byte, first string, headers ...string) []byte {
		body := join(strings.Join(headers, ""), packet[40:])
		out := join(packet[:40], body)
		binary.BigEndian.PutUint16(out[4:], uint16(len(body)))
		out[6] = first[0]
		return out
	}
	small := udpPacket(t, alice6, proxy6, "x")
	var behindHop, fragmentOfDest [][]byte
	for _, f := range pieces6(t, inner6, 9, 1400) {
		behindHop = append(behindHop, with(f, hop, options("\x2c")))
	}
	fragmentOfDest = append(fragmentOfDest, pieces6(t, with(inner6, dest, options("\x11")), 10, 1400)...)
	for name, c := range map[string]struct {
		frames [][]byte
		want   string
	}{
		"inner fragments":           {wrapped, long},
		"outer fragments":           {pieces4(t, gre, 10, 1000), long},
		"hop-by-hop":                {[][]byte{with(small, hop, options("\x11"))}, "x"},
		"all extension headers":     {[][]byte{with(small, hop, options(dest), options(routing), "\x3c\x00\x00\x00\x00\x00\x00\x00", options("\x11"))}, "x"},
		"authentication header":     {[][]byte{with(small, "\x33", "\x11\x04"+strings.Repeat("\x00", 22))}, "x"},
		"atomic fragment":           {pieces6(t, small, 11, 1400), "x"},
		"fragments with hop-by-hop": {behindHop, long},
		"options in the fragments":  {fragmentOfDest, long},
	} {
		got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, c.frames...)))
		same(t, name, datas(got), c.want)
	}
}

// tshark finds the same datagram in the same frames.
func TestTunnelsAsTsharkReadsThem(t *testing.T) {
	needTshark(t)
	var b bytes.Buffer
	var w *pcapgo.NgWriter
	list := tunnels(t)
	for i, c := range list {
		link := layers.LinkType(c.link)
		if w == nil {
			first, err := pcapgo.NewNgWriter(&b, link)
			require.NoError(t, err)
			w = first
		} else {
			_, err := w.AddInterface(pcapgo.NgInterface{LinkType: link, SnapLength: 65535})
			require.NoError(t, err)
		}
		require.NoError(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: start, InterfaceIndex: i, CaptureLength: len(c.frame), Length: len(c.frame)}, c.frame))
	}
	require.NoError(t, w.Flush())
	file := filepath.Join(t.TempDir(), "tunnels.pcapng")
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
	lines := tshark(t, "-n", "-r", file, "-d", "udp.port==8472,vxlan", "-d", "mpls.label==48,pwethcw", "-d", "mpls.label==64,pwethnocw", "-T", "fields", "-e", "frame.number", "-e", "udp.srcport")
	require.Len(t, lines, 2*len(list))
	for i, c := range list {
		ports := strings.Split(lines[2*i+1], ",")
		require.Equal(t, "5060", ports[len(ports)-1], "%s: %v", c.name, lines)
	}
}
