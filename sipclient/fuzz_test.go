package sipclient

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// usualMessages are what servers and phones send in and around a call; the fuzz
// targets cut and splice them.
var usualMessages = []string{
	"INVITE sip:alice@127.0.0.1:5060;transport=udp SIP/2.0\r\nRecord-Route: <sip:127.0.0.9;lr;ftag=as1>\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1.0;received=127.0.0.9\r\nVia: SIP/2.0/UDP 10.0.0.2:5062;rport=5062;branch=z9hG4bK2\r\nMax-Forwards: 69\r\nFrom: \"Bob, \\\"B\\\"\" <sip:bob@example.net>;tag=as1\r\nTo: <sip:alice@example.net>\r\nContact: <sip:bob@10.0.0.2:5062>\r\nCall-ID: one@10.0.0.2\r\nCSeq: 102 INVITE\r\nSupported: replaces, timer, 100rel\r\nSession-Expires: 1800;refresher=uac\r\nContent-Type: application/sdp\r\nContent-Length: 121\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=call\r\nc=IN IP4 10.0.0.2\r\nt=0 0\r\nm=audio 14000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n",
	"SIP/2.0 401 Unauthorized\r\nv: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKq;rport=5061\r\nf: <sip:alice@example.net>;tag=1\r\nt: <sip:alice@example.net>;tag=2\r\ni: reg-1\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest realm=\"a\\\"b\", nonce=\"n\", opaque=\"\", qop=\"auth,auth-int\", algorithm=SHA-256, stale=TRUE\r\nWWW-Authenticate: Digest realm=\"a\", nonce=\"m\"\r\nl: 0\r\n\r\n",
	"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1:5061;branch=z9hG4bKq\r\nFrom: <sip:alice@example.net>;tag=1\r\nTo: <sip:alice@example.net>;tag=2\r\nCall-ID: reg-1\r\nCSeq: 2 REGISTER\r\nContact: <sip:alice@10.0.0.1>;expires=60;q=0.5, \"x\" <sip:other@10.0.0.3>\r\nService-Route: <sip:127.0.0.1;lr>\r\nContent-Length: 0\r\n\r\n",
	"SIP/2.0 183 Session Progress\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bKi\r\nFrom: <sip:alice@example.net>;tag=1\r\nTo: <sip:200@example.net>;tag=3\r\nCall-ID: out-1\r\nCSeq: 4 INVITE\r\nRequire: 100rel\r\nRSeq: 7\r\nContact: <sip:200@127.0.0.1:5080;transport=tcp>\r\nRecord-Route: <sip:127.0.0.1;lr>,<sip:10.0.0.9;lr>\r\nContent-Length: 0\r\n\r\n",
	"ACK sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1.1\r\nFrom: <sip:bob@example.net>;tag=as1\r\nTo: <sip:alice@example.net>;tag=me\r\nCall-ID: one@10.0.0.2\r\nCSeq: 102 ACK\r\nContent-Length: 0\r\n\r\n",
	"BYE sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS [::1]:5061;branch=z9hG4bK5\r\nFrom: <sip:bob@example.net>;tag=as1\r\nTo: <sip:alice@example.net>;tag=me\r\nCall-ID: one@10.0.0.2\r\nCSeq: 103 BYE\r\nReason: Q.850;cause=16;text=\"done\"\r\nContent-Length: 0\r\n\r\n",
	"NOTIFY sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK6\r\nFrom: <sip:alice@example.net>;tag=n\r\nTo: <sip:alice@example.net>\r\nContact: <sip:127.0.0.1>\r\nCall-ID: mwi\r\nCSeq: 1 NOTIFY\r\nEvent: message-summary\r\nContent-Type: application/simple-message-summary\r\nContent-Length: 23\r\n\r\nMessages-Waiting: no\r\n\r\n",
	"OPTIONS sip:alice@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP\n 127.0.0.1 ;branch = z9hG4bK7\nFrom: sip:ping@x;tag=p\nTo: sip:alice@127.0.0.1\nCall-ID: ping\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n",
}

// spliced is one of the usual messages, from which some bytes are taken at a place and
// into which others are put.
func spliced(which uint8, at uint16, cut uint8, put []byte) []byte {
	text := []byte(usualMessages[int(which)%len(usualMessages)])
	from := int(at) % (len(text) + 1)
	to := min(from+int(cut), len(text))
	return slices.Concat(text[:from], put, text[to:])
}

// unplugged is a phone without sockets.
func unplugged() *Phone {
	p := &Phone{cfg: Config{Account: Account{User: "alice", Domain: "example.net", Password: "secret-word"}, Resolver: noNames{}}, peers: map[string]bool{"127.0.0.1": true}, calls: map[string]*Call{}, past: map[string]time.Time{}, sources: map[string]bool{}, noted: map[string]time.Time{},
		asked: valve{burst: 1000}, told: valve{burst: 1000}, net: capture.UDP, home: mustAddr("127.0.0.1:1"), ctx: context.Background(), tape: &capture.Tape{}, door: newDoorman()}
	p.auth = newAuthenticator(p.cfg.Account, nil)
	return p
}

