package capture

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/gopacket/gopacket/layers"
)

func TestContainers(t *testing.T) {
	frames := [][]byte{
		ethernet(t, udpPacket(t, alice, proxy, "one")),
		{1, 2, 3}, // counts, but yields nothing
		ethernet(t, udpPacket(t, proxy6, alice6, "three")),
	}
	for name, file := range map[string][]byte{
		"us le":  pcapFile(binary.LittleEndian, false, 1, frames...),
		"us be":  pcapFile(binary.BigEndian, false, 1, frames...),
		"ns le":  pcapFile(binary.LittleEndian, true, 1, frames...),
		"ns be":  pcapFile(binary.BigEndian, true, 1, frames...),
		"fcs":    pcapFile(binary.LittleEndian, true, 1|0x24000000, frames...),
		"ng":     pcapngFile(t, layers.LinkTypeEthernet, frames...),
		"gz":     gzipped(t, pcapFile(binary.LittleEndian, true, 1, frames...)),
		"gz ng":  gzipped(t, pcapngFile(t, layers.LinkTypeEthernet, frames...)),
		"two gz": gzipped(t, gzipped(t, pcapngFile(t, layers.LinkTypeEthernet, frames...))),
		"zst":    zstandard(t, pcapFile(binary.LittleEndian, true, 1, frames...)),
		"zst ng": zstandard(t, pcapngFile(t, layers.LinkTypeEthernet, frames...)),
		"zip": zipped(t, zip.Deflate, "report.json", "{}", "folder/", "", "__MACOSX/._a.pcap", "no capture", "report.txt", strings.Repeat("text ", 40_000),
			"capture.pcapng", string(pcapngFile(t, layers.LinkTypeEthernet, frames...)), "later.txt", "x"),
		"zip of gz": zipped(t, zip.Deflate, "a.txt", "", "FAULT.PCAP.GZ", string(gzipped(t, pcapFile(binary.LittleEndian, true, 1, frames...)))),
	} {
		t.Run(name, func(t *testing.T) {
			// One byte at a time: how the bytes arrive must not matter.
			got := collect(t, iotest.OneByteReader(bytes.NewReader(file)))
			if len(got) != 2 || got[0].N != 1 || got[1].N != 3 {
				t.Fatalf("%+v", got)
			}
			a, b := got[0].Packet, got[1].Packet
			if a.Net != UDP || a.Src != alice || a.Dst != proxy || string(a.Data) != "one" {
				t.Errorf("%+v", a)
			}
			if b.Src != proxy6 || b.Dst != alice6 || string(b.Data) != "three" {
				t.Errorf("%+v", b)
			}
			want := start
			if strings.HasPrefix(name, "us") {
				want = start.Truncate(time.Microsecond)
			}
			if !a.Time.Equal(want) || !b.Time.Equal(want.Add(2*time.Millisecond)) {
				t.Errorf("times %v and %v, want %v and 2 ms later", a.Time, b.Time, want)
			}
		})
	}
}

func TestLinkTypes(t *testing.T) {
	ip := udpPacket(t, alice, proxy, "x")
	ip6 := udpPacket(t, alice6, proxy6, "x")
	for _, c := range []struct {
		name  string
		link  uint32
		frame []byte
	}{
		{"raw 101", 101, ip}, {"raw 12", 12, ip6}, {"ipv4", 228, ip}, {"ipv6", 229, ip6},
		{"null", 0, join("\x02\x00\x00\x00", ip)}, {"null big-endian", 0, join("\x00\x00\x00\x02", ip)},
		{"null ipv6 of macOS", 0, join("\x1e\x00\x00\x00", ip6)}, {"loop", 108, join("\x00\x00\x00\x18", ip6)},
		{"sll", 113, join("\x00\x00\x00\x01\x00\x06", mac[:6], "\x00\x00\x08\x00", ip)},
		{"sll2", 276, join("\x86\xdd\x00\x00\x00\x00\x00\x01\x00\x01\x00\x06", mac[:6], "\x00\x00", ip6)},
		{"vlan", 1, join(mac, "\x81\x00\x00\x05\x08\x00", ip)},
		{"qinq", 1, join(mac, "\x88\xa8\x00\x05\x81\x00\x00\x06\x86\xdd", ip6)},
		{"pppoe", 1, join(mac, "\x88\x64\x11\x00\x00\x01", []byte{0, byte(len(ip) + 2)}, "\x00\x21", ip)},
		{"mpls", 1, join(mac, "\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40", ip)},
		{"ppp", 9, join("\xff\x03\x00\x57", ip6)}, {"ppp compressed", 9, join("\x21", ip)},
		{"802.11", 105, join("\x08\x01\x00\x00", mac, mac[:6], "\x00\x00", "\xaa\xaa\x03\x00\x00\x00\x08\x00", ip)},
		{"802.11 qos, relayed", 105, join("\x88\x03\x00\x00", mac, mac, "\x00\x00", "\x00\x00", "\xaa\xaa\x03\x00\x00\x00\x08\x00", ip)},
		{"erf", 197, join("\x00\x00\x00\x00\x00\x00\x00\x00\x82\x04\x00\x00\x00\x00\x00\x00", "\x00\x00\x00\x00\x00\x00\x00\x00", "\x00\x00", mac, "\x08\x00", ip)},
		{"vxlan", 101, udpPacket(t, alice, proxy, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "vxlan" {
				outer := alice
				to := proxy
				c.frame = udpPacket(t, outer, withPort(to, vxlanPort), "\x08\x00\x00\x00\x00\x00\x07\x00"+mac+"\x08\x00"+string(ip))
			}
			got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, c.link, c.frame)))
			if len(got) != 1 || got[0].Packet == nil || string(got[0].Packet.Data) != "x" || got[0].Packet.Src.Port() != 5060 {
				t.Errorf("%+v", got)
			}
		})
	}
	// Encrypted 802.11, and a datagram to VXLAN's port that is something else.
	got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 105,
		join("\x08\x41\x00\x00", mac, mac[:6], "\x00\x00", "\xaa\xaa\x03\x00\x00\x00\x08\x00", ip))))
	if len(got) != 0 {
		t.Errorf("read through encryption: %+v", got)
	}
	rtp := "\x80\x08\x00\x01" + strings.Repeat("\xd5", 100)
	got = collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, withPort(proxy, vxlanPort), rtp))))
	same(t, "RTP on VXLAN's port", datas(got), rtp)
}

