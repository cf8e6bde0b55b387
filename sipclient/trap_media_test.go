package sipclient

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// rtpPacket builds a packet of 20 ms.
func rtpPacket(first byte, seq uint16, ssrc uint32, after ...byte) []byte {
	b := make([]byte, 12, 200)
	b[0], b[1] = first, 8
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	b = append(b, after...)
	return append(b, make([]byte, 160)...)
}

// ours finds the phone's audio port in an INVITE.
func ours(t *testing.T, m heard) (rtp, rtcp string) {
	t.Helper()
	s, err := sipmsg.ParseSDP(m.Body)
	if err != nil || len(s.Media) == 0 {
		t.Fatal("no SDP")
	}
	if s.Media[0].Port%2 != 0 {
		t.Error("the RTP port is odd:", s.Media[0].Port)
	}
	return fmt.Sprint("127.0.0.1:", s.Media[0].Port), fmt.Sprint("127.0.0.1:", s.Media[0].Port+1)
}

// reportOf waits for a report block about a source.
func reportOf(t *testing.T, s *sound, ssrc uint32, good func(rtcp.ReceptionReport) bool) {
	t.Helper()
	var last rtcp.ReceptionReport
	for end := time.Now().Add(patience); time.Now().Before(end); {
		list, err := rtcp.Unmarshal(mustRead(t, s.rtcp, "RTCP"))
		if err != nil {
			t.Fatal(err)
		}
		if sr, ok := list[0].(*rtcp.SenderReport); ok {
			for _, b := range sr.Reports {
				if b.SSRC == ssrc {
					if last = b; good(b) {
						return
					}
				}
			}
		}
	}
	t.Fatalf("no such report, the last is %+v", last)
}

func fastReports(p *Phone) {
	p.timing.first, p.timing.report = 100*time.Millisecond, 100*time.Millisecond
}

// Without the cure (diago's reader): a header extension with padding panics, and a
// datagram under 12 bytes ends reading for the rest of the call.
func TestTrap03HostileRTP(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	fastReports(p)
	_, inv := connect(t, p, srv, snd.sdp())
	to, ctl := ours(t, inv)
	for _, b := range [][]byte{
		{0x80, 8, 1}, {}, []byte("\x00\x01\x00\x00\x21\x12\xa4\x42............"),
		rtpPacket(0x90, 1, 7, 0xBE, 0xDE, 0, 2, 0x10, 0xAA, 0, 0, 0, 0, 0, 0),
		rtpPacket(0x90, 2, 7, 0xBE, 0xDE, 0xff, 0xff),
		rtpPacket(0x90, 3, 7, 0xBE, 0xDE, 0, 2, 0, 0, 0, 0, 0x10, 0xAA, 0, 0),
		rtpPacket(0x8f, 4, 7), rtpPacket(0xA0, 5, 7), rtpPacket(0x90, 6, 7, 0x12, 0x34, 0, 0),
		append(rtpPacket(0xA0, 7, 7), 0xff),
	} {
		sendTo(t, snd, to, b)
		sendTo(t, snd, ctl, b)
	}
	for seq := range uint16(50) {
		sendTo(t, snd, to, rtpPacket(0x80, 100+seq, 9))
	}
	reportOf(t, snd, 9, func(b rtcp.ReceptionReport) bool { return b.LastSequenceNumber == 149 && b.TotalLost == 0 })
}

func sendTo(t *testing.T, s *sound, to string, b []byte) {
	t.Helper()
	if _, err := s.rtp.WriteToUDPAddrPort(b, mustAddr(to)); err != nil {
		t.Fatal(err)
	}
}

// Without the cure: after the codec changes inside the call, a packet with the old
// payload type locks diago's session, and the call cannot even be ended.
func TestTrap04PayloadType(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	c, inv := connect(t, p, srv, snd.sdp())
	mustRead(t, snd.rtp, "RTP")
	srv.send(p.Local(), srv.within(inv, "INVITE", "tt", 2, strings.ReplaceAll(snd.sdp(), "RTP/AVP 8 101", "RTP/AVP 0 101")))
	ok := srv.until("200 INVITE")
	srv.send(p.Local(), srv.within(inv, "ACK", "tt", 2, ""))
	if !strings.Contains(string(ok.Body), "RTP/AVP 0 101\r\n") {
		t.Errorf("answer %s", ok.Body)
	}
	eventually(t, "PCMU", func() bool { return mustRead(t, snd.rtp, "RTP")[1]&0x7f == 0 })
	done := background(func() error { return c.Hangup(context.Background()) })
	srv.reply(srv.until("BYE"), 200, "", "")
	_ = result(t, done)
	// An answer with a codec that was never offered is acknowledged and ended.
	p2 := newPhone(t, srv.addr(), func(c *Config) { c.Codecs = []string{"pcmu", "G729"} })
	if !hasNote(p2, capture.PhoneLimit+" this test phone cannot do G729, which the account lists") {
		t.Error(notes(p2))
	}
	c2, inv2 := dial(t, p2, srv)
	if !strings.Contains(string(inv2.Body), "RTP/AVP 0 101\r\n") {
		t.Errorf("offer %s", inv2.Body)
	}
	srv.reply(inv2, 200, "tt", snd.sdp())
	srv.until("ACK")
	srv.reply(srv.until("BYE"), 200, "", "")
	c2.Wait(context.Background(), Ended)
}

