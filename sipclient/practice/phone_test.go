package practice

import (
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"hash"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/sipmsg"
)

// phone is a test client made by hand: it sends what a test says and keeps
// what comes.
type phone struct {
	t          *testing.T
	pbx        *PBX
	sip        *net.UDPConn
	rtp, rtcp  *net.UDPConn
	server     netip.AddrPort
	callID     string
	tag        string
	cseq       int
	in         chan *sipmsg.Message
	offerExtra []string
	expires    int

	mu      sync.Mutex
	arrived map[*sipmsg.Message]time.Time
	packets []heardPacket
	reports []heardReport
}

type heardPacket struct {
	rtp.Packet
	at   time.Time
	from netip.AddrPort
}

type heardReport struct {
	rtcp.Packet
	at time.Time
}

// begin starts a PBX with the fault and a phone beside it; both end with the test.
func begin(t *testing.T, cause string) (*PBX, *phone) {
	t.Helper()
	f, ok := FaultFor(cause)
	require.True(t, ok, "no fault %q", cause)
	return beginFault(t, f)
}

func beginFault(t *testing.T, f Fault) (*PBX, *phone) {
	t.Helper()
	p, err := Start(f)
	require.NoError(t, err)
	ph := &phone{t: t, pbx: p, callID: token(6), tag: token(4), in: make(chan *sipmsg.Message, 1000), expires: 300, arrived: map[*sipmsg.Message]time.Time{}}
	ph.sip, err = listen(loopback, 0)
	require.NoError(t, err)
	ph.rtp, ph.rtcp, err = listenPair(loopback)
	require.NoError(t, err)
	ph.server, _ = netip.ParseAddrPort(p.Domain())
	var readers sync.WaitGroup
	for _, f := range []func(){ph.readSIP, ph.readRTP, ph.readRTCP} {
		readers.Go(f)
	}
	t.Cleanup(func() {
		for _, c := range []*net.UDPConn{ph.sip, ph.rtp, ph.rtcp} {
			_ = c.Close()
		}
		readers.Wait()
		require.NoError(t, p.Close())
	})
	return p, ph
}

func (ph *phone) readSIP() {
	buf := make([]byte, 65535)
	for {
		n, err := ph.sip.Read(buf)
		if err != nil {
			return
		}
		if m, err := sipmsg.Parse(buf[:n]); err == nil {
			ph.mu.Lock()
			ph.arrived[m] = time.Now()
			ph.mu.Unlock()
			ph.in <- m
		}
	}
}

func (ph *phone) readRTP() {
	buf := make([]byte, 2048)
	for {
		n, from, err := ph.rtp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		h := heardPacket{at: time.Now(), from: unmap(from)}
		if h.Unmarshal(append([]byte(nil), buf[:n]...)) == nil {
			ph.mu.Lock()
			ph.packets = append(ph.packets, h)
			ph.mu.Unlock()
		}
	}
}

func (ph *phone) readRTCP() {
	buf := make([]byte, 2048)
	for {
		n, err := ph.rtcp.Read(buf)
		if err != nil {
			return
		}
		list, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			ph.t.Errorf("RTCP that does not parse: %v", err)
			continue
		}
		ph.mu.Lock()
		for _, p := range list {
			ph.reports = append(ph.reports, heardReport{p, time.Now()})
		}
		ph.mu.Unlock()
	}
}

func (ph *phone) heard() []heardPacket {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	return append([]heardPacket(nil), ph.packets...)
}

func (ph *phone) told() []heardReport {
	ph.mu.Lock()
	defer ph.mu.Unlock()
	return append([]heardReport(nil), ph.reports...)
}

// request begins a request of the phone.
func (ph *phone) request(method, user string) *sipmsg.Message {
	ph.cseq++
	uri := "sip:" + ph.server.String()
	to := fmt.Sprintf("<sip:%s@%s>", user, ph.server)
	if method != "REGISTER" {
		uri = fmt.Sprintf("sip:%s@%s", user, ph.server)
	}
	m := sipmsg.NewRequest(method, uri)
	m.Add("Via", fmt.Sprintf("SIP/2.0/UDP %s;rport;branch=z9hG4bK%s", localAddr(ph.sip), token(6)))
	m.Add("Max-Forwards", "70")
	m.Add("From", fmt.Sprintf("<sip:%s@%s>;tag=%s", ph.pbx.User(), ph.server, ph.tag))
	m.Add("To", to)
	m.Add("Call-ID", ph.callID)
	m.Add("CSeq", fmt.Sprintf("%d %s", ph.cseq, method))
	m.Add("Contact", ph.contact())
	return m
}

func (ph *phone) contact() string { return fmt.Sprintf("<sip:1001@%s>", localAddr(ph.sip)) }

func (ph *phone) send(m *sipmsg.Message) {
	_, err := ph.sip.WriteToUDPAddrPort(m.Bytes(), ph.server)
	require.NoError(ph.t, err)
}

// next waits for the next message, nil after the limit.
func (ph *phone) next(limit time.Duration) *sipmsg.Message {
	select {
	case m := <-ph.in:
		return m
	case <-time.After(limit):
		return nil
	}
}

// long is the limit for what must come: generous, because a busy machine is no
// failure. brief is how long a test waits for what must not come.
const (
	long  = 20 * time.Second
	brief = time.Second
)

// exchange sends a request and collects the answers to it up to the final one,
// or up to the limit. It sends no ACK.
func (ph *phone) exchange(m *sipmsg.Message, limit time.Duration) []*sipmsg.Message {
	return ph.upTo(200, m, limit)
}

