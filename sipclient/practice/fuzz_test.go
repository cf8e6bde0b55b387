package practice

import (
	"testing"
)

func FuzzDigestParams(f *testing.F) {
	f.Add(`username="1001", realm="a, b", nonce="\"x", qop=auth, nc=00000001`)
	f.Add(`=,"=,"\`)
	f.Fuzz(func(t *testing.T, s string) {
		for name := range digestParams(s) {
			if name == "" {
				t.Error("a parameter without a name")
			}
		}
	})
}

// FuzzReceive feeds the server what nobody should send: it must live on.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bK1\r\nTo: <sip:x>\r\n\r\n"))
	f.Add([]byte("REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h,,;;=\r\nContact: *, <sip:a@b>;expires=-1\r\n\r\n"))
	f.Add([]byte("INVITE sip:3000@x SIP/2.0\r\nv: SIP/2.0/UDP h;rport\r\nc: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n"))
	f.Add([]byte("BYE sip:x SIP/2.0\r\nVia: SIP/2.0/TCP [::1]:99999;rport=x\r\nTo: x;tag=1\r\nCSeq: x\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"))
	var pbxs []*PBX
	healthy, _ := FaultFor(Healthy)
	alg, _ := FaultFor("sip-alg")
	for _, fault := range []Fault{healthy, alg} {
		p, err := Start(fault)
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = p.Close() })
		pbxs = append(pbxs, p)
	}
	sink, err := listen(loopback, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = sink.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range pbxs {
			p.receive(peer{conn: p.conns[0], addr: localAddr(sink)}, data)
		}
	})
}
