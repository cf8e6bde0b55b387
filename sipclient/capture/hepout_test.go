package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// What is sent to a collector is read back as it was.
func TestHEPRoundTrip(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	for _, c := range []Packet{
		{Time: at, Net: UDP, Src: netip.MustParseAddrPort("192.0.2.1:5060"), Dst: netip.MustParseAddrPort("198.51.100.2:5070"), Data: []byte("OPTIONS sip:a SIP/2.0\r\n\r\n")},
		{Time: at, Net: TLS, Src: netip.MustParseAddrPort("[2001:db8::1]:5061"), Dst: netip.MustParseAddrPort("[2001:db8::2]:40000"), Data: []byte("SIP/2.0 200 OK\r\n\r\n")},
	} {
		b := HEP(&c, 2001, "word")
		if !isHEP(b) {
			t.Fatalf("no HEP: %x", b)
		}
		frame := ethernet(t, udpPacket(t, netip.MustParseAddrPort("192.0.2.8:40000"), netip.MustParseAddrPort("192.0.2.9:9060"), string(b)))
		got := collect(t, bytes.NewReader(pcapFile(binary.LittleEndian, false, linkEthernet, frame)))
		if len(got) != 1 || got[0].Packet == nil {
			t.Fatalf("%v", got)
		}
		p := got[0].Packet
		if p.Src != c.Src || p.Dst != c.Dst || (p.Net == UDP) != (c.Net == UDP) || string(p.Data) != string(c.Data) || !p.Time.Equal(at) {
			t.Errorf("%+v became %+v", c, p)
		}
	}
	// What opens something is not.
	keys := Packet{Time: at, Net: UDP, Src: netip.MustParseAddrPort("192.0.2.1:5060"), Dst: netip.MustParseAddrPort("192.0.2.2:5060"),
		Data: []byte("INFO sip:a:s3cret-word@b SIP/2.0\r\nContent-Type: application/dtmf-relay\r\nAuthorization: Bearer s3cret-word\r\n\r\nSignal= 7\r\nDuration=160\r\n")}
	sent := HEP(&keys, 1, "")
	if !bytes.HasSuffix(sent, []byte("INFO sip:a:00000000000@b SIP/2.0\r\nContent-Type: application/dtmf-relay\r\nAuthorization: Bearer 00000000000\r\n\r\nSignal= 0\r\nDuration=160\r\n")) {
		t.Errorf("%s", sent)
	}
	if HEP(&Packet{Net: UDP, Data: []byte("x")}, 1, "") != nil {
		t.Error("a packet of nobody")
	}
}