// upTo is exchange that ends with the first answer of at least that code.
func (ph *phone) upTo(code int, m *sipmsg.Message, limit time.Duration) []*sipmsg.Message {
	ph.send(m)
	var answers []*sipmsg.Message
	for end := time.Now().Add(limit); ; {
		a := ph.next(time.Until(end))
		if a == nil {
			return answers
		}
		if a.IsRequest() || a.Branch() != m.Branch() || a.Get("CSeq") != m.Get("CSeq") {
			continue
		}
		answers = append(answers, a)
		if a.Status >= code {
			return answers
		}
	}
}

// sign adds credentials for the challenge in a 401 or 407.
func (ph *phone) sign(m, refusal *sipmsg.Message) {
	c := refusal.Challenges()[0]
	makers := map[string]func() hash.Hash{"MD5": md5.New, "SHA-256": sha256.New}
	sum := func(s string) string {
		h := makers[c.Algorithm]()
		h.Write([]byte(s))
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	ha1 := sum(ph.pbx.Login() + ":" + c.Realm + ":" + ph.pbx.Password())
	ha2 := sum(m.Method + ":" + m.URI)
	response := sum(ha1 + ":" + c.Nonce + ":00000001:abcdef:auth:" + ha2)
	name := "Authorization"
	if c.Proxy {
		name = "Proxy-Authorization"
	}
	m.Add(name, fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=%s, cnonce="abcdef", qop=auth, nc=00000001`,
		ph.pbx.Login(), c.Realm, c.Nonce, m.URI, response, c.Algorithm))
}

// register signs in and gives every answer, challenges included.
func (ph *phone) register() []*sipmsg.Message {
	build := func() *sipmsg.Message {
		m := ph.request("REGISTER", ph.pbx.User())
		m.Add("Expires", fmt.Sprint(ph.expires))
		return m
	}
	limit := long
	if sw := ph.pbx.fault.switches; sw.place != serving || sw.register.silent {
		limit = brief
	}
	answers := ph.exchange(build(), limit)
	if n := len(answers); n == 0 || answers[n-1].Status != 401 || answers[n-1].Challenges()[0].Algorithm != ph.pbx.algorithm() || algorithms[ph.pbx.algorithm()] == nil {
		return answers
	}
	m := build()
	ph.sign(m, answers[0])
	return append(answers, ph.exchange(m, limit)...)
}

// offer is the phone's session description.
func (ph *phone) offer() []byte {
	return sipmsg.BuildAudio(sipmsg.AudioSpec{
		Addr: "127.0.0.1", Port: int(localAddr(ph.rtp).Port()), Extra: ph.offerExtra,
		Codecs: []sipmsg.Codec{{PayloadType: 8, Name: "PCMA", ClockRate: 8000}, {PayloadType: 0, Name: "PCMU", ClockRate: 8000}},
	})
}

// dial calls a number, answers the challenge, acknowledges the final answer and
// gives the answers behind the challenge, up to the first of at least that code.
func (ph *phone) dial(number string, upTo int) (invite *sipmsg.Message, answers []*sipmsg.Message) {
	build := func() *sipmsg.Message {
		m := ph.request("INVITE", number)
		m.SetBody("application/sdp", ph.offer())
		return m
	}
	invite = build()
	limit := long
	if ph.pbx.fault.call.silent {
		limit = brief
	}
	answers = ph.exchange(invite, limit)
	if n := len(answers); n > 0 && answers[n-1].Status == 407 {
		ph.ack(invite, answers[n-1])
		refusal := answers[n-1]
		invite = build()
		ph.sign(invite, refusal)
		answers = ph.upTo(upTo, invite, long)
	}
	if n := len(answers); n > 0 && answers[n-1].Status >= 200 {
		ph.ack(invite, answers[n-1])
	}
	return invite, answers
}

func (ph *phone) ack(invite, answer *sipmsg.Message) {
	if answer.Status >= 300 {
		ph.send(hopByHop("ACK", invite, answer.Get("To")))
		return
	}
	m := ph.inside("ACK", answer)
	n, _, _ := invite.CSeq()
	m.Set("CSeq", fmt.Sprintf("%d ACK", n))
	ph.cseq--
	ph.send(m)
}

// inside begins a request inside the dialog that an answer made.
func (ph *phone) inside(method string, answer *sipmsg.Message) *sipmsg.Message {
	m := ph.request(method, answer.ToAddr().URI.User)
	m.URI = answer.Contacts()[0].URI.Raw
	m.Set("To", answer.Get("To"))
	return m
}

// talk sends sound to the address that an answer describes until stop is called.
func (ph *phone) talk(answer *sipmsg.Message) (stop func() (packets int)) {
	theirs := audioOf(answer)
	require.NotNil(ph.t, theirs)
	to := netip.AddrPortFrom(loopback, uint16(theirs.Port))
	done, count := make(chan struct{}), make(chan int, 1)
	s := newSender()
	go func() {
		tick := time.NewTicker(frame)
		defer tick.Stop()
		for n := 0; ; n++ {
			_, _ = ph.rtp.WriteToUDPAddrPort(s.packet(theirs.Codecs[0].PayloadType, uint32(n*frameSamples), s.voice.next("PCMA", 0, nil)), to)
			select {
			case <-tick.C:
			case <-done:
				count <- n + 1
				return
			}
		}
	}()
	return func() int { close(done); return <-count }
}

// codes lists the status codes.
func codes(answers []*sipmsg.Message) []int {
	var list []int
	for _, a := range answers {
		list = append(list, a.Status)
	}
	return list
}
