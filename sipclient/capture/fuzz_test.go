package capture

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gopacket/gopacket/layers"
)

// FuzzRead: nothing panics, N is never negative, and what was read is written
// and read again with the same data.
func FuzzRead(f *testing.F) {
	frames := [][]byte{udpPacket(f, alice, proxy, "one"), tcpPacket(f, alice6, proxy6, 5, false, "two"), tcpPacket(f, alice6, proxy6, 1, true, "zero")}
	f.Add(pcapFile(binary.LittleEndian, false, 101, frames...))
	f.Add(pcapFile(binary.BigEndian, true, 1, ethernet(f, frames[0])))
	f.Add(pcapFile(binary.LittleEndian, true, 0, append([]byte{2, 0, 0, 0}, frames[0]...)))
	f.Add(pcapFile(binary.LittleEndian, true, 127, append([]byte("\x00\x00\x08\x00\x00\x00\x00\x00\x08\x01"), frames[0]...)))
	f.Add(pcapngFile(f, layers.LinkTypeRaw, frames...))
	f.Add(gzipped(f, pcapFile(binary.LittleEndian, true, 101, frames...)))
	var ours bytes.Buffer
	if _, err := Write(&ours, values(sample()[:5])); err != nil {
		f.Fatal(err)
	}
	f.Add(ours.Bytes())
	f.Add(zstandard(f, pcapFile(binary.LittleEndian, true, 101, frames...)))
	f.Add(zipped(f, zip.Deflate, "a.txt", "b", "c.pcap", string(pcapFile(binary.LittleEndian, true, 101, frames...))))
	f.Fuzz(func(t *testing.T, file []byte) { readAndWrite(t, file) })
}

// readAndWrite reads whatever it is given, and holds that what was read can be written
// and read again.
func readAndWrite(t *testing.T, file []byte) {
	var records []Record
	size := 0
	for r, err := range Read(bytes.NewReader(file)) {
		if err != nil {
			continue
		}
		if r.N < 0 || (r.Packet == nil) == (r.Note == nil) {
			t.Fatalf("%+v", r)
		}
		if r.Packet != nil {
			size += len(r.Packet.Data)
		}
		if records = append(records, r); len(records) > 1000 || size > 1<<20 {
			break
		}
	}
	var b bytes.Buffer
	if _, err := Write(&b, values(records)); err != nil {
		t.Fatal(err)
	}
	again := collect(t, bytes.NewReader(b.Bytes()))
	if len(again) != len(records) {
		t.Fatalf("%d records written, %d read", len(records), len(again))
	}
	for i, r := range records {
		if p, q := r.Packet, again[i].Packet; r.N != again[i].N || p != nil && (p.Src != q.Src || p.Dst != q.Dst || p.Net != q.Net || p.Gap != q.Gap || len(p.Data) != len(q.Data)) {
			t.Fatalf("wrote %+v, read %+v", p, q)
		}
	}
}

// FuzzPcap: a classic header of any kind, and anything behind it.
func FuzzPcap(f *testing.F) {
	frames := [][]byte{ethernet(f, udpPacket(f, alice, proxy, "one")), ethernet(f, tcpPacket(f, alice6, proxy6, 5, false, "two"))}
	for _, nano := range []bool{false, true} {
		f.Add(true, nano, uint16(1), pcapFile(binary.BigEndian, nano, 1, frames...)[24:])
		f.Add(false, nano, uint16(1), pcapFile(binary.LittleEndian, nano, 1, frames...)[24:])
	}
	for _, c := range tunnels(f) {
		f.Add(false, true, uint16(c.link), pcapFile(binary.LittleEndian, true, c.link, c.frame)[24:])
	}
	for _, link := range []uint16{linkNull, linkPPP, linkDot11, linkLoop, linkSLL, linkRadiotap, linkERF, linkSLL2} {
		f.Add(false, true, link, pcapFile(binary.LittleEndian, true, 1, join("\x00\x00\x08\x00\x00\x00\x00\x00\x08\x01", frames[0]))[24:])
	}
	f.Fuzz(func(t *testing.T, big, nano bool, link uint16, rest []byte) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		readAndWrite(t, append(pcapFile(order, nano, uint32(link)), rest...))
	})
}

