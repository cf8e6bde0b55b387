package media

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

const (
	testKey    = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // RFC 4568 9.2
	testCrypto = "crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey
	secretly   = "RTP/SAVP 8 101"
)

func TestCryptoLines(t *testing.T) {
	for line, want := range map[string]string{
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey:                                         "1 128",
		"1 aes_cm_128_hmac_sha1_80 INLINE:" + testKey + "|2^20|1:4":                           "1 128 mki 00000001",
		"7 AES_CM_128_HMAC_SHA1_32 inline:" + testKey + "|1048576 WSH=64":                     "7 128",
		"1 AES_CM_128_HMAC_SHA1_32 inline:" + testKey + "|258:2;inline:" + testKey + "|259:2": "1 128 mki 0102",
		"2 AES_256_CM_HMAC_SHA1_80 inline:" + strings.Repeat("A", 62) + "==":                  "2 256",
		"2 AEAD_AES_128_GCM inline:" + strings.Repeat("A", 38):                                "2 128",
		"2 AEAD_AES_256_GCM inline:" + strings.Repeat("A", 59) + "=":                          "2 256",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey + " UNENCRYPTED_SRTP":                   "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey + " KDR=3":                              "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:short":                                              "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey + "|1:400":                              "",
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + testKey + "|300:1":                              "",
		"1 F8_128_HMAC_SHA1_80 inline:" + testKey:                                             "",
		"1 AES_CM_128_HMAC_SHA1_80":                                                           "",
		"":                                                                                    "",
		"1 AES_CM_128_HMAC_SHA1_80 uri:" + testKey:                                            "",
	} {
		got := ""
		if c, err := parseCrypto(line); err == nil {
			got = fmt.Sprint(c.tag, " ", 8*len(c.key))
			if c.mki != nil {
				got += fmt.Sprintf(" mki %x", c.mki)
			}
			if _, err := c.context(); err != nil {
				t.Error(line, err)
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// Every suite, offered to us with others around it: both directions, and RTCP.
func TestEncryptedCalls(t *testing.T) {
	t.Parallel()
	for _, s := range suites {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			b, far, ctl := newBench(t), newPort(t), newPort(t)
			their := newCrypto("3", s).text()
			a := b.reply(t, far.sdp(secretly, events, fmt.Sprintf("rtcp:%d", ctl.number()), "crypto:2 NEW_SUITE inline:x", "crypto:"+their, "crypto:4 "+strings.TrimPrefix(testCrypto, "crypto:1 ")))
			if a.Proto != "RTP/SAVP" || len(a.Crypto) != 1 || !strings.HasPrefix(a.Crypto[0], "3 "+s.name+" ") {
				t.Fatalf("%s %v", a.Proto, a.Crypto)
			}
			x := newTheirs(t, a.Crypto[0], their)
			b.Talk()
			p := x.open(far.must(t))
			if p.PayloadType != 8 || len(p.Payload) != 160 {
				t.Errorf("%v", p.Header)
			}
			for range 20 {
				far.send(t, b.Local(), x.packet(77))
			}
			plain, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 77, NTPTime: 0x0123456789abcdef}})
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := x.out.EncryptRTCP(nil, plain, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctl.send(t, above(b.Local()), sealed)
			for end := time.Now().Add(patience); ; {
				raw := ctl.must(t)
				plain, err := x.in.DecryptRTCP(nil, raw, nil)
				if err != nil {
					t.Fatalf("our report does not open: %v", err)
				}
				if bytes.Contains(raw, []byte(b.reports.cname)) {
					t.Error("our report lies open on the wire")
				}
				list, err := rtcp.Unmarshal(plain)
				if err != nil {
					t.Fatal(err)
				}
				if sr, ok := list[0].(*rtcp.SenderReport); ok && len(sr.Reports) == 1 && sr.Reports[0].LastSenderReport == 0x456789ab && sr.Reports[0].LastSequenceNumber == 20 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("no report about their packets: %v", list)
				}
			}
		})
	}
}

// What lies on the tape is what is on the wire, and no note holds a key.
func TestTapeHoldsCiphertext(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	a := b.reply(t, far.sdp(secretly, events, testCrypto))
	x := newTheirs(t, a.Crypto[0], strings.TrimPrefix(testCrypto, "crypto:"))
	b.Talk()
	wire := far.must(t)
	x.open(wire)
	found := false
	for _, r := range b.tape.From(0) {
		if r.Packet != nil && bytes.Equal(r.Packet.Data, wire) {
			found = true
		}
		if r.Note != nil && (strings.Contains(r.Note.Text, x.ours) || strings.Contains(r.Note.Text, testKey)) {
			t.Error("a note holds a key")
		}
	}
	if !found {
		t.Error("the packet on the wire is not on the tape")
	}
}