// Without the cure: diago's RTCP ends at the first re-INVITE; and what arrived
// before the 200 is read in one burst, so that its times are wrong.
func TestTrap06ReportsGoOn(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	fastReports(p)
	c, inv := dial(t, p, srv)
	srv.reply(inv, 183, "tt", snd.sdp())
	to, _ := ours(t, inv)
	began := time.Now()
	for seq := range uint16(5) {
		sendTo(t, snd, to, rtpPacket(0x80, seq, 11))
		time.Sleep(30 * time.Millisecond)
	}
	srv.reply(inv, 200, "tt", snd.sdp())
	srv.until("ACK")
	c.Wait(context.Background(), Answered)
	var times []time.Time
	for _, r := range p.tape.From(0) {
		if r.Packet != nil && r.Packet.Dst.String() == to {
			times = append(times, r.Packet.Time)
		}
	}
	if len(times) != 5 || times[4].Sub(times[0]) < 100*time.Millisecond || times[0].Sub(began) > 50*time.Millisecond {
		t.Errorf("early packets are stamped %v after %v", times, began)
	}
	for i := range 3 {
		srv.send(p.Local(), srv.within(inv, "INVITE", "tt", 2+i, strings.Replace(snd.sdp(), "o=- 1 1", fmt.Sprint("o=- 1 ", 2+i), 1)+"a=x:"+fmt.Sprint(i)+"\r\n"))
		srv.until("200 INVITE")
		srv.send(p.Local(), srv.within(inv, "ACK", "tt", 2+i, ""))
		for read(snd.rtcp, time.Millisecond) != nil {
		}
		mustRead(t, snd.rtcp, "RTCP after the re-INVITE")
	}
}

// Without the cure: hold under SRTP re-offers plain sound, and an offer that cannot
// be taken ends the call. Here hold is mirrored, encryption refused with 488.
func TestTrap12Reinvite(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr(), func(c *Config) { c.Encryption = "none" })
	c, inv := connect(t, p, srv, snd.sdp())
	mustRead(t, snd.rtp, "RTP")
	seq := 1
	offer := func(body string) heard {
		seq++
		srv.send(p.Local(), srv.within(inv, "INVITE", "tt", seq, body))
		for {
			m := srv.next()
			if m.Status >= 200 {
				srv.send(p.Local(), srv.within(inv, "ACK", "tt", seq, ""))
				return m
			}
		}
	}
	drain := func() {
		for read(snd.rtp, time.Millisecond) != nil {
		}
	}
	// The machine may be busy: sound gets seconds to come, silence is short.
	quiet := func() bool { drain(); return read(snd.rtp, 150*time.Millisecond) == nil }
	sounds := func() bool { drain(); return read(snd.rtp, patience) != nil }
	for theirs, want := range map[string]string{"sendonly": "recvonly", "inactive": "inactive", "recvonly": "sendonly", "sendrecv": "sendrecv"} {
		m := offer(snd.sdp("a=" + theirs))
		if m.Status != 200 || !strings.Contains(string(m.Body), "a="+want+"\r\n") {
			t.Errorf("%s: %d %s", theirs, m.Status, m.Body)
		}
		if hold := theirs == "sendonly" || theirs == "inactive"; hold && !quiet() || !hold && !sounds() {
			t.Errorf("%s: sound is sent: %v", theirs, hold)
		}
	}
	if m := offer(strings.Replace(snd.sdp(), "c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0", 1)); m.Status != 200 || !quiet() {
		t.Errorf("old hold: %d", m.Status)
	}
	if m := offer(snd.sdp()); m.Status != 200 || !sounds() {
		t.Errorf("resume: %d", m.Status)
	}
	secure := strings.Replace(snd.sdp("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"), "RTP/AVP", "RTP/SAVP", 1)
	if m := offer(secure); m.Status != 488 || !sounds() {
		t.Errorf("encrypted: %d", m.Status)
	}
	if !hasNote(p, capture.PhoneLimit+" this test phone was told to leave sound unencrypted") {
		t.Error(notes(p))
	}
	if m := offer(""); m.Status != 200 || !strings.Contains(string(m.Body), "m=audio") {
		t.Errorf("late offer: %d %s", m.Status, m.Body)
	}
	if c.State() != Answered || !sounds() {
		t.Error("the call did not survive:", c.State())
	}
}

func mustAddr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
