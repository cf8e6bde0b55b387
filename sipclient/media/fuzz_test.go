package media

import (
	"net/netip"
	"testing"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// bareLine is a line without sockets.
func bareLine() *Line {
	return newLine(Config{Agent: "x", Local: netip.MustParseAddr("127.0.0.1"), Lookup: literal}, new(wire.Socket), new(wire.Socket))
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
	f.Add([]byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\r\nm=audio 4002 RTP/AVP 9 96\r\na=rtpmap:96 telephone-event/8000\r\na=rtcp-mux\r\na=rtcp:4009 IN IP4 127.0.0.2\r\n"))
	// As exchanges, browsers and phones on hold write them.
	f.Add([]byte("v=0\r\no=- 1700000000 1700000001 IN IP4 10.0.0.2\r\ns=PBX\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 14000 RTP/AVP 9 0 8 3 13 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\na=rtcp:14001\r\n"))
	f.Add([]byte("v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789\r\na=fingerprint:sha-256 00:11\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:126 telephone-event/8000\r\na=ssrc:1 cname:x\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\n"))
	f.Add([]byte("v=0\r\no=x 1 3 IN IP6 ::1\r\ns=-\r\nc=IN IP6 ::1\r\nb=AS:84\r\nt=0 0\r\nm=audio 0 RTP/AVPF 8\r\na=inactive\r\nm=audio 5004/2 RTP/SAVP 0 97\r\na=rtpmap:97 iLBC/8000\r\na=crypto:2 AEAD_AES_256_GCM inline:AAAA|2^20\r\na=sendonly\r\nm=image 4000 udptl t38\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, encryption := range []string{AsOffered, Plain, Optional, Encrypted} {
			m := bareLine()
			m.cfg.Encryption = encryption
			offer, err := m.Offer()
			if err != nil {
				t.Fatal(err)
			}
			_ = m.Accept(b)
			m = bareLine()
			m.cfg.Encryption = encryption
			body, _, err := m.Reply(b)
			if err != nil {
				continue
			}
			theirs, err1 := sipmsg.ParseSDP(b)
			s, err2 := sipmsg.ParseSDP(body)
			if err1 != nil || err2 != nil || len(s.Media) != len(theirs.Media) {
				t.Fatalf("%v %v %q", err1, err2, body)
			}
			if _, err := sipmsg.ParseSDP(offer); err != nil {
				t.Fatal(err)
			}
			again, err := m.Offer()
			if err != nil {
				t.Fatal(err)
			}
			if s, err := sipmsg.ParseSDP(again); err != nil || len(s.Media) != len(theirs.Media) {
				t.Fatalf("%v %q", err, again)
			}
		}
	})
}