// Whatever becomes of a usual message, from the server or from a stranger: the guard
// leaves no lock behind, and what it lets through, the stack can read.
func FuzzFit(f *testing.F) {
	for i := range usualMessages {
		f.Add(uint8(i), uint16(0), uint8(0), []byte{}, false)
		f.Add(uint8(i), uint16(60*i), uint8(9), []byte("\r\nVia: <,\";lr=\r\n"), i%2 == 0)
	}
	f.Add(uint8(6), uint16(0), uint8(0), []byte{}, true)
	f.Add(uint8(0), uint16(600), uint8(0), []byte("\r\nAuthorization: Digest nonce=1.2, realm=\"example.net\", nc=ff, qop=auth"), true)
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)})
	if err != nil {
		f.Fatal(err)
	}
	socket, err := wire.Tap{Tape: &capture.Tape{Cap: 1 << 20}, Go: func(func()) {}, Unreachable: func(netip.AddrPort, string) {}}.Listen(mustAddr("127.0.0.1:0"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { socket.Close(); sink.Close() })
	f.Fuzz(func(t *testing.T, which uint8, at uint16, cut uint8, put []byte, stranger bool) {
		p := unplugged()
		p.conn = p.newSIPConn(socket)
		from := mustAddr("127.0.0.1:5060")
		if stranger {
			from = wire.AddrPort(sink.LocalAddr())
		}
		data := spliced(which, at, cut, put)
		let, tripped := false, ""
		func() {
			defer func() {
				if recover() != nil {
					tripped = where(debug.Stack())
				}
			}()
			let = p.fit(p.conn, data, capture.UDP, from)
		}()
		if strings.HasPrefix(tripped, "softphonedoctor/") {
			t.Fatal("our own code trips:", tripped)
		}
		if !p.mu.TryLock() || !p.door.mu.TryLock() {
			t.Fatal("a lock is left behind")
		}
		p.mu.Unlock()
		p.door.mu.Unlock()
		if !let {
			return
		}
		msg, err := sip.ParseMessage(data)
		if err != nil {
			t.Fatal("let through, but", err)
		}
		handle(p, msg, from)
	})
}

// handle does with a message that was let in what the phone's handlers do first.
func handle(p *Phone, msg sip.Message, from netip.AddrPort) {
	msg.SetSource(from.String())
	switch m := msg.(type) {
	case *sip.Request:
		_ = response(m, 200, "OK").String()
		_ = incoming(m, "tag").target.String()
		_, _ = p.within(m, true)
		_ = unsupported(m)
		_, _ = sessionExpires(m)
	case *sip.Response:
		_ = p.grantedTime(m, 0)
		_ = retryAfter(m)
		_, _ = pick(m, true)
		_, _ = pick(m, false)
		_ = recordRoute(m)
	}
}

// where names the function that tripped: the first one of a package below panic itself.
func where(stack []byte) string {
	_, below, _ := strings.Cut(string(stack), "\npanic(")
	for _, line := range strings.Split(below, "\n")[1:] {
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "runtime.") && !strings.HasPrefix(line, "panic(") {
			return line
		}
	}
	return ""
}

// nowhere is a connection that takes everything.
type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error)      { return len(b), nil }
func (nowhere) Read([]byte) (int, error)         { return 0, io.EOF }
func (nowhere) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// A connection gives the stack the same messages however it is cut into pieces, and
// each of them is one that the stack's own reader takes whole.
func FuzzStream(f *testing.F) {
	for i := range usualMessages {
		f.Add(uint8(i), uint16(0), uint8(0), []byte{}, uint8(i+1), uint16(7))
		f.Add(uint8(i), uint16(80*i), uint8(3), []byte("\r\nl: 70000\r\n"), uint8(0), uint16(1))
	}
	f.Fuzz(func(t *testing.T, which uint8, at uint16, cut uint8, put []byte, next uint8, size uint16) {
		data := slices.Concat(spliced(which, at, cut, put), []byte("\r\n\r\n"+usualMessages[int(next)%len(usualMessages)]), []byte(usualMessages[1]))
		if strings.Contains(string(data), "CANCEL") {
			return // waits for its INVITE
		}
		got := func(size int) (list []string) {
			p := unplugged()
			s := p.newStream(nowhere{}, hop{net: capture.TCP, addr: mustAddr("127.0.0.1:5060")})
			var framer sipmsg.Framer
			for piece := range slices.Chunk(data, size) {
				s.take(&framer, piece)
			}
			for len(s.queue) > 0 {
				list = append(list, string(<-s.queue))
			}
			return list
		}
		whole, pieces := got(len(data)), got(max(int(size), 1))
		if !slices.Equal(whole, pieces) {
			t.Fatalf("%q at once, %q in pieces of %d", whole, pieces, size)
		}
		for _, msg := range whole {
			if _, err := sip.ParseMessage([]byte(msg)); err != nil {
				t.Fatalf("%q: %v", msg, err)
			}
		}
	})
}
