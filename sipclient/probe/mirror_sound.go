package probe

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// What a mirror takes on.
const (
	maxSounds      = 64               // tests at once
	maxSoundsOfOne = 4                // of one network
	soundLife      = 30 * time.Second // of a test
	earlyPackets   = 3                // sent before anything came
)

// soundTest is what a mirror remembers of one.
type soundTest struct {
	id      soundID
	key     string     // who asked, and by which call
	from    netip.Addr // that asked
	began   time.Time
	asked   string // where the phone's description wants its sound, as it came here
	early   int    // packets sent before any came
	came    bitmap
	media   netip.AddrPort // where it came from
	sent    int            // back
	told    bool
	earlyTo netip.AddrPort // where early packets still have to go, invalid: nowhere
}

// sounds are the tests under way. Safe for concurrent use.
type sounds struct {
	mu   sync.Mutex
	list map[soundID]*soundTest
}

func newSounds() *sounds { return &sounds{list: map[soundID]*soundTest{}} }

// begin finds the test that this call asked for already, or begins one; nil: too many.
func (s *sounds) begin(key string, from netip.Addr, now time.Time) *soundTest {
	ofOne := 0
	for id, t := range s.list {
		switch {
		case now.Sub(t.began) > soundLife:
			delete(s.list, id)
		case t.key == key:
			return t
		case networkOf(t.from) == networkOf(from):
			ofOne++
		}
	}
	if len(s.list) >= maxSounds || ofOne >= maxSoundsOfOne {
		return nil
	}
	t := &soundTest{key: key, from: from, began: now}
	_, _ = rand.Read(t.id[:])
	s.list[t.id] = t
	return t
}

// end forgets the test of a call.
func (s *sounds) end(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.list {
		if t.key == key {
			delete(s.list, id)
		}
	}
}

// callKey tells the calls of everybody apart.
func (v mirrorAsker) callKey(req *sipmsg.Message) string { return v.from.String() + " " + req.CallID() }

// find gives a test that is still under way. Hold the lock.
func (s *sounds) find(id soundID, now time.Time) *soundTest {
	t := s.list[id]
	if t == nil || now.Sub(t.began) > soundLife {
		return nil
	}
	return t
}

// startSound answers a call that asks for a test.
func (m *Mirror) startSound(v mirrorAsker, req *sipmsg.Message, w word) *sipmsg.Message {
	at := w.addr("at") // as which the phone knows this mirror: a router may stand before it, too
	if !at.IsValid() || v.media == nil {
		return v.busy(req)
	}
	m.sounds.mu.Lock()
	defer m.sounds.mu.Unlock()
	t := m.sounds.begin(v.callKey(req), v.from.Addr(), m.now())
	if t == nil {
		return v.busy(req)
	}
	if t.asked == "" { // a copy of the request changes nothing
		t.describe(req, v.from.Addr())
	}
	token := m.soundToken(t.id)
	_, _, sound, _ := m.Ports()
	reply := v.respond(req, 200)
	reply.Add("Contact", "<sip:mirror@"+netip.AddrPortFrom(at, v.door.at.Port()).String()+">")
	reply.Add(mirrorHeader, writeWord(saySound, "id", hex.EncodeToString(t.id[:]), "token", hex.EncodeToString(token[:]),
		"port", strconv.Itoa(int(sound)), "early", strconv.Itoa(t.early)))
	reply.SetBody("application/sdp", mirrorMedia(at, sound))
	return reply
}

// describe notes where the phone wants its sound.
func (t *soundTest) describe(req *sipmsg.Message, from netip.Addr) {
	t.asked = "nowhere"
	sdp, err := sipmsg.ParseSDP(req.Body)
	if err != nil || sdp.Audio() == nil {
		return
	}
	a := sdp.Audio()
	t.asked = net.JoinHostPort(a.Connection, strconv.Itoa(a.Port))
	to, err := netip.ParseAddr(a.Connection)
	if err == nil && to.Unmap() == from && a.Port >= 1024 && a.Port <= 65535 && len(req.Body) >= earlyPackets*(12+soundHead) {
		t.earlyTo, t.early = netip.AddrPortFrom(from, uint16(a.Port)), earlyPackets
	}
}

func (v mirrorAsker) busy(req *sipmsg.Message) *sipmsg.Message {
	reply := v.respond(req, 486)
	reply.Add(mirrorHeader, sayBusy)
	return reply
}

// sendEarly sends a few packets to where the phone wants its sound, before any came
// from there: as ringing tones come. They go to the address that asked and no other,
// and together they are shorter than what it sent.
func (m *Mirror) sendEarly(v mirrorAsker, invite []byte) {
	req, err := sipmsg.Parse(invite)
	if err != nil {
		return
	}
	m.sounds.mu.Lock()
	var t *soundTest
	for _, x := range m.sounds.list {
		if x.key == v.callKey(req) {
			t = x
		}
	}
	if t == nil || !t.earlyTo.IsValid() {
		m.sounds.mu.Unlock()
		return
	}
	id, to := t.id, t.earlyTo
	t.earlyTo = netip.AddrPort{} // once
	m.sounds.mu.Unlock()
	token := m.soundToken(id)
	for i := range earlyPackets {
		_, _ = v.media.WriteToUDPAddrPort(soundPacket(id, token, soundEarly, uint16(i), soundHead), to)
	}
}

// serveSound counts the sound of tests at one socket until it is closed, and sends a
// packet of the same length back for each new one: never more than came, whoever the
// address belongs to.
func (m *Mirror) serveSound(c *net.UDPConn) {
	buf := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			continue
		}
		if back := m.hear(buf[:n], wire.Unmap(from)); back != nil {
			_, _ = c.WriteToUDPAddrPort(back, from)
		}
	}
}

// hear takes one packet of sound and gives the one that goes back for it.
func (m *Mirror) hear(b []byte, from netip.AddrPort) []byte {
	id, token, source, n, ok := readSound(b)
	if !ok || source != soundOut || n >= maxSoundPackets || len(b) > 12+soundLength {
		return nil
	}
	m.sounds.mu.Lock()
	defer m.sounds.mu.Unlock()
	t := m.sounds.find(id, m.now())
	if t == nil {
		return nil
	}
	if want := m.soundToken(id); subtle.ConstantTimeCompare(token[:], want[:]) == 0 || !t.came.set(int(n)) {
		return nil
	}
	t.media = from
	back := soundPacket(id, token, soundBack, uint16(t.sent), len(b)-12)
	t.sent++
	return back
}

// countSound answers how much of a test's sound came.
func (m *Mirror) countSound(v mirrorAsker, req *sipmsg.Message, w word) *sipmsg.Message {
	var id soundID
	raw, err := hex.DecodeString(w.values["id"])
	if err != nil || copy(id[:], raw) != len(id) || len(raw) != len(id) {
		return v.busy(req)
	}
	m.sounds.mu.Lock()
	t := m.sounds.find(id, m.now())
	if t == nil || networkOf(t.from) != networkOf(v.from.Addr()) {
		m.sounds.mu.Unlock()
		return v.busy(req)
	}
	c := soundCount{Got: t.came.count(), Sent: t.sent, Early: t.early, Media: t.media, Asked: t.asked, Came: t.came}
	told := t.told
	t.told = true
	m.sounds.mu.Unlock()
	if !told {
		m.tell(v.from, "a test of sound: %d packets came, %d went back", c.Got, c.Sent)
	}
	reply := v.respond(req, 200)
	m.show(v, reply, []byte(c.String()))
	return reply
}
