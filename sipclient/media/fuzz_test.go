package media

import (
	"net"
	"net/netip"
	"testing"

	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// bareLine is a line without sockets.
func bareLine() *Line {
	m := &Line{cfg: Config{Agent: "x", Local: netip.MustParseAddr("127.0.0.1"), Lookup: literal}, halt: make(chan struct{})}
	m.reports.init()
	m.rtp = new(wire.Socket)
	m.sess = &diago.MediaSession{Codecs: codecs(nil)}
	m.sess.InitWithListeners(wire.PacketConn{Socket: m.rtp}, wire.PacketConn{Socket: m.rtp}, &net.UDPAddr{})
	m.sess.Laddr = net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000}
	return m
}

// literal resolves addresses only.
func literal(host string, port int) []netip.AddrPort {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(ip, uint16(port))}
	}
	return nil
}

// Whatever a description holds, the answer has a line for each of its lines, and
// nothing trips.
func FuzzDescription(f *testing.F) {
	f.Add([]byte("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n"))
	f.Add([]byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=video 4002 RTP/AVP 97\r\nm=audio 4000 RTP/AVP 0 0\r\na=rtpmap:0\r\na=rtpmap:0 PCMU/8000\r\na=inactive\r\nm=image 0 udptl t38\r\n"))
	f.Add([]byte("v=0\r\nm=audio 4000/2 RTP/AVP 8\r\nc=IN\r\nc=IN IP4 0.0.0.0\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := bareLine()
		d, err := m.describe(b)
		if err != nil {
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		if sess, err := m.apply(d); err == nil {
			body, err := m.local(sess, d)
			if err != nil {
				t.Fatal(err)
			}
			if s, err := sipmsg.ParseSDP(body); err != nil || len(s.Media) != len(d.refused)+1 {
				t.Fatalf("%v %q", err, body)
			}
		}
	})
}
