package sipclient

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
)

// Without the cure: early media is noticed on 183 only.
func TestTrap14EarlyMediaOn180(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	c, inv := dial(t, p, srv)
	srv.reply(inv, 180, "tt", snd.sdp())
	for range 3 {
		mustRead(t, snd.rtp, "RTP to open the way")
	}
	if read(snd.rtp, 150*time.Millisecond) != nil {
		t.Error("sound before the answer")
	}
	if c.State() != Ringing {
		t.Error(c.State())
	}
	srv.reply(inv, 486, "tt", "")
	srv.until("ACK")
	c.Wait(context.Background(), Ended)
}

// Without the cure (diago's SDP): calls that any phone takes are refused: other
// numbers for telephone-event, video beside audio, AVPF, names and media-level c= lines.
func TestTrap16Descriptions(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	port := snd.port()
	for what, c := range map[string]struct{ body, want string }{
		"telephone-event 96":  {strings.ReplaceAll(snd.sdp(), "101", "96"), "m=audio PORT RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:96 telephone-event/8000\r\n"},
		"audio and video":     {snd.sdp() + "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "m=video 0 RTP/AVP 97\r\n"},
		"video before audio":  {strings.Replace(snd.sdp(), "m=audio", "m=video 4002 RTP/AVP 97\r\nm=audio", 1), "t=0 0\r\nm=video 0 RTP/AVP 97\r\nm=audio"},
		"AVPF":                {strings.Replace(snd.sdp(), "RTP/AVP", "RTP/AVPF", 1), " RTP/AVPF 8"},
		"media-level c=":      {strings.Replace(strings.Replace(snd.sdp(), "c=IN IP4 127.0.0.1\r\n", "", 1), "a=rtpmap:101", "c=IN IP4 127.0.0.1\r\na=rtpmap:101", 1), "m=audio"},
		"name in c=":          {strings.Replace(snd.sdp(), "c=IN IP4 127.0.0.1", "c=IN IP4 localhost", 1), "m=audio"},
		"opus first":          {strings.Replace(snd.sdp("a=rtpmap:111 opus/48000/2"), "AVP 8", "AVP 111 8", 1), "RTP/AVP 8 101\r\n"},
		"SAVP beside AVP":     {strings.Replace(snd.sdp(), "m=audio", "m=audio 4004 RTP/SAVP 8\r\nm=audio", 1), "m=audio 0 RTP/SAVP 8\r\nm=audio"},
		"PCMU preferred":      {strings.Replace(snd.sdp(), "AVP 8", "AVP 0 8", 1), "RTP/AVP 0 8 101\r\n"},
		"bare LF everywhere":  {strings.ReplaceAll(snd.sdp(), "\r\n", "\n"), "m=audio"},
		"no rtpmap, no event": {fmt.Sprintf("%sm=audio %d RTP/AVP 8\r\n", goodHead, port), "RTP/AVP 8\r\n"},
	} {
		t.Run(what, func(t *testing.T) {
			id := "d-" + randomHex(4)
			srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", id, 1, c.body))
			call, err := p.Await(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_ = call.Answer(context.Background())
			var m heard
			for m = srv.next(); m.Status < 200; m = srv.next() {
			}
			if m.Status != 200 {
				t.Fatal(m.Status, notes(p))
			}
			srv.send(p.Local(), srv.build("ACK", "sip:alice@x", m.Get("From"), m.Get("To"), id, 1, ""))
			s, err := sipmsg.ParseSDP(m.Body)
			if err != nil || len(s.Problems) > 0 && !strings.Contains(what, "video") {
				t.Error(err, s.Problems)
			}
			got := string(m.Body)
			for _, media := range s.Media {
				if media.Port > 0 {
					got = strings.Replace(got, fmt.Sprint("audio ", media.Port), "audio PORT", 1)
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("answer %q, want %q in it", got, c.want)
			}
			for read(snd.rtp, time.Millisecond) != nil {
			}
			mustRead(t, snd.rtp, "RTP")
			srv.send(p.Local(), srv.build("BYE", "sip:alice@x", m.Get("From"), m.Get("To"), id, 2, ""))
			srv.until("200 BYE")
			call.Wait(context.Background(), Ended)
		})
	}
	// What only a better phone takes rings, is refused at the answer, and is noted.
	srv.send(p.Local(), srv.build("INVITE", "sip:alice@x", "<sip:b@x>;tag=b", "<sip:alice@x>", "g729", 1, strings.Replace(sdpFor(4000), "AVP 8", "AVP 18", 1)))
	call, err := p.Await(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_ = call.Answer(context.Background())
	srv.until("488 INVITE")
	if !hasNote(p, capture.PhoneLimit+" this test phone cannot do G.729") {
		t.Error(notes(p))
	}
}

// Without the cure: diago's figures start over at a new SSRC and go wrong at the wrap.
func TestTrap17Counts(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	fastReports(p)
	_, inv := connect(t, p, srv, snd.sdp())
	to, ctl := ours(t, inv)
	for i := range 200 {
		seq := uint16(65436 + i) // wraps after 100
		if i%10 == 5 {
			continue // 20 lost
		}
		sendTo(t, snd, to, rtpPacket(0x80, seq, 21))
		sendTo(t, snd, to, rtpPacket(0x80, uint16(i), 22)) // another source, without loss but for the same places
	}
	sr, err := rtcp.Marshal([]rtcp.Packet{&rtcp.SenderReport{SSRC: 21, NTPTime: 0x0123456789abcdef}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := snd.rtcp.WriteToUDPAddrPort(sr, mustAddr(ctl)); err != nil {
		t.Fatal(err)
	}
	reportOf(t, snd, 21, func(b rtcp.ReceptionReport) bool {
		return b.TotalLost == 20 && b.LastSequenceNumber == 65436+199 && b.LastSenderReport == 0x456789ab && b.Delay > 0
	})
	reportOf(t, snd, 22, func(b rtcp.ReceptionReport) bool { return b.TotalLost == 20 && b.LastSequenceNumber == 199 })
}

// The true counts of the sender reports, against the packets that arrived, and the pace.
func TestSenderReports(t *testing.T) {
	srv, snd := newPeer(t), newSound(t)
	p := newPhone(t, srv.addr())
	connect(t, p, srv, snd.sdp())
	var last rtp.Packet
	began := time.Now()
	for n := range 50 {
		var pkt rtp.Packet
		if err := pkt.Unmarshal(mustRead(t, snd.rtp, "RTP")); err != nil {
			t.Fatal(err)
		}
		// On a busy machine a pause is skipped over, and the next packet is marked.
		step := pkt.Timestamp - last.Timestamp
		if n > 0 && (pkt.SequenceNumber != last.SequenceNumber+1 || step%160 != 0 || step != 160 && !pkt.Marker) {
			t.Fatalf("packet %d: seq %d after %d, time %d after %d", n, pkt.SequenceNumber, last.SequenceNumber, pkt.Timestamp, last.Timestamp)
		}
		last = pkt
	}
	if took := time.Since(began); took < 700*time.Millisecond {
		t.Errorf("50 packets took %s, want 1 s", took)
	}
	list, err := rtcp.Unmarshal(mustRead(t, snd.rtcp, "RTCP"))
	if err != nil {
		t.Fatal(err)
	}
	sr, ok := list[0].(*rtcp.SenderReport)
	if !ok || sr.OctetCount != 160*sr.PacketCount {
		t.Fatalf("%v", list[0])
	}
	// Its RTP time belongs to the moment of sending: the packet that follows is at most 40 ms on.
	for {
		var pkt rtp.Packet
		if err := pkt.Unmarshal(mustRead(t, snd.rtp, "RTP")); err != nil {
			t.Fatal(err)
		}
		if d := int32(pkt.Timestamp - sr.RTPTime); d >= 0 {
			if d > 320 && !pkt.Marker {
				t.Errorf("SR says %d, the next packet has %d", sr.RTPTime, pkt.Timestamp)
			}
			return
		}
	}
}
