package practice

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/sipmsg"
)

// flow is what the PBX sends at the moment.
type flow uint8

const (
	quiet  flow = iota // no packets
	silent             // packets of digital silence
	speech             // packets of sound
)

// media is the sound of one call: its sockets, what is sent and what is heard.
type media struct {
	pbx   *PBX
	sw    sounding
	echo  bool
	ctx   context.Context
	over  context.CancelFunc
	began time.Time
	id    uint64 // session id of our descriptions

	rtp, rtcp *net.UDPConn // the sockets that our description names
	out       *net.UDPConn // where RTP leaves
	all       []*net.UDPConn

	mu         sync.Mutex
	named      netip.AddrPort // the RTP address of our description
	version    uint64
	codecs     []sipmsg.Codec // what our description lists
	codec      sipmsg.Codec   // what we send
	refused    refusals       // what else the phone offered
	remote     netip.AddrPort // the phone's RTP and RTCP addresses
	remoteRTCP netip.AddrPort
	heldThere  bool // the phone does not want to hear us
	running    bool
	flow       flow
	opens      time.Time // no RTP before
	speaks     time.Time // only silence before
	reporting  bool
	main, also sender // also: the second source of that fault
	heard      reception
	room       room
	ears       ears
	dictation  dictation
	typing     typing
}

var (
	offered  = []sipmsg.Codec{{PayloadType: 0, Name: "PCMU", ClockRate: clockRate}, {PayloadType: 8, Name: "PCMA", ClockRate: clockRate}}
	events   = sipmsg.Codec{PayloadType: 101, Name: "telephone-event", ClockRate: clockRate, Fmtp: "0-16"}
	errCodec = errors.New("no sound format in common")
	errProto = errors.New("this server speaks plain RTP only")
	errAddr  = errors.New("the address for sound is no IP address")
)

// newMedia opens the sockets of a call and settles the format on an offer; nil
// leaves that to the phone's answer.
func (p *PBX) newMedia(offer *sipmsg.Media, echo bool) (*media, error) {
	m := &media{pbx: p, sw: p.fault.sound, echo: echo, began: time.Now(),
		id: uint64(time.Now().Unix()), main: newSender(), also: newSender(), room: room{late: p.fault.sound.echo, level: p.fault.sound.echoLevel},
		codecs: append(slices.Clone(offered), events), codec: offered[0]}
	m.ctx, m.over = context.WithCancel(p.ctx)
	if offer != nil {
		if err := m.change(offer); err != nil {
			m.over()
			return nil, err
		}
	}
	if err := m.open(); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

func (m *media) open() (err error) {
	if m.rtp, m.rtcp, err = listenPair(loopback); err != nil {
		return err
	}
	m.all = append(m.all, m.rtp, m.rtcp)
	m.out, m.named = m.rtp, localAddr(m.rtp)
	if m.sw.otherSource {
		var control *net.UDPConn
		if m.out, control, err = pairElsewhere(); err != nil {
			return err
		}
		m.all = append(m.all, m.out, control)
	}
	if m.sw.shutPort {
		shut, err := shutPort(loopback)
		if err != nil {
			return err
		}
		m.all = append(m.all, shut...)
		m.named = localAddr(shut[0])
	}
	return nil
}

// linger is how long the sockets outlive the call: what the phone still had
// under way must not meet a closed port, which would look like another fault.
const linger = 700 * time.Millisecond

// finish ends all sending at once and frees the sockets a little later.
func (m *media) finish() {
	m.over()
	m.pbx.spawn(func() {
		m.pbx.sleep(linger)
		m.close()
	})
}

// close ends all sending and frees the sockets.
func (m *media) close() {
	m.over()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.all {
		_ = c.Close()
	}
}

// change takes over the phone's description, or says why it cannot.
func (m *media) change(theirs *sipmsg.Media) error {
	if theirs.Proto != "RTP/AVP" {
		return errProto
	}
	addr, err := netip.ParseAddr(theirs.Connection)
	if err != nil {
		return errAddr
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var codecs []sipmsg.Codec
	for _, c := range theirs.Codecs {
		known := c.Name == "PCMU" || c.Name == "PCMA"
		if known && c.ClockRate == clockRate && len(codecs) == 0 {
			codecs = append(codecs, sipmsg.Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate})
		}
	}
	if len(codecs) == 0 {
		return errCodec
	}
	m.codec = codecs[0]
	for _, c := range theirs.Codecs {
		if c.Name == "telephone-event" && c.ClockRate == clockRate && !m.sw.noEvents {
			codecs = append(codecs, sipmsg.Codec{PayloadType: c.PayloadType, Name: c.Name, ClockRate: c.ClockRate, Fmtp: events.Fmtp})
			break
		}
	}
	m.codecs = codecs
	m.remote = netip.AddrPortFrom(addr.Unmap(), uint16(theirs.Port))
	m.remoteRTCP = netip.AddrPortFrom(addr.Unmap(), uint16(theirs.RTCPPort))
	m.heldThere = theirs.Held()
	m.main.strange = strangeType(theirs)
	return nil
}

// strangeType is a payload type that the phone never named.
func strangeType(theirs *sipmsg.Media) uint8 {
	for _, pt := range []uint8{18, 4, 97, 117} {
		if theirs.Codec(pt) == nil {
			return pt
		}
	}
	return 127
}

// describe writes our session description; "" is sendrecv.
func (m *media) describe(direction string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.version++
	return m.refused.around(sipmsg.BuildAudio(sipmsg.AudioSpec{
		Addr: m.named.Addr().String(), Port: int(m.named.Port()), Codecs: m.codecs,
		Direction: direction, PTime: frame, Session: m.id, Version: m.version,
	}))
}

// refuse notes what else the phone offered, for our descriptions.
func (m *media) refuse(r refusals) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused = r
}