func TestICMP(t *testing.T) {
	message := "\x03\x03\x00\x00\x00\x00\x00\x00" + "the datagram"
	v4 := serialise(t, network(alice, proxy, layers.IPProtocolICMPv4), payload(message))
	v6 := serialise(t, network(alice6, proxy6, layers.IPProtocolICMPv6), payload(message))
	got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, v4, v6)))
	same(t, "messages", datas(got), message, message)
	for i, r := range got {
		if r.Packet.Net != ICMP || r.Packet.Src.Port() != 0 || r.Packet.Dst.Port() != 0 || r.N != i+1 {
			t.Errorf("%+v", r)
		}
	}
}

// A file cut anywhere gives the records before the cut and says that it is cut;
// it is an error only where not even the header is whole.
func TestCutAnywhere(t *testing.T) {
	frames := [][]byte{udpPacket(t, alice, proxy, "one"), udpPacket(t, alice, proxy, "two"), udpPacket(t, alice, proxy, "three")}
	plain := pcapFile(binary.LittleEndian, true, 101, frames...)
	var ours bytes.Buffer
	if _, err := Write(&ours, values([]Record{
		{N: 1, Packet: &Packet{Time: start, Net: UDP, Src: alice, Dst: proxy, Data: []byte("one")}},
		{N: 2, Note: &Note{Time: start, Kind: KindAnswer, Key: "heard", Text: "no"}},
		{N: 3, Packet: &Packet{Time: start, Net: UDP, Src: alice, Dst: proxy, Data: []byte("three")}},
	})); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"pcap": plain, "pcapng": pcapngFile(t, layers.LinkTypeRaw, frames...), "ours": ours.Bytes(), "gz": gzipped(t, plain), "zst": zstandard(t, plain),
		"zip": zipped(t, zip.Deflate, "capture.pcap", string(plain))} {
		whole := datas(collect(t, bytes.NewReader(file)))
		cuts := 0
		for n := range len(file) {
			var records []Record
			var failed error
			for r, err := range Read(bytes.NewReader(file[:n])) {
				if failed = err; err == nil {
					records = append(records, r)
				}
			}
			if failed != nil {
				if !errors.Is(failed, ErrNotCapture) || len(records) > 0 {
					t.Fatalf("%s cut at %d: %v after %d records", name, n, failed, len(records))
				}
				continue
			}
			got := datas(records)
			if len(got) > 0 && got[len(got)-1] == "note cut" {
				cuts++
				if text := records[len(records)-1].Note.Text; !strings.HasPrefix(text, "The file ends in the middle of frame") {
					t.Fatal(text)
				}
				got = got[:len(got)-1]
			}
			if len(got) > len(whole) || strings.Join(got, "|") != strings.Join(whole[:len(got)], "|") {
				t.Fatalf("%s cut at %d: %q", name, n, got)
			}
		}
		if cuts < len(file)/2-150 && name != "zst" && name != "zip" { // their last bytes hold no frame, or all are in one block
			t.Errorf("%s: only %d of %d cuts were noticed", name, cuts, len(file))
		}
	}
}

