package probe

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

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
