package probe

import (
	"net/netip"
	"testing"

	"softphonedoctor/sipclient/sipmsg"
)

// FuzzMirror: whatever comes, a mirror does not fall over, sends nobody more than it
// got before that one has proven its address, and reports bytes as they came.
func FuzzMirror(f *testing.F) {
	seed := closedMirror()
	v, w := client(seed, "198.51.100.9:4000")
	for _, method := range []string{"OPTIONS", "REGISTER", "INVITE", "BYE", "ACK"} {
		for _, verb := range []string{sayHello, sayLook, saySound, sayCount, sayReady} {
			m := w.request(method, writeWord(verb, "cookie", seed.cookie(v, 0), "at", "203.0.113.5", "id", "0011223344556677"))
			m.SetBody("application/sdp", mirrorMedia(v.from.Addr(), 4002))
			f.Add(m.Bytes(), true)
			f.Add(m.Bytes(), false)
		}
	}
	f.Add([]byte("OPTIONS sip:x SIP/2.0\r\nv: SIP/2.0/UDP x, SIP/2.0/UDP y\r\n"+mirrorHeader+": hello\r\n\r\n"), false)
	f.Fuzz(func(t *testing.T, raw []byte, proven bool) {
		m := closedMirror()
		m.secret[0] = 1 // no cookie of the seeds is good
		v, _ := client(m, "198.51.100.9:4000")
		v.proven = proven
		out := m.answer(v, raw)
		if out == nil {
			return
		}
		if len(out) > len(raw) && !proven {
			t.Fatalf("%d bytes for %d", len(out), len(raw))
		}
		reply, err := sipmsg.Parse(out)
		if err != nil || reply.IsRequest() {
			t.Fatalf("%v: %q", err, out)
		}
		said, ok := readWord(reply.Get(mirrorHeader))
		if !ok {
			t.Fatalf("no word in %q", out)
		}
		if said.verb != saySeen {
			return
		}
		body, err := unpackReport(reply.Body, said.values["sha256"])
		if err != nil {
			t.Fatal(err)
		}
		from, _, came, err := splitReport(body)
		if err != nil || from != v.from {
			t.Fatalf("%s, %v", from, err)
		}
		if _, count := readCount(string(came)); !count && string(came) != string(raw) {
			t.Fatalf("reported %q for %q", came, raw)
		}
	})
}

// FuzzMirrorReport: what claims to be a mirror's answer is read without harm.
func FuzzMirrorReport(f *testing.F) {
	packed, sum := packReport([]byte("198.51.100.9:4000 udp/5060\nOPTIONS sip:x SIP/2.0\r\n\r\n"))
	var b bitmap
	b.set(3)
	f.Add(packed, "seen;sha256="+sum, soundCount{Got: 1, Sent: 1, Media: netip.MustParseAddrPort("1.2.3.4:5"), Came: b}.String())
	f.Add([]byte("AAAA"), "ready;cookie=1;udp=1,2,,99999;tls=0;port=70000", "sound got=1")
	f.Add(soundPacket(soundID{1}, [16]byte{2}, soundBack, 3, 160), "sound;at=fe80::1%x;early=-1", "sound came=zz")
	f.Fuzz(func(t *testing.T, body []byte, header, count string) {
		if w, ok := readWord(header); ok {
			_, _ = unpackReport(body, w.values["sha256"])
			_ = w.number("port", 65535)
			_ = w.addr("at")
			if len(w.ports("udp")) > 8 {
				t.Fatal("too many ports")
			}
		}
		_, _, _, _ = splitReport(body)
		_, _, _, _, _ = readSound(body)
		if c, ok := readCount(count); ok {
			again, same := readCount(c.String())
			if !same || again.Came != c.Came || again.Got != c.Got {
				t.Fatalf("%q became %q", count, c)
			}
		}
		for _, c := range compare(body, []byte(count)) {
			_ = c.changedTo()
		}
		_ = lengthFits(body)
	})
}