// FuzzPcapng: blocks of any kind behind a section header of either byte order.
func FuzzPcapng(f *testing.F) {
	little := pcapngFile(f, layers.LinkTypeRaw, udpPacket(f, alice, proxy, "one"), tcpPacket(f, alice, proxy, 1, true, ""))
	section := binary.LittleEndian.Uint32(little[4:])
	f.Add(false, little[section:])
	talk, keys := madeTalk(f, true)
	f.Add(false, withSecrets(f, keys, connection(f, 700, talk)...)[section:])
	var ours bytes.Buffer
	if _, err := Write(&ours, values(sample()[:5])); err != nil {
		f.Fatal(err)
	}
	f.Add(false, ours.Bytes())
	f.Add(true, []byte("\x00\x00\x00\x01\x00\x00\x00\x14\x00\x65\x00\x00\x00\x00\x00\x00\x00\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00\x14\x00\x00\x00\x04\x45\x00\x00\x00\x00\x00\x00\x14"))
	f.Fuzz(func(t *testing.T, big bool, blocks []byte) {
		head := []byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00")
		if big {
			head = []byte("\x0a\x0d\x0d\x0a\x00\x00\x00\x1c\x1a\x2b\x3c\x4d\x00\x01\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x1c")
		}
		readAndWrite(t, append(head, blocks...))
	})
}

// FuzzReassembly: fragments in any order and overlap. What comes out is never longer
// than a packet can be, memory is bounded, and nothing is given twice at once.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x08abcdefgh\x00\x01\x00\x03ijk"))
	f.Add([]byte("\x00\x01\x00\x03ijk\x00\x00\x01\x08abcdefgh\x01\x00\x00\x02xy"))
	f.Add([]byte("\x00\x00\x01\x08abcdefgh\x00\x00\x01\x10abcdefghijklmnop\x00\x02\x80\x01q"))
	f.Fuzz(func(t *testing.T, script []byte) {
		var s fragments
		at := start
		for n := 1; len(script) >= 4; n++ {
			id, place, flags, size := uint32(script[0]&7), int(script[1])*8, script[2], int(script[3])
			if script[0]&0x80 != 0 {
				at = at.Add(time.Duration(script[0]) * time.Second)
			}
			data := script[4:min(len(script), 4+size)]
			script = script[4+len(data):]
			if flags&0x80 != 0 { // far behind
				place += 0xff00
			}
			whole := s.add(fragmentKey{alice.Addr(), proxy.Addr(), 17, id}, piece{at: place, more: flags&1 != 0, data: data}, n, at)
			if len(whole) > 0xffff {
				t.Fatalf("%d bytes", len(whole))
			}
			if len(s.open) > fragmentOpen || len(s.age) > 2*fragmentOpen {
				t.Fatalf("%d datagrams wait", len(s.open))
			}
			for _, g := range s.open {
				if g.size > fragmentBytes || len(g.pieces) > fragmentCount {
					t.Fatalf("%d bytes in %d pieces wait", g.size, len(g.pieces))
				}
			}
		}
		s.incomplete()
	})
}

