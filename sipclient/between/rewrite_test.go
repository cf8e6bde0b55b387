package between

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

func TestWithHost(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:alice@192.0.2.7:5070":                "sip:alice@127.0.0.1:9",
		"sip:alice@192.0.2.7;transport=tcp":       "sip:alice@127.0.0.1:9;transport=tcp",
		"sip:192.0.2.7":                           "sip:127.0.0.1:9",
		"sip:al;ice?x@[2001:db8::1]:5060;ob?h=1":  "sip:al;ice?x@127.0.0.1:9;ob?h=1",
		"sips:alice@host.example.net?Subject=a@b": "sips:alice@127.0.0.1:9?Subject=a@b",
		"tel": "tel",
		"sip:alice:secret@192.0.2.7:5070;rinstance=1": "sip:alice:secret@127.0.0.1:9;rinstance=1",
	} {
		require.Equal(t, want, withHost(uri, "127.0.0.1:9"), uri)
	}
}

func TestVia(t *testing.T) {
	const via = "SIP/2.0/UDP 192.168.1.23:5070;rport;branch=z9hG4bK1;x=\"a b\""
	require.Equal(t, `SIP/2.0/UDP 198.51.100.1:40000;rport;branch=z9hG4bK1;x="a b"`, sentBy(via, "198.51.100.1:40000"))
	require.Equal(t, "SIP/2.0/UDP h:1", sentBy("SIP/2.0/UDP 192.0.2.1", "h:1"))
	from := netip.MustParseAddrPort("127.0.0.1:5070")
	require.Equal(t, "SIP/2.0/UDP 192.168.1.23:5070;rport=5070;branch=z9hG4bK1;x=\"a b\";received=127.0.0.1", restored(via, from))
	require.Equal(t, "SIP/2.0/UDP a;branch=b", restored("SIP/2.0/UDP a;branch=b", from), "nobody asked for it")
}

const offer = "v=0\r\no=- 1 1 IN IP4 192.168.1.23\r\ns=-\r\nc=IN IP4 192.168.1.23\r\na=ice-ufrag:x\r\nt=0 0\r\n" +
	"m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtcp:4011 IN IP4 192.168.1.23\r\na=candidate:1 1 UDP 1 192.168.1.23 4000 typ host\r\n" +
	"m=video 0 RTP/AVP 31\r\n" +
	"m=audio 5000/2 RTP/SAVP 0\r\nc=IN IP4 192.168.1.24\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"

func TestSDP(t *testing.T) {
	var told []place
	got := string(rewriteSDP([]byte(offer), func(line int, p place) (place, bool) {
		told = append(told, p)
		port := uint16(30000 + 10*line)
		a := netip.MustParseAddr("203.0.113.9")
		return place{netip.AddrPortFrom(a, port), netip.AddrPortFrom(a, port+1)}, true
	}))
	require.Equal(t, []place{
		{netip.MustParseAddrPort("192.168.1.23:4000"), netip.MustParseAddrPort("192.168.1.23:4011")},
		{netip.MustParseAddrPort("192.168.1.24:5000"), netip.MustParseAddrPort("192.168.1.24:5001")},
	}, told)
	require.Equal(t, "v=0\r\no=- 1 1 IN IP4 192.168.1.23\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"+
		"m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtcp:30001\r\n"+
		"m=video 0 RTP/AVP 31\r\n"+
		"m=audio 30020/2 RTP/SAVP 0\r\nc=IN IP4 203.0.113.9\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n", got)
}

// What is held, switched off or no address stays as it is.
func TestSDPLeftAlone(t *testing.T) {
	never := func(int, place) (place, bool) { t.Error("asked"); return place{}, false }
	for _, body := range []string{
		"v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 8\r\n", "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 0 RTP/AVP 8\r\n",
		"v=0\r\nc=IN IP4 phone.example.net\r\nm=audio 4000 RTP/AVP 8\r\n", "m=audio x RTP/AVP 8\r\n", "m=\r\n", "", "no description",
	} {
		require.Equal(t, body, string(rewriteSDP([]byte(body), never)))
	}
}

func TestHeadersKeepTheirPlace(t *testing.T) {
	m, err := sipmsg.Parse([]byte("INVITE sip:bob@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2\r\nFrom: <sip:a@x>;tag=1\r\nv: SIP/2.0/UDP c;branch=3\r\nCSeq: 1 INVITE\r\n\r\n"))
	require.NoError(t, err)
	list := m.List("Via")
	require.Len(t, list, 3)
	setValues(m, "Via", append([]string{"SIP/2.0/UDP us;branch=0"}, list...))
	lines := strings.Split(string(m.Bytes()), "\r\n")
	require.Equal(t, []string{"Via: SIP/2.0/UDP us;branch=0", "Via: SIP/2.0/UDP a;branch=1", "Via: SIP/2.0/UDP b;branch=2", "Via: SIP/2.0/UDP c;branch=3", "From: <sip:a@x>;tag=1"}, lines[1:6])
}

func FuzzSDP(f *testing.F) {
	f.Add([]byte(offer))
	f.Add([]byte("m=audio 1 RTP/AVP 0\nc=IN IP6 ::1\na=rtcp:70000"))
	f.Fuzz(func(t *testing.T, body []byte) {
		at := place{netip.MustParseAddrPort("203.0.113.9:30000"), netip.MustParseAddrPort("203.0.113.9:30001")}
		got := rewriteSDP(body, func(int, place) (place, bool) { return at, true })
		again := rewriteSDP(got, func(_ int, p place) (place, bool) { return at, true })
		require.Equal(t, string(got), string(again), "twice is once")
	})
}

// FuzzMessages gives a proxy whatever there is, from both sides: what it makes of a
// message is one again, of the same kind.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("INVITE sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK1;rport\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:bob@x>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1:5070>\r\nContent-Type: application/sdp\r\nContent-Length: 51\r\n\r\nv=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n"), true)
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nCSeq: 1 INVITE\r\nCall-ID: 1\r\n\r\n"), false)
	p, err := Listen(f.Context(), Config{Tape: &capture.Tape{Cap: 1 << 20}, Server: "127.0.0.1:9"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.Close)
	softphone := flow{addr: netip.MustParseAddrPort("127.0.0.1:5070")}
	f.Fuzz(func(t *testing.T, data []byte, near bool) {
		m, err := sipmsg.Parse(data)
		if err != nil {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		defer func() {
			for id, s := range p.media {
				s.close()
				delete(p.media, id)
			}
		}()
		was := m.IsRequest()
		switch {
		case was && near:
			p.outgoing(softphone, m)
		case was:
			p.incoming(flow{}, m, p.server)
		case near:
			_, _, _ = p.answerOut(softphone, m)
		default:
			p.answerIn(m)
		}
		again, err := sipmsg.Parse(m.Bytes())
		require.NoError(t, err)
		require.Equal(t, was, again.IsRequest())
		require.Equal(t, strings.Fields(strings.ReplaceAll(m.CallID(), "\r", " ")), strings.Fields(again.CallID()))
	})
}
