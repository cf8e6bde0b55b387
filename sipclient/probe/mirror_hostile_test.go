package probe

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// closedMirror is a mirror without sockets, for what it answers.
func closedMirror() *Mirror {
	m := &Mirror{limits: newLimits(), sounds: newSounds(), now: time.Now}
	m.doors = []mirrorDoor{{over: capture.UDP, at: netip.MustParseAddrPort("203.0.113.5:5060")}, {over: capture.UDP, at: netip.MustParseAddrPort("203.0.113.5:5080")}}
	m.ports = mirrorPorts{5060, 5080, 10000, 0}
	return m
}

// client is somebody who asks that mirror.
func client(m *Mirror, from string) (mirrorAsker, *mirrorWay) {
	at := netip.MustParseAddrPort(from)
	return mirrorAsker{door: m.doors[0], from: at, media: &net.UDPConn{}}, &mirrorWay{over: capture.UDP, to: m.doors[0].at, local: at}
}

// cookieOf says hello and takes the cookie.
func cookieOf(t *testing.T, m *Mirror, v mirrorAsker, w *mirrorWay) string {
	t.Helper()
	hello := w.request("OPTIONS", sayHello)
	hello.Add("X-Padding", strings.Repeat("x", 400))
	raw := hello.Bytes()
	out := m.answer(v, raw)
	if out == nil || len(out) > len(raw) {
		t.Fatalf("hello of %d bytes: %q", len(raw), out)
	}
	reply, err := sipmsg.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	said, ok := readWord(reply.Get(mirrorHeader))
	if !ok || said.verb != sayReady {
		t.Fatalf("%+v", said)
	}
	return said.values["cookie"]
}

func verbOf(out []byte) string {
	m, err := sipmsg.Parse(out)
	if out == nil || err != nil {
		return ""
	}
	w, _ := readWord(m.Get(mirrorHeader))
	return w.verb
}

// TestMirrorAnswersNobodyElse: only marked requests get anything at all.
func TestMirrorAnswersNobodyElse(t *testing.T) {
	m := closedMirror()
	v, w := client(m, "198.51.100.9:4000")
	cookie := cookieOf(t, m, v, w)
	look := func(method string) *sipmsg.Message { return w.request(method, writeWord(sayLook, "cookie", cookie)) }
	for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE"} {
		if got := verbOf(m.answer(v, look(method).Bytes())); got != saySeen {
			t.Errorf("%s: %q", method, got)
		}
	}
	plain := look("INVITE")
	plain.Del(mirrorHeader)
	twice := look("OPTIONS")
	twice.Add(mirrorHeader, sayHello)
	foreign := look("OPTIONS")
	foreign.Set(mirrorHeader, "relay;to=192.0.2.1")
	noVia := look("OPTIONS")
	noVia.Del("Via")
	inBody := plain
	inBody.SetBody("text/plain", []byte(mirrorHeader+": hello"))
	huge := look("OPTIONS")
	huge.Add("X-Padding", strings.Repeat("x", maxLooked))
	response := sipmsg.NewResponse(look("OPTIONS"), 200, "")
	response.Add(mirrorHeader, sayHello)
	for name, raw := range map[string][]byte{
		"without the mark": plain.Bytes(), "marked twice": twice.Bytes(), "an unknown word": foreign.Bytes(), "no Via": noVia.Bytes(),
		"the mark in the body": inBody.Bytes(), "too long": huge.Bytes(), "an answer": response.Bytes(), "an ACK": look("ACK").Bytes(), "another method": look("MESSAGE").Bytes(),
		"nothing": nil, "only the mark": []byte(mirrorHeader + ": hello\r\n\r\n"), "garbage": bytes.Repeat([]byte(mirrorHeader), 50),
	} {
		if out := m.answer(v, raw); out != nil {
			t.Errorf("%s: answered %q", name, out)
		}
	}
}