// FuzzStreams: segments in any order, with SYN and RST. Bytes come out once, in order,
// and what is held is counted rightly.
func FuzzStreams(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x03ab\x00\x00\x03\x03cde\x00\x00\x06\x02fg"))
	f.Add([]byte("\x00\x01\x00\x03abc\x00\x01\x06\x03ghi\x01\x02\x00\x02xy\x00\x01\x03\x03def"))
	f.Add([]byte("\x84\xff\xf0\x10\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00GET / HTTP/1.1"))
	f.Fuzz(func(t *testing.T, script []byte) {
		d := newDecoder()
		at := start
		out := map[netip.AddrPort]int{}
		in := map[netip.AddrPort]int{}
		for n := 1; len(script) >= 4; n++ {
			flags, seq, size := script[0], uint32(script[1])<<8|uint32(script[2]), int(script[3])
			data := script[4:min(len(script), 4+size)]
			script = script[4+len(data):]
			src, dst := alice, proxy
			if flags&1 != 0 {
				src, dst = proxy, alice
			}
			if flags&0x80 != 0 {
				seq -= 0x8000 // around zero
			}
			if flags&0x40 != 0 {
				at = at.Add(time.Second)
			}
			in[src] += len(data)
			d.n, d.time = n, at
			d.streams.segment(src, dst, &layers.TCP{Seq: seq, SYN: flags&2 != 0, RST: flags&4 != 0, BaseLayer: layers.BaseLayer{Payload: data}}, int(flags>>3&3), n, at)
			if d.streams.bytes > heldTotal+0xffff || d.held > maxHeld || d.streams.bytes < 0 || d.held < 0 {
				t.Fatalf("%d and %d bytes wait", d.streams.bytes, d.held)
			}
		}
		d.streams.flush()
		for _, r := range d.out {
			if r.Packet != nil {
				out[r.Packet.Src] += len(r.Packet.Data)
			}
		}
		for src, n := range out {
			if n > in[src] {
				t.Fatalf("%d bytes from %v, of %d", n, src, in[src])
			}
		}
		if d.streams.bytes != 0 || d.held != 0 {
			t.Fatalf("%d and %d bytes still wait", d.streams.bytes, d.held)
		}
	})
}

// conversationOf feeds two directions in pieces: a byte with direction and gap, two
// with the length, and the piece.
func conversationOf(t *testing.T, c *conversation, script []byte) (in, out int) {
	d := c.d
	for n := 1; len(script) >= 3; n++ {
		flags, size := script[0], int(script[1])<<8|int(script[2])
		data := script[3:min(len(script), 3+size)]
		script = script[3+len(data):]
		in += len(data)
		if flags&4 != 0 {
			c.begin(int(flags & 1))
		}
		c.take(int(flags&1), chunk{data: data, n: n, time: start, gap: flags&2 != 0})
		if d.held < 0 || d.held > maxHeld {
			t.Fatalf("%d bytes wait", d.held)
		}
	}
	c.close()
	if d.held != 0 {
		t.Fatalf("%d bytes still wait", d.held)
	}
	for _, r := range d.out {
		if r.Packet != nil {
			out += len(r.Packet.Data)
		}
	}
	return in, out
}

// packTalk is the input that conversationOf takes for a talk.
func packTalk(size int, talk ...said) (b []byte) {
	for _, s := range talk {
		flags := byte(0)
		if s.back {
			flags = 1
		}
		for at := 0; at < len(s.data); at += size {
			part := s.data[at:min(at+size, len(s.data))]
			b = append(append(b, flags, byte(len(part)>>8), byte(len(part))), part...)
		}
	}
	return b
}

// FuzzWebSocket: an open WebSocket with any frames.
func FuzzWebSocket(f *testing.F) {
	ask, tell := wsFrames(f, true, text(askMessage)), wsFrames(f, false, text(answer), ws.NewPingFrame([]byte("x")), ws.NewFrame(ws.OpText, false, []byte("a")), ws.NewFrame(ws.OpContinuation, true, []byte("b")))
	f.Add(true, packTalk(50, said{false, ask}, said{true, tell}))
	f.Add(false, packTalk(50, said{false, []byte(wsAsk)}, said{true, []byte(wsAnswer)}, said{false, ask}, said{true, tell}))
	f.Add(false, append(packTalk(5000, said{false, ask}), packTalk(7, said{true, tell})...))
	f.Fuzz(func(t *testing.T, opened bool, script []byte) {
		c := newDecoder().streams.converse(way{alice, proxy})
		if opened {
			c.take(0, chunk{data: []byte(wsAsk)})
			c.take(1, chunk{data: []byte(wsAnswer)})
		}
		in, out := conversationOf(t, c, script)
		if opened {
			in += len(wsAsk) + len(wsAnswer)
		}
		if out > in {
			t.Fatalf("%d bytes out of %d", out, in)
		}
	})
}

