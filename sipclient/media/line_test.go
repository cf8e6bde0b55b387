package media

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

func TestMain(m *testing.M) {
	if burn() {
		return
	}
	goleak.VerifyTestMain(m)
}

const patience = 5 * time.Second

// bench is a line on loopback, and the phone's part of what it needs.
type bench struct {
	*Line
	tape *capture.Tape
}

func newBench(t testing.TB, change ...func(*Config)) *bench {
	t.Helper()
	tape := new(capture.Tape)
	var work sync.WaitGroup
	done := make(chan struct{})
	cfg := Config{
		Tap:   wire.Tap{Tape: tape, Go: work.Go, Unreachable: func(netip.AddrPort, string) {}},
		Local: netip.MustParseAddr("127.0.0.1"), Agent: "test", Lookup: literal, Done: done,
		FirstReport: 100 * time.Millisecond, Report: 100 * time.Millisecond,
	}
	for _, f := range change {
		f(&cfg)
	}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); close(done); work.Wait() })
	return &bench{m, tape}
}

// port is one socket of the other side.
type port struct{ *net.UDPConn }

func newPort(t testing.TB) port {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return port{c}
}

func (p port) number() int { return p.LocalAddr().(*net.UDPAddr).Port }

// read gives the next packet, nil when none comes in time.
func (p port) read(wait time.Duration) []byte {
	buf := make([]byte, 2000)
	_ = p.SetReadDeadline(time.Now().Add(wait))
	n, err := p.Read(buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}

func (p port) must(t testing.TB) []byte {
	t.Helper()
	b := p.read(patience)
	if b == nil {
		t.Fatal("nothing came")
	}
	return b
}

func (p port) drain() {
	for p.read(time.Millisecond) != nil {
	}
}

func (p port) send(t testing.TB, to netip.AddrPort, b []byte) {
	t.Helper()
	if _, err := p.WriteToUDPAddrPort(b, to); err != nil {
		t.Fatal(err)
	}
}

// next is the port above, for RTCP.
func above(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), a.Port()+1) }

const head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"

// sdp is a description with one line of sound.
func (p port) sdp(formats string, attributes ...string) string {
	text := head + fmt.Sprintf("m=audio %d %s\r\n", p.number(), formats)
	for _, a := range attributes {
		text += "a=" + a + "\r\n"
	}
	return text
}

const plainFormats = "RTP/AVP 8 101"

var events = "rtpmap:101 telephone-event/8000"

// audio reads the sound of a description, and fails the test over one that is not proper.
func audio(t testing.TB, body []byte) *sipmsg.Media {
	t.Helper()
	s, err := sipmsg.ParseSDP(body)
	if err != nil || len(s.Problems) > 0 && len(s.Media) == 1 { // refused lines need no rtpmap
		t.Fatalf("%v %v in\n%s", err, s.Problems, body)
	}
	a := s.Audio()
	if a == nil {
		t.Fatalf("no sound in\n%s", body)
	}
	return a
}

// names lists the codecs of a line as "8 PCMA".
func names(a *sipmsg.Media) string {
	var list []string
	for _, c := range a.Codecs {
		list = append(list, fmt.Sprint(c.PayloadType, " ", c.Name))
	}
	return strings.Join(list, ", ")
}

// reply answers an offer, or fails the test.
func (b *bench) reply(t testing.TB, offer string) *sipmsg.Media {
	t.Helper()
	return audio(t, b.replyText(t, offer))
}

func (b *bench) replyText(t testing.TB, offer string) []byte {
	t.Helper()
	body, late, err := b.Reply([]byte(offer))
	if err != nil || late {
		t.Fatal(err, late)
	}
	return body
}

func (b *bench) offer(t testing.TB) *sipmsg.Media {
	t.Helper()
	body, err := b.Offer()
	if err != nil {
		t.Fatal(err)
	}
	return audio(t, body)
}