// hold stops the sound and describes a call on hold.
func (m *media) hold() []byte {
	m.mu.Lock()
	m.flow = quiet
	m.mu.Unlock()
	return m.describe("sendonly")
}

// move stops all that is sent and describes another address, where the phone is
// heard no more.
func (m *media) move() []byte {
	m.stop()
	if rtp, rtcp, err := pairElsewhere(); err == nil {
		m.mu.Lock()
		m.named = localAddr(rtp)
		m.all = append(m.all, rtp, rtcp)
		m.mu.Unlock()
	}
	return m.describe("")
}

// stop ends RTP and RTCP; the call stays.
func (m *media) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flow, m.reporting = quiet, false
}

// start lets sound flow as the fault has it: after the first session
// description, and again once the call is answered.
func (m *media) start(answered bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.flow == quiet {
		// The answer goes by another socket: give it a head start, so that nobody
		// takes the first packets for early media.
		m.opens = time.Now().Add(frame)
	}
	if m.flow == silent && answered {
		m.speaks = time.Now().Add(3 * frame) // for the same reason
	}
	switch {
	case !answered && m.sw.earlySilence, answered && m.sw.silence:
		m.flow = silent
	case answered && !m.sw.noRTP:
		m.flow = speech
	}
	m.reporting = !m.sw.noRTCP && (answered || m.sw.earlySilence)
	if m.running {
		return
	}
	m.running = true
	m.began = time.Now()
	m.pbx.spawn(m.send)
	m.pbx.spawn(m.report)
	m.pbx.spawn(func() { m.listen(m.rtp) })
	m.pbx.spawn(m.listenReports)
	if m.out != m.rtp {
		m.pbx.spawn(func() { m.listen(m.out) })
	}
}

// listen reads RTP until the socket is closed.
func (m *media) listen(conn *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !m.pbx.sleep(time.Millisecond) {
				return
			}
			continue
		}
		var packet rtp.Packet
		if packet.Unmarshal(buf[:n]) != nil || packet.Version != 2 {
			continue
		}
		m.mu.Lock()
		m.heard.add(&packet.Header, time.Now())
		if packet.PayloadType == m.codec.PayloadType {
			m.room.hear(m.codec.Name, &packet)
			m.understand(packet.Payload)
		}
		if m.echo && m.flow == speech && packet.PayloadType == m.codec.PayloadType {
			m.sendBack(&packet)
		}
		m.mu.Unlock()
	}
}

// understand listens for a code that the phone says, and types it back. The caller holds
// the lock, and is not kept from it by the thinking.
func (m *media) understand(payload []byte) {
	pcm, ok := codec.Decode(m.codec.Name, payload, nil)
	if !ok || m.echo || m.sw.deafToCodes {
		return
	}
	word := m.ears.hear(pcm)
	if word == nil {
		return
	}
	m.pbx.spawn(func() {
		digit, known := understood(word)
		m.mu.Lock()
		defer m.mu.Unlock()
		if code, said := m.dictation.add(digit, known); said && m.typing.keys == "" {
			m.typing = typing{keys: code}
		}
	})
}

// event is the phone's payload type for key presses. The caller holds the lock.
func (m *media) event() (pt uint8, ok bool) {
	for _, c := range m.codecs {
		if c.Name == "telephone-event" {
			return c.PayloadType, true
		}
	}
	return 0, false
}

// listenReports reads RTCP until the socket is closed.
func (m *media) listenReports() {
	buf := make([]byte, 2048)
	for {
		n, err := m.rtcp.Read(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) || !m.pbx.sleep(time.Millisecond) {
				return
			}
			continue
		}
		packets, err := rtcp.Unmarshal(buf[:n])
		if err != nil {
			continue
		}
		m.mu.Lock()
		for _, p := range packets {
			if sr, ok := p.(*rtcp.SenderReport); ok {
				m.heard.heard(sr, time.Now())
			}
		}
		m.mu.Unlock()
	}
}
