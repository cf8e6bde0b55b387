package lab

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// TimedPacket is an RTP packet and when it leaves, from the first on.
type TimedPacket struct {
	At time.Duration
	rtp.Packet
}

// A-law speech that never was: a sine in packets of 20 ms, from sequence number 1 on.
func sinePackets(n int) []TimedPacket {
	tone := codec.Tone(440, -15)
	frame := make([]int16, 160)
	list := make([]TimedPacket, n)
	for i := range list {
		tone.Frame(frame)
		list[i] = TimedPacket{At: time.Duration(i) * 20 * time.Millisecond, Packet: rtp.Packet{
			Header:  rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: uint16(i + 1), Timestamp: uint32(160 * i), SSRC: 0x1ab01ab0, Marker: i == 0},
			Payload: codec.EncodeALaw(nil, frame),
		}}
	}
	return list
}

// PacketFile writes packets as a capture for PlayPackets. Who plays it needs the
// right to send raw packets.
func PacketFile(t testing.TB, list []TimedPacket) string {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "sipp may not send raw packets here: run as root")
	}
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4(127, 0, 0, 1), DstIP: net.IPv4(127, 0, 0, 1)}
	udp := &layers.UDP{SrcPort: 4000, DstPort: 4002} // SIPp puts its own in their place
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	began := time.Unix(1, 0)
	for _, p := range list {
		payload, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		buf := gopacket.NewSerializeBuffer()
		err = gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(payload))
		if err != nil {
			t.Fatal(err)
		}
		info := gopacket.CaptureInfo{Timestamp: began.Add(p.At), CaptureLength: len(buf.Bytes()), Length: len(buf.Bytes())}
		if err := w.WritePacket(info, buf.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "sound.pcap")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// PlayPackets sends the packets of a capture once, as they are, from echoPort.
func PlayPackets(file string) Step {
	return Step(fmt.Sprintf(`<nop><action><exec play_pcap_audio="%s"/></action></nop>`, file))
}