// FuzzTLS: any records, with the keys of the seeds.
func FuzzTLS(f *testing.F) {
	var log []byte
	for _, modern := range []bool{false, true} { // the same each time: each worker makes them anew
		talk, keys := madeTalk(f, modern)
		log = append(log, keys...)
		f.Add(packTalk(500, talk...))
	}
	f.Add(packTalk(3, said{false, []byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")}))
	f.Fuzz(func(t *testing.T, script []byte) {
		d := newDecoder()
		d.secrets.add(log)
		if in, out := conversationOf(t, d.streams.converse(way{alice, proxy}), script); out > in {
			t.Fatalf("%d bytes out of %d", out, in)
		}
	})
}

// FuzzKeyLog: any lines; what is kept is bounded by what came.
func FuzzKeyLog(f *testing.F) {
	_, keys := madeTalk(f, true)
	f.Add([]byte(keys))
	f.Add([]byte("# a comment\nCLIENT_RANDOM " + strings.Repeat("0a", 32) + " " + strings.Repeat("0B", 48) + "\r\nCLIENT_RANDOM x y\nRSA 12 34"))
	f.Fuzz(func(t *testing.T, log []byte) {
		var s secrets
		s.add(log)
		if len(s.of) > len(log)/64 {
			t.Fatalf("%d connections in %d bytes", len(s.of), len(log))
		}
		for random, of := range s.of {
			for _, secret := range append([][]byte{of.master}, append(of.handshake[:], of.application[:]...)...) {
				if len(secret) > 64 {
					t.Fatalf("%x has a secret of %d bytes", random, len(secret))
				}
			}
		}
	})
}

// FuzzHEP: packets in datagrams and in a stream give at most what is in them.
func FuzzHEP(f *testing.F) {
	f.Add(hepPacketOf(f, 17, 1, askMessage), uint16(100))
	f.Add(append(hepPacketOf(f, 6, 1, answer), hepPacketBetween(alice6, proxy6, 17, 5, "\x80\xc8")...), uint16(7))
	f.Add([]byte("HEP3\x00\x0c\x00\x00\x00\x0b\x00\x07\x01"), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		d := newDecoder()
		d.datagram(alice, proxy, b, 0)
		c := d.streams.converse(way{alice, proxy})
		c.take(0, chunk{data: []byte("HEP3\x00\x06")})
		conversationOf(t, c, packTalk(1+int(size), said{false, b}))
		for _, r := range d.out {
			if len(r.Packet.Data) > max(len(b), maxMessage) {
				t.Fatalf("%d bytes", len(r.Packet.Data))
			}
		}
	})
}

// FuzzMask: masking changes no length, leaves line ends alone, and does not
// depend on how a stream is cut.
func FuzzMask(f *testing.F) {
	f.Add([]byte("Authorization: Digest a=\"b\",\r\n response=\"0123\"\r\nProxy-Authorization: Basic eA==\r\n"), 30)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		whole := new(masker).mask(nil, b)
		cut = max(0, min(cut, len(b)))
		var m masker
		parts := m.mask(m.mask(nil, b[:cut]), b[cut:])
		if !bytes.Equal(whole, parts) || len(whole) != len(b) || bytes.Count(whole, []byte("\n")) != bytes.Count(b, []byte("\n")) {
			t.Fatalf("%q, in parts %q", whole, parts)
		}
	})
}
