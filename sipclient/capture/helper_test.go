package capture

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"iter"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/klauspost/compress/zstd"
)

var (
	alice  = netip.MustParseAddrPort("192.0.2.7:5060")
	proxy  = netip.MustParseAddrPort("198.51.100.1:5060")
	alice6 = netip.MustParseAddrPort("[2001:db8::7]:5060")
	proxy6 = netip.MustParseAddrPort("[2001:db8:1::1]:5061")
	start  = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)
)

func values(records []Record) iter.Seq[Record] { return slices.Values(records) }

// collect reads to the end and fails on an error.
func collect(t testing.TB, r io.Reader) []Record {
	t.Helper()
	var records []Record
	for rec, err := range Read(r) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, rec)
	}
	return records
}

// serialise lets gopacket write layers, so that what is read in these tests was
// not written by this package.
func serialise(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(b.Bytes())
}

// network gives the IP header between two addresses.
func network(src, dst netip.AddrPort, protocol layers.IPProtocol) interface {
	gopacket.SerializableLayer
	gopacket.NetworkLayer
} {
	if src.Addr().Is6() {
		return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
	}
	return &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Id: 77, Protocol: protocol, SrcIP: src.Addr().AsSlice(), DstIP: dst.Addr().AsSlice()}
}

// udpPacket is an IP packet with a UDP datagram.
func udpPacket(t testing.TB, src, dst netip.AddrPort, data string) []byte {
	ip := network(src, dst, layers.IPProtocolUDP)
	udp := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	_ = udp.SetNetworkLayerForChecksum(ip)
	return serialise(t, ip, udp, gopacket.Payload(data))
}

// tcpPacket is an IP packet with a TCP segment.
func tcpPacket(t testing.TB, src, dst netip.AddrPort, seq uint32, syn bool, data string) []byte {
	ip := network(src, dst, layers.IPProtocolTCP)
	tcp := &layers.TCP{SrcPort: layers.TCPPort(src.Port()), DstPort: layers.TCPPort(dst.Port()), Seq: seq, SYN: syn, ACK: true, Window: 1000}
	_ = tcp.SetNetworkLayerForChecksum(ip)
	return serialise(t, ip, tcp, gopacket.Payload(data))
}

// ethernet puts a frame around an IP packet.
func ethernet(t testing.TB, packet []byte) []byte {
	kind := layers.EthernetTypeIPv4
	if packet[0]>>4 == 6 {
		kind = layers.EthernetTypeIPv6
	}
	mac := []byte{2, 0, 0, 0, 0, 1}
	return serialise(t, &layers.Ethernet{SrcMAC: mac, DstMAC: mac, EthernetType: kind}, gopacket.Payload(packet))
}

// pcapFile is a classic capture; frame i is i milliseconds behind start.
func pcapFile(order binary.ByteOrder, nano bool, link uint32, frames ...[]byte) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, order, v) }
	magic, unit := uint32(magicMicro), int64(1000)
	if nano {
		magic, unit = magicNano, 1
	}
	put(magic)
	put([]uint16{2, 4})
	put([]uint32{0, 0, 65535, link})
	for i, f := range frames {
		at := start.Add(time.Duration(i) * time.Millisecond)
		put([]uint32{uint32(at.Unix()), uint32(int64(at.Nanosecond()) / unit), uint32(len(f)), uint32(len(f))})
		b.Write(f)
	}
	return b.Bytes()
}

// pcapngFile is written by gopacket.
func pcapngFile(t testing.TB, link layers.LinkType, frames ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, link)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		ci := gopacket.CaptureInfo{Timestamp: start.Add(time.Duration(i) * time.Millisecond), CaptureLength: len(f), Length: len(f)}
		if err := w.WritePacket(ci, f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}

func zstandard(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// zipped packs files as archive/zip does: deflated, sizes behind them.
func zipped(t testing.TB, method uint16, files ...string) []byte {
	t.Helper()
	var z bytes.Buffer
	w := zip.NewWriter(&z)
	for i := 0; i < len(files); i += 2 {
		m, err := w.CreateHeader(&zip.FileHeader{Name: files[i], Method: method})
		if err == nil {
			_, err = m.Write([]byte(files[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return z.Bytes()
}

// datas gives the packets' data as strings, and "note KEY" for notes.
func datas(records []Record) []string {
	var out []string
	for _, r := range records {
		if r.Note != nil {
			out = append(out, "note "+r.Note.Key)
		} else {
			out = append(out, string(r.Packet.Data))
		}
	}
	return out
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