func TestNotCapture(t *testing.T) {
	for _, c := range []struct{ file, says string }{
		{"", "empty"}, {"x", "1 bytes"}, {"PK\x03\x04 and more", "zip"}, {string(zipped(t, zip.Deflate, "a.txt", "b")), "zip file with a capture"},
		{"\x28\xb5\x2f\xfd no zstd", "unpacked"}, {string(zstandard(t, []byte("no capture"))), "Wireshark"}, {"\x28\xb5\x2f\xfd\x04", "unpacked"}, {"BZh91AY", "compressed in a way"}, {"<!DOCTYPE html><html>", "Wireshark"},
		{"\xd4\xc3\xb2\xa1\x02\x00", "inside its header"}, {"\x0a\x0d\x0d\x0a\x1c\x00\x00\x00nonsense", "damaged"},
		{"\x1f\x8b\x08 no gzip", "unpacked"}, {"REGISTER sip:example.com SIP/2.0\r\n\r\n", "Wireshark"},
	} {
		n := 0
		for r, err := range Read(strings.NewReader(c.file)) {
			n++
			if !errors.Is(err, ErrNotCapture) || !strings.Contains(err.Error(), c.says) || r.Packet != nil {
				t.Errorf("%q: %v", c.file, err)
			}
		}
		if n != 1 {
			t.Errorf("%q: %d pairs", c.file, n)
		}
	}
}

// What the reader reports as broken is an error, not a cut.
func TestReaderFails(t *testing.T) {
	file := pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, proxy, "one"))
	gone := errors.New("the disk is gone")
	var last error
	n := 0
	for _, err := range Read(io.MultiReader(bytes.NewReader(file), iotest.ErrReader(gone))) {
		last = err
		n++
	}
	if !errors.Is(last, gone) || n != 2 {
		t.Errorf("%d pairs, %v", n, last)
	}
}

// A length of 4 GB does not make anything of that size.
func TestHugeLengths(t *testing.T) {
	file := pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, proxy, "one"))
	record := append(file, bytes.Repeat([]byte{0xff}, 64)...)
	ng := pcapngFile(t, layers.LinkTypeRaw, udpPacket(t, alice, proxy, "one"))
	block := func(kind uint32) []byte {
		b := binary.LittleEndian.AppendUint32(bytes.Clone(ng), kind)
		return append(b, bytes.Repeat([]byte{0xff}, 64)...)
	}
	for name, file := range map[string][]byte{"record": record, "packet block": block(6), "custom block": block(0xbad), "unknown block": block(77), "section": block(blockSection)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := datas(collect(t, bytes.NewReader(file)))
		runtime.ReadMemStats(&after)
		same(t, name, got, "one", "note cut")
		if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
			t.Errorf("%s: %d bytes allocated", name, used)
		}
	}
}

// Time stamps in every resolution, at the moment of start.
func TestResolutions(t *testing.T) {
	for _, c := range []struct {
		in    iface
		stamp uint64
		want  time.Time
	}{
		{iface{res: 6}, 1_500_000, time.Unix(1, 5e8)}, {iface{res: 9}, 1_000_000_001, time.Unix(1, 1)},
		{iface{res: 0}, 42, time.Unix(42, 0)}, {iface{res: 3, seconds: 100}, 1, time.Unix(100, 1e6)},
		{iface{res: 0x80 | 20}, 3 << 19, time.Unix(1, 5e8)}, {iface{res: 0x80 | 63}, 1 << 62, time.Unix(0, 5e8)},
		{iface{res: 12}, 2_000_000_001_000, time.Unix(2, 1)}, {iface{res: 19}, 5e18, time.Unix(0, 5e8)},
		{iface{res: 77}, 5, time.Unix(0, 0)}, {iface{res: 0xff}, 5, time.Unix(0, 0)}, {iface{res: 6, seconds: -10}, 0, time.Unix(-10, 0)},
	} {
		if got := c.in.time(c.stamp); !got.Equal(c.want) {
			t.Errorf("%+v of %d: %v, want %v", c.in, c.stamp, got, c.want.UTC())
		}
	}
}

func TestShortPacketsAreTold(t *testing.T) {
	packet := udpPacket(t, alice, proxy, "a long datagram")
	got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, true, 101, packet, packet[:len(packet)-5], packet[:len(packet)-5])))
	same(t, "short", datas(got), "a long datagram", "note short", "a long dat", "a long dat")
}

// Stopping early is no error and needs no more of the file.
func TestStopEarly(t *testing.T) {
	file := pcapFile(binary.LittleEndian, true, 101, udpPacket(t, alice, proxy, "one"), udpPacket(t, alice, proxy, "two"))
	for r := range Read(bytes.NewReader(file)) {
		if string(r.Packet.Data) != "one" {
			t.Error(r)
		}
		break
	}
}