// TestMirrorDoesNotAmplify: who has not shown that answers reach it gets no more than
// it sent, and no report, whatever it claims.
func TestMirrorDoesNotAmplify(t *testing.T) {
	m := closedMirror()
	v, w := client(m, "198.51.100.9:4000")
	cookie := cookieOf(t, m, v, w)
	foe, _ := client(m, "192.0.2.66:4000")
	otherPort, _ := client(m, "198.51.100.9:4001")
	otherDoor := v
	otherDoor.door = m.doors[1]
	for name, c := range map[string]struct {
		v      mirrorAsker
		cookie string
	}{"another address": {foe, cookie}, "another port": {otherPort, cookie}, "another door": {otherDoor, cookie}, "none": {v, ""}, "made up": {v, strings.Repeat("0", 32)}} {
		for _, verb := range []string{sayHello, sayLook, saySound, sayCount} {
			for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE"} {
				for pad := 0; pad < 800; pad += 50 {
					req := w.request(method, writeWord(verb, "cookie", c.cookie, "at", "203.0.113.5"))
					req.Add("X-Padding", strings.Repeat("x", pad))
					req.SetBody("application/sdp", mirrorMedia(c.v.from.Addr(), 4000))
					raw := req.Bytes()
					out := m.answer(c.v, raw)
					m.limits = newLimits()
					if len(out) > len(raw) || out != nil && verbOf(out) != sayReady {
						t.Fatalf("%s, %s %s: %d bytes for %d: %q", name, verb, method, len(out), len(raw), out)
					}
				}
			}
		}
	}
	if len(m.sounds.list) != 0 {
		t.Error("a test of sound began without a cookie")
	}
	// It ages.
	now := time.Now()
	m.now = func() time.Time { return now.Add(3 * cookieLife) }
	if got := verbOf(m.answer(v, w.request("OPTIONS", writeWord(sayLook, "cookie", cookie)).Bytes())); got == saySeen {
		t.Error("an old cookie is taken")
	}
}

// TestMirrorFlood: one network cannot keep others out, and what is remembered is bounded.
func TestMirrorFlood(t *testing.T) {
	m := closedMirror()
	now := time.Now()
	m.limits.now = func() time.Time { return now }
	answers := func(from string, n int) (got int) {
		v, w := client(m, from)
		hello := w.request("OPTIONS", sayHello)
		hello.Add("X-Padding", strings.Repeat("x", 400))
		raw := hello.Bytes()
		for range n {
			if m.answer(v, raw) != nil {
				got++
			}
		}
		return got
	}
	if got := answers("198.51.100.9:4000", 5000); got != ofOneBurst {
		t.Errorf("%d answers for one address at once", got)
	}
	if got := answers("198.51.100.77:4000", 10); got != 0 {
		t.Errorf("%d answers for its neighbour", got)
	}
	if got := answers("198.51.101.9:4000", 10); got != 10 {
		t.Errorf("%d answers for another network", got)
	}
	now = now.Add(time.Second)
	if got := answers("198.51.100.9:4000", 5000); got != ofOneRate {
		t.Errorf("%d answers in the next second", got)
	}
	// Invented senders: everybody together has a limit, too, and so has what is remembered.
	for i := range 3 * maxNetworks {
		m.limits.allow(netip.AddrFrom4([4]byte{byte(11 + i>>16), byte(i >> 8), byte(i), 1}))
		if i%100 == 0 {
			now = now.Add(sweepEvery)
		}
	}
	if n := len(m.limits.networks); n > maxNetworks {
		t.Errorf("%d networks are remembered", n)
	}
	now = now.Add(time.Minute)
	if !m.limits.allow(netip.MustParseAddr("203.0.113.200")) {
		t.Error("nobody is let in after a flood")
	}
}

// TestMirrorConnections: connections are bounded, for one network and for all.
func TestMirrorConnections(t *testing.T) {
	l := newLimits()
	a := netip.MustParseAddr
	for range maxOfOne {
		if !l.enter(a("198.51.100.9")) {
			t.Fatal("no place")
		}
	}
	if l.enter(a("198.51.100.10")) {
		t.Error("too many of one network")
	}
	l.leave(a("198.51.100.9"))
	if !l.enter(a("198.51.100.10")) {
		t.Error("a place that was left stays taken")
	}
	n := maxOfOne
	for i := 0; l.enter(a(fmt.Sprintf("10.%d.%d.1", i/200, i%200))); i++ {
		n++
	}
	if n != maxConnections {
		t.Errorf("%d connections", n)
	}
}

