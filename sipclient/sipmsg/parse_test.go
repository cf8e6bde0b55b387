package sipmsg

import (
	"strings"
	"testing"
)

const invite = "INVITE sip:echo@127.0.0.1:5080;transport=udp SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.7:5070;rport;branch=z9hG4bKabc123\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"Ann, Smith\" <sip:ann@example.net>;tag=f1\r\n" +
	"To: <sip:echo@example.net>\r\n" +
	"Call-ID: 4711@192.0.2.7\r\n" +
	"CSeq: 2 INVITE\r\n" +
	"Contact: <sip:ann@192.0.2.7:5070>\r\n" +
	"Authorization: Digest username=\"ann\", realm=\"example.net\", nonce=\"n,1\", uri=\"sip:echo@example.net\", response=\"secret\", algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\"\r\n" +
	"Allow: INVITE, ACK, CANCEL, BYE\r\n" +
	"Supported: timer, 100rel\r\n" +
	"User-Agent: test\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 272\r\n" +
	"\r\n" + offer

const offer = "v=0\r\n" +
	"o=- 1 1 IN IP4 192.0.2.7\r\n" +
	"s=-\r\n" +
	"c=IN IP4 192.0.2.7\r\n" +
	"t=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 8 9 96 101\r\n" +
	"a=rtpmap:0 PCMU/8000\r\n" +
	"a=rtpmap:8 PCMA/8000\r\n" +
	"a=rtpmap:9 G722/8000\r\n" +
	"a=rtpmap:96 opus/48000/2\r\n" +
	"a=rtpmap:101 telephone-event/8000\r\n" +
	"a=fmtp:101 0-16\r\n" +
	"a=ptime:20\r\n" +
	"a=sendrecv\r\n"

func TestParseInvite(t *testing.T) {
	text := strings.Replace(invite, "272", itoa(len(offer)), 1)
	m, err := Parse([]byte(text))
	if err != nil || len(m.Problems) > 0 {
		t.Fatalf("err %v, problems %v", err, m.Problems)
	}
	if m.Method != "INVITE" || m.URI != "sip:echo@127.0.0.1:5080;transport=udp" || m.Version != "SIP/2.0" || string(m.Body) != offer {
		t.Errorf("read %q %q %q and %d bytes of body", m.Method, m.URI, m.Version, len(m.Body))
	}
}
