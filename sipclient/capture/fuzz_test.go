package capture

import (
	"bytes"
	"encoding/binary"
	"testing"

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
	f.Fuzz(func(t *testing.T, file []byte) {
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
			if p, q := r.Packet, again[i].Packet; r.N != again[i].N || p != nil && (p.Src != q.Src || p.Dst != q.Dst || p.Net != q.Net || len(p.Data) != len(q.Data)) {
				t.Fatalf("wrote %+v, read %+v", p, q)
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