// TestMirrorStream: a connection that brings nothing but noise is closed.
func TestMirrorStream(t *testing.T) {
	m := newMirror(t, MirrorConfig{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
	port, _, _, _ := m.Ports()
	for name, c := range map[string]string{
		"a header without end": "OPTIONS sip:x SIP/2.0\r\nX: " + strings.Repeat("y", 300_000), "an endless body": "OPTIONS sip:x SIP/2.0\r\nContent-Length: 999999\r\n\r\n" + strings.Repeat("y", 300_000),
	} {
		conn, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		for b := []byte(c); len(b) > 0 && err == nil; b = b[min(len(b), 4000):] {
			_, err = conn.Write(b[:min(len(b), 4000)])
		}
		_, err = conn.Read(make([]byte, 1))
		var timeout net.Error
		if err == nil || strings.Contains(err.Error(), "timeout") || (timeout != nil && timeout.Timeout()) {
			t.Errorf("%s: %v", name, err)
		}
		_ = conn.Close()
	}
}

// sounding begins a test of sound.
func sounding(t *testing.T, m *Mirror, v mirrorAsker, w *mirrorWay, sdp []byte) (soundID, [16]byte, word) {
	t.Helper()
	req := w.request("INVITE", writeWord(saySound, "cookie", m.cookie(v, 0), "at", "203.0.113.5"))
	req.SetBody("application/sdp", sdp)
	reply, err := sipmsg.Parse(m.answer(v, req.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	said, _ := readWord(reply.Get(mirrorHeader))
	var id soundID
	var token [16]byte
	raw, _ := hex.DecodeString(said.values["id"])
	copy(id[:], raw)
	raw, _ = hex.DecodeString(said.values["token"])
	copy(token[:], raw)
	return id, token, said
}

// TestMirrorSound: sound goes back one for one, to who has the token, and no further.
func TestMirrorSound(t *testing.T) {
	m := closedMirror()
	now := time.Now()
	m.now = func() time.Time { return now }
	v, w := client(m, "198.51.100.9:4000")
	id, token, _ := sounding(t, m, v, w, mirrorMedia(v.from.Addr(), 4002))
	media := netip.MustParseAddrPort("198.51.100.9:4002")
	packet := func(n uint16) []byte { return soundPacket(id, token, soundOut, n, soundLength) }
	back := m.hear(packet(0), media)
	if len(back) != len(packet(0)) {
		t.Fatalf("%d bytes for %d", len(back), len(packet(0)))
	}
	if _, _, source, n, ok := readSound(back); !ok || source != soundBack || n != 0 {
		t.Errorf("source %d, number %d", source, n)
	}
	wrong := token
	wrong[0]++
	long := packet(3)
	for name, b := range map[string][]byte{
		"a copy": packet(0), "another token": soundPacket(id, wrong, soundOut, 1, soundLength), "another test": soundPacket(soundID{1}, token, soundOut, 1, soundLength),
		"what a mirror sends": soundPacket(id, token, soundBack, 1, soundLength), "beyond the last": packet(maxSoundPackets), "too long": append(long, make([]byte, 1000)...),
		"cut": packet(1)[:20], "nothing": nil, "another payload type": append([]byte{0x80, 0}, packet(1)[2:]...),
	} {
		if out := m.hear(b, media); out != nil {
			t.Errorf("%s is answered by %d bytes", name, len(out))
		}
	}
	sent := 1
	for n := range uint16(maxSoundPackets + 100) {
		if m.hear(packet(n), media) != nil {
			sent++
		}
	}
	if sent != maxSoundPackets {
		t.Errorf("%d packets went back", sent)
	}
	now = now.Add(soundLife + time.Second)
	if m.hear(packet(7), media) != nil || m.sounds.find(id, now) != nil {
		t.Error("an old test is still heard")
	}
}

// TestMirrorSounds: tests are few, end with their call, and nobody reads another's.
func TestMirrorSounds(t *testing.T) {
	m := closedMirror()
	v, w := client(m, "198.51.100.9:4000")
	var first soundID
	for i := range maxSoundsOfOne + 1 {
		id, _, said := sounding(t, m, v, w, nil)
		if i == 0 {
			first = id
		}
		if (said.verb == saySound) != (i < maxSoundsOfOne) {
			t.Errorf("test %d: %s", i, said.verb)
		}
	}
	foe, foes := client(m, "192.0.2.66:4000")
	count := foes.request("OPTIONS", writeWord(sayCount, "cookie", m.cookie(foe, 0), "id", hex.EncodeToString(first[:])))
	if got := verbOf(m.answer(foe, count.Bytes())); got != sayBusy {
		t.Errorf("another's test: %s", got)
	}
	for _, id := range []string{"", "zz", strings.Repeat("00", 9), strings.Repeat("00", 8)} {
		count := w.request("OPTIONS", writeWord(sayCount, "cookie", m.cookie(v, 0), "id", id))
		if got := verbOf(m.answer(v, count.Bytes())); got != sayBusy {
			t.Errorf("id %q: %s", id, got)
		}
	}
	for i := range 3 * maxSounds {
		v, w := client(m, fmt.Sprintf("10.0.%d.1:4000", i))
		sounding(t, m, v, w, nil)
	}
	if n := len(m.sounds.list); n != maxSounds {
		t.Errorf("%d tests at once", n)
	}
	var key string
	for _, x := range m.sounds.list {
		key = x.key
	}
	m.sounds.end(key)
	if n := len(m.sounds.list); n != maxSounds-1 {
		t.Errorf("%d tests after a hang-up", n)
	}
}

// TestMirrorEarly: before anything came, sound goes to the address that asked only.
func TestMirrorEarly(t *testing.T) {
	for name, c := range map[string]struct {
		sdp   []byte
		early int
	}{
		"the address that asks":  {mirrorMedia(netip.MustParseAddr("198.51.100.9"), 4002), earlyPackets},
		"another address":        {mirrorMedia(netip.MustParseAddr("192.0.2.66"), 4002), 0},
		"a private address":      {mirrorMedia(netip.MustParseAddr("192.168.1.20"), 4002), 0},
		"a port of the system":   {mirrorMedia(netip.MustParseAddr("198.51.100.9"), 53), 0},
		"no description":         {nil, 0},
		"one that is no more":    {[]byte("v=0\r\nc=IN IP4 198.51.100.9\r\nm=audio 4002 RTP/AVP 0\r\n"), 0}, // shorter than what would be sent
		"a port that is no port": {[]byte(strings.Replace(string(mirrorMedia(netip.MustParseAddr("198.51.100.9"), 4002)), "4002", "99999", 1)), 0},
	} {
		m := closedMirror()
		v, w := client(m, "198.51.100.9:4000")
		id, _, said := sounding(t, m, v, w, c.sdp)
		if got := said.number("early", 10); got != c.early || m.sounds.list[id].earlyTo.IsValid() != (c.early > 0) {
			t.Errorf("%s: %d packets", name, got)
		}
	}
	// They are sent once, however often the request is repeated.
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	ear, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer ear.Close()
	m := closedMirror()
	v, w := client(m, "127.0.0.1:4000")
	v.media = media
	req := w.request("INVITE", writeWord(saySound, "cookie", m.cookie(v, 0), "at", "203.0.113.5"))
	req.SetBody("application/sdp", mirrorMedia(v.from.Addr(), endOf(ear.LocalAddr()).Port()))
	for range 5 {
		m.answer(v, req.Bytes())
		m.begin(v, req.Bytes())
	}
	n, bytes := 0, 0
	_ = ear.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for buf := make([]byte, 2000); ; n++ {
		got, err := ear.Read(buf)
		if err != nil {
			break
		}
		bytes += got
	}
	if n != earlyPackets || bytes > len(req.Bytes()) {
		t.Errorf("%d packets of %d bytes for a request of %d", n, bytes, len(req.Bytes()))
	}
}

// TestMirrorPorts: a port that is taken is told in a sentence, and everywhere means
// every address.
func TestMirrorPorts(t *testing.T) {
	held, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	_, err = ListenMirror(MirrorConfig{Listen: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Port: endOf(held.LocalAddr()).Port()})
	if err == nil || !strings.Contains(err.Error(), "another program may have that port") {
		t.Error(err)
	}
	m, err := ListenMirror(MirrorConfig{Listen: []netip.Addr{netip.IPv4Unspecified()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	m.Serve(ctx)
	if len(m.Addresses()) == 0 {
		t.Error("no address")
	}
}