// Hold, resume and refresh from both sides keep our key and the rollover counter; a new
// key of theirs counts at once. Without the cure (trap 12) a hold offers plain sound.
func TestKeysStayOverReinvites(t *testing.T) {
	t.Parallel()
	b, far, ctl := newBench(t, func(c *Config) { c.Encryption = Encrypted }), newPort(t), newPort(t)
	at := fmt.Sprintf("rtcp:%d", ctl.number())
	offer := b.offer(t)
	if offer.Proto != "RTP/SAVP" || len(offer.Crypto) != offeredSuites {
		t.Fatalf("%s %v", offer.Proto, offer.Crypto)
	}
	keys := map[string]bool{}
	for _, c := range offer.Crypto {
		_, key, _ := strings.Cut(c, "inline:")
		keys[key] = true
	}
	if len(keys) != offeredSuites {
		t.Error("one key for two lines")
	}
	their := strings.Replace(strings.TrimPrefix(testCrypto, "crypto:"), "1 ", "2 ", 1)
	their = strings.Replace(their, "SHA1_80", "SHA1_32", 1)
	if err := b.Accept([]byte(far.sdp(secretly, events, at, "crypto:"+their))); err != nil {
		t.Fatal(err)
	}
	x := newTheirs(t, offer.Crypto[1], their)
	b.out.offset = 0
	b.Talk()
	x.open(far.must(t))
	// Their rollover counter: their numbers wrap, and no re-INVITE may forget it.
	x.sequence = 65530
	for range 12 {
		far.send(t, b.Local(), x.packet(5))
	}
	b.SetHeld(true)
	hold := b.offer(t)
	if hold.Proto != "RTP/SAVP" || len(hold.Crypto) != 1 || hold.Crypto[0] != offer.Crypto[1] || hold.Direction != "sendonly" {
		t.Fatalf("hold offers %s %s %v", hold.Proto, hold.Direction, hold.Crypto)
	}
	if err := b.Accept([]byte(far.sdp(secretly, events, at, "crypto:"+their, "recvonly"))); err != nil {
		t.Fatal(err)
	}
	if err := b.Accept([]byte(far.sdp(plainFormats, events))); err == nil {
		t.Error("an encrypted call became plain by an answer")
	}
	if _, _, err := b.Reply([]byte(far.sdp(plainFormats, events))); err == nil || !strings.Contains(err.Error(), "keep this call encrypted") {
		t.Error("an encrypted call became plain by an offer:", err)
	}
	b.SetHeld(false)
	resume := b.offer(t)
	if resume.Crypto[0] != offer.Crypto[1] {
		t.Error("resume has another key")
	}
	if err := b.Accept([]byte(far.sdp(secretly, events, at, "crypto:"+their))); err != nil {
		t.Fatal(err)
	}
	far.drain()
	x.open(far.must(t))
	for range 12 {
		far.send(t, b.Local(), x.packet(5))
	}
	for { // all 24 are genuine, by one counter
		plain, err := x.in.DecryptRTCP(nil, ctl.must(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := rtcp.Unmarshal(plain)
		if err != nil {
			t.Fatal(err)
		}
		if sr, ok := list[0].(*rtcp.SenderReport); ok && len(sr.Reports) == 1 && sr.Reports[0].LastSequenceNumber == 65530+23 && sr.Reports[0].TotalLost == 0 {
			break
		}
	}
	// They offer again under another tag, with a new key.
	fresh := newCrypto("9", suites[1]).text()
	a := b.reply(t, far.sdp(secretly, events, at, "crypto:8 "+strings.TrimPrefix(testCrypto, "crypto:1 "), "crypto:"+fresh))
	if _, key, _ := strings.Cut(a.Crypto[0], "inline:"); key != x.ours || !strings.HasPrefix(a.Crypto[0], "9 AES_CM_128_HMAC_SHA1_32 ") {
		t.Errorf("answered with %v", a.Crypto)
	}
	again := newTheirs(t, a.Crypto[0], fresh)
	again.sequence = 100
	far.send(t, b.Local(), again.packet(6))
	for {
		plain, err := x.in.DecryptRTCP(nil, ctl.must(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		list, _ := rtcp.Unmarshal(plain)
		if sr, ok := list[0].(*rtcp.SenderReport); ok {
			if i := len(sr.Reports); i == 2 {
				break
			}
		}
	}
}

// Our own rollover counter goes on, too.
func TestOurRollover(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	a := b.reply(t, far.sdp("RTP/SAVP 8", "ptime:10", testCrypto))
	x := newTheirs(t, a.Crypto[0], strings.TrimPrefix(testCrypto, "crypto:"))
	first := uint16(0)
	for i := range 70000 {
		b.frame(false, time.Now())
		p := x.open(far.must(t))
		if i == 0 {
			first = p.SequenceNumber
		}
		if p.SequenceNumber != first+uint16(i) {
			t.Fatalf("packet %d has the number %d after %d", i, p.SequenceNumber, first)
		}
		if i == 65000 {
			b.reply(t, far.sdp("RTP/SAVP 8", "ptime:10", testCrypto, "sendrecv", "x:y"))
		}
	}
	if first >= 1<<15 {
		t.Errorf("the first number %d may roll over before the other side has heard of us", first)
	}
}
