package media

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"softphonedoctor/sipclient/sipmsg"
)

// packet reads the next RTP packet of a port.
func (p port) packet(t testing.TB) (pkt rtp.Packet) {
	t.Helper()
	if err := pkt.Unmarshal(p.must(t)); err != nil {
		t.Fatal(err)
	}
	return pkt
}

// Offers that real servers send: what we answer, and that our sound arrives where and as
// it was asked for.
func TestOffersOfServers(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		offer   func(far port) string
		codecs  []string
		want    string // our formats
		proto   string
		kind    uint8 // of our packets
		payload int   // bytes in each; 0: 160
	}{
		"a number of their own for PCMA": {offer: func(p port) string { return p.sdp("RTP/AVP 97", "rtpmap:97 PCMA/8000") }, want: "97 PCMA", kind: 97},
		"no rtpmap for static types":     {offer: func(p port) string { return p.sdp("RTP/AVP 18 4 0 8") }, want: "0 PCMU, 8 PCMA", kind: 0},
		"many clocks of telephone-event": {offer: func(p port) string {
			return p.sdp("RTP/AVP 8 96 97 98", "rtpmap:96 telephone-event/48000", "rtpmap:97 telephone-event/16000", "rtpmap:98 telephone-event/8000", "fmtp:98 0-16,36")
		}, want: "8 PCMA, 98 telephone-event", kind: 8},
		"odd fmtp":                             {offer: func(p port) string { return p.sdp(plainFormats, events, "fmtp:101", "fmtp:8 x=;;=y", "fmtp:99 z") }, want: "8 PCMA, 101 telephone-event", kind: 8},
		"AVPF":                                 {offer: func(p port) string { return p.sdp("RTP/AVPF 8", "rtcp-fb:* nack") }, want: "8 PCMA", proto: "RTP/AVPF", kind: 8},
		"stereo at 97":                         {offer: func(p port) string { return p.sdp("RTP/AVP 97 0", "rtpmap:97 PCMA/8000/2") }, want: "0 PCMU", kind: 0},
		"wide at 97":                           {offer: func(p port) string { return p.sdp("RTP/AVP 97 0", "rtpmap:97 PCMA/16000") }, want: "0 PCMU", kind: 0},
		"codec twice":                          {offer: func(p port) string { return p.sdp("RTP/AVP 8 97 8", "rtpmap:97 PCMA/8000") }, want: "8 PCMA", kind: 8},
		"comfort noise":                        {offer: func(p port) string { return p.sdp("RTP/AVP 13 8", "rtpmap:13 CN/8000") }, want: "8 PCMA", kind: 8},
		"comfort noise that the account lists": {offer: func(p port) string { return p.sdp("RTP/AVP 13 8") }, codecs: []string{"PCMA", "CN"}, want: "13 CN, 8 PCMA", kind: 8},
		"G.722":                                {offer: func(p port) string { return p.sdp("RTP/AVP 9 8 101", events) }, codecs: []string{"g722", "PCMA"}, want: "9 G722, 8 PCMA, 101 telephone-event", kind: 9},
		"10 ms":                                {offer: func(p port) string { return p.sdp("RTP/AVP 8", "ptime:10") }, want: "8 PCMA", kind: 8, payload: 80},
		"30 ms":                                {offer: func(p port) string { return p.sdp("RTP/AVP 8", "ptime:30") }, want: "8 PCMA", kind: 8, payload: 240},
		"40 ms":                                {offer: func(p port) string { return p.sdp("RTP/AVP 8", "ptime:40", "maxptime:150") }, want: "8 PCMA", kind: 8, payload: 320},
		"60 ms":                                {offer: func(p port) string { return p.sdp("RTP/AVP 9", "ptime:60") }, codecs: []string{"G722"}, want: "9 G722", kind: 9, payload: 480},
		"200 ms":                               {offer: func(p port) string { return p.sdp("RTP/AVP 8", "ptime:200") }, want: "8 PCMA", kind: 8, payload: 480},
		"40 ms, but at most 20":                {offer: func(p port) string { return p.sdp("RTP/AVP 8", "ptime:40", "maxptime:20") }, want: "8 PCMA", kind: 8},
		"at most 10 ms":                        {offer: func(p port) string { return p.sdp("RTP/AVP 8", "maxptime:10") }, want: "8 PCMA", kind: 8, payload: 80},
		"c= of the sound before that of the session": {offer: func(p port) string {
			text := strings.Replace(p.sdp("RTP/AVP 8", "sendrecv"), "c=IN IP4 127.0.0.1", "c=IN IP4 192.0.2.1", 1)
			return strings.Replace(text, "a=sendrecv", "c=IN IP4 127.0.0.1\r\na=sendrecv", 1)
		}, want: "8 PCMA", kind: 8},
		"a name in c=": {offer: func(p port) string {
			return strings.Replace(p.sdp("RTP/AVP 8"), "c=IN IP4 127.0.0.1", "c=IN IP4 media.test", 1)
		}, want: "8 PCMA", kind: 8},
		"ICE beside plain addresses": {offer: func(p port) string {
			return p.sdp("RTP/AVP 8", "ice-ufrag:x", "ice-pwd:y", "candidate:1 1 UDP 1 127.0.0.1 4000 typ host", "mid:0")
		}, want: "8 PCMA", kind: 8},
		"a bundle": {offer: func(p port) string {
			return strings.Replace(p.sdp("RTP/AVP 8", "mid:0"), "m=audio", "a=group:BUNDLE 0 1\r\nm=audio", 1) + "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=mid:1\r\n"
		}, want: "8 PCMA", kind: 8},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			far := newPort(t)
			b := newBench(t, func(c *Config) { c.Lookup = testNames })
			b.allowed = codecs(c.codecs)
			a := b.reply(t, c.offer(far))
			if names(a) != c.want || c.proto != "" && a.Proto != c.proto {
				t.Errorf("we answer %s %s, want %s", a.Proto, names(a), c.want)
			}
			size := c.payload
			if size == 0 {
				size = 160
			}
			if a.PTime != time.Duration(size/8)*time.Millisecond {
				t.Errorf("a=ptime says %s, our packets have %d bytes", a.PTime, size)
			}
			b.Talk()
			one, two := far.packet(t), far.packet(t)
			if one.PayloadType != c.kind || len(one.Payload) != size {
				t.Errorf("a packet of type %d with %d bytes, want %d with %d", one.PayloadType, len(one.Payload), c.kind, size)
			}
			// One byte is one unit of the clock in G.711 and, by convention, in G.722.
			if step := two.Timestamp - one.Timestamp; step%uint32(size) != 0 || step == 0 {
				t.Errorf("the timestamp moves by %d, want %d", step, size)
			}
		})
	}
}

func testNames(host string, port int) []netip.AddrPort {
	if host == "media.test" {
		return []netip.AddrPort{netip.AddrPortFrom(netip.MustParseAddr("::1"), uint16(port)), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))}
	}
	return literal(host, port)
}

// Several lines: the sound is taken, the others refused in their places, and our own
// offers keep the places (RFC 3264 8).
func TestLinesKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	video, text := "m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "m=text 4004 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n"
	sound := strings.TrimPrefix(far.sdp(plainFormats, events), head)
	check := func(body []byte) {
		t.Helper()
		s, err := sipmsg.ParseSDP(body)
		if err != nil || len(s.Media) != 3 || s.Media[0].Type != "video" || s.Media[0].Port != 0 || s.Media[1].Type != "audio" || s.Media[1].Port != int(b.Local().Port()) || s.Media[2].Type != "text" || s.Media[2].Port != 0 {
			t.Errorf("%v\n%s", err, body)
		}
	}
	check(b.replyText(t, head+video+sound+text))
	b.SetHeld(true)
	hold, err := b.Offer()
	if err != nil {
		t.Fatal(err)
	}
	check(hold)
	if !strings.Contains(string(hold), "a=sendonly") {
		t.Errorf("%s", hold)
	}
	if err := b.Accept([]byte(head + "m=video 0 RTP/AVP 97\r\n" + sound + "a=recvonly\r\nm=text 0 RTP/AVP 98\r\n")); err != nil {
		t.Error(err)
	}
}

// Our answers to an unchanged description are unchanged; a change counts the version of
// the o= line up by one (RFC 3264 8).
func TestVersionCountsChanges(t *testing.T) {
	t.Parallel()
	b, far := newBench(t), newPort(t)
	version := func(body []byte) (v string) {
		s, err := sipmsg.ParseSDP(body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(s.Origin)[2]
	}
	one, two := version(b.replyText(t, far.sdp(plainFormats, events))), version(b.replyText(t, far.sdp(plainFormats, events)))
	three := version(b.replyText(t, far.sdp(plainFormats, events, "sendonly")))
	if one != "1" || two != "1" || three != "2" {
		t.Errorf("versions %s, %s, %s", one, two, three)
	}
}

// Answers that do not mirror our offer.
func TestAnswersOfServers(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		formats    string
		attributes []string
		kind       uint8
		event      uint8
		err        string
	}{
		"one codec":                  {formats: plainFormats, attributes: []string{events}, kind: 8, event: 101},
		"more than one codec":        {formats: "RTP/AVP 0 8 101", attributes: []string{events}, kind: 0, event: 101},
		"one that we did not offer":  {formats: "RTP/AVP 18", err: errForeignAnswer.Error()},
		"beside one that we offered": {formats: "RTP/AVP 18 8", kind: 8},
		"another number":             {formats: "RTP/AVP 110 100", attributes: []string{"rtpmap:110 PCMU/8000", "rtpmap:100 telephone-event/8000"}, kind: 110, event: 100},
		"not in the account":         {formats: "RTP/AVP 9", err: errForeignAnswer.Error()},
		"encrypted after all":        {formats: "RTP/SAVP 8", attributes: []string{testCrypto}, err: errSealedAnswer.Error()},
		"no sound":                   {formats: "RTP/AVP 101", attributes: []string{events}, err: errNoSound.Error()},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b, far := newBench(t), newPort(t)
			b.offer(t)
			err := b.Accept([]byte(far.sdp(c.formats, c.attributes...)))
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) {
					t.Errorf("%v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b.Talk()
			if p := far.packet(t); p.PayloadType != c.kind || b.event.PayloadType != c.event {
				t.Errorf("sound has the type %d, digits %d", p.PayloadType, b.event.PayloadType)
			}
			// Our next offer keeps the numbers in use.
			if a := b.offer(t); c.event != 0 && (a.Codec(c.kind) == nil || a.Codec(c.event) == nil) {
				t.Errorf("offered again: %s", names(a))
			}
		})
	}
}

// All forms of hold stop our sound, and are answered by what fits.
func TestEveryHold(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct{ offer, want string }{
		"sendonly":                 {"a=sendonly\r\n", "recvonly"},
		"inactive":                 {"a=inactive\r\n", "inactive"},
		"0.0.0.0":                  {"c=IN IP4 0.0.0.0\r\n", "recvonly"},
		"0.0.0.0 and inactive":     {"c=IN IP4 0.0.0.0\r\na=inactive\r\n", "inactive"},
		"for the whole session":    {"session a=sendonly", "recvonly"},
		"off by port 0":            {"off", ""},
		"not a hold: recvonly":     {"a=recvonly\r\n", "sendonly"},
		"not a hold: sendrecv":     {"a=sendrecv\r\n", "sendrecv"},
		"not a hold: no direction": {"", "sendrecv"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			b, far := newBench(t), newPort(t)
			offer := far.sdp(plainFormats, events)
			b.reply(t, offer)
			b.Talk()
			before := far.packet(t)
			hold := offer + c.offer
			switch c.offer {
			case "session a=sendonly":
				hold = strings.Replace(offer, "m=audio", "a=sendonly\r\nm=audio", 1)
			case "off":
				hold = strings.Replace(offer, fmt.Sprintf("m=audio %d ", far.number()), "m=audio 0 ", 1)
			}
			body := b.replyText(t, hold)
			if c.offer == "off" {
				if !strings.Contains(string(body), "m=audio 0 ") {
					t.Errorf("%s", body)
				}
			} else if got := audio(t, body).Direction; got != c.want {
				t.Errorf("we answer %s, want %s", got, c.want)
			}
			held := !strings.HasPrefix(what, "not")
			if held {
				far.read(50 * time.Millisecond) // what was on its way
				far.drain()
				if far.read(200*time.Millisecond) != nil {
					t.Error("sound while on hold")
				}
			}
			b.reply(t, offer)
			after := far.packet(t)
			if !held {
				return
			}
			if after.SequenceNumber-before.SequenceNumber > 6 || after.SSRC != before.SSRC || !after.Marker {
				t.Errorf("after the hold %v, before it %v", after.Header, before.Header)
			}
			if passed := after.Timestamp - before.Timestamp; passed < 200*8 || passed%160 != 0 {
				t.Errorf("the timestamps say that %d ms passed", passed/8)
			}
		})
	}
}

// What a description can want that this phone cannot do is said in the words of the table.
func TestLimitsAreNamed(t *testing.T) {
	t.Parallel()
	far := newPort(t)
	for what, c := range map[string]struct{ offer, want string }{
		"DTLS":          {far.sdp("UDP/TLS/RTP/SAVPF 8", "fingerprint:sha-256 00"), limitDTLS},
		"DTLS as SAVP":  {far.sdp("RTP/SAVPF 8", "fingerprint:sha-256 00", "setup:actpass"), limitDTLS},
		"MIKEY":         {far.sdp("RTP/SAVP 8", "key-mgmt:mikey AQAF"), limitMIKEY},
		"ZRTP":          {far.sdp("RTP/SAVP 8", "zrtp-hash:1.10 00"), limitZRTP},
		"unknown suite": {far.sdp("RTP/SAVP 8", "crypto:1 F8_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"), limitSuite},
		"no key":        {far.sdp("RTP/SAVP 8"), limitSuite},
		"ICE only":      {strings.Replace(head, "127.0.0.1\r\nt", "0.0.0.0\r\nt", 1) + "m=audio 9 RTP/AVP 8\r\na=ice-ufrag:x\r\n", limitICE},
		"video":         {head + "m=video 4000 RTP/AVP 97\r\n", limitVideo},
		"fax":           {head + "m=image 4000 udptl t38\r\n", limitFax},
		"text":          {head + "m=text 4000 RTP/AVP 98\r\n", limitText},
		"over TCP":      {far.sdp("TCP/RTP/AVP 8"), limitTransport},
		"multicast":     {strings.Replace(far.sdp("RTP/AVP 8"), "c=IN IP4 127.0.0.1", "c=IN IP4 239.1.2.3/127", 1), limitMulticast},
		"IPv6":          {strings.Replace(far.sdp("RTP/AVP 8"), "c=IN IP4 127.0.0.1", "c=IN IP6 ::1", 1), limitFamilies},
		"Opus":          {far.sdp("RTP/AVP 96", "rtpmap:96 OPUS/48000/2"), "Opus"},
		"G.729":         {far.sdp("RTP/AVP 18 101", events), "G.729"},
		"both":          {far.sdp("RTP/AVP 18 96", "rtpmap:96 opus/48000/2"), "G.729, Opus"},
		"another":       {far.sdp("RTP/AVP 96", "rtpmap:96 EVS/16000"), "EVS"},
	} {
		t.Run(what, func(t *testing.T) {
			_, _, err := newBench(t).Reply([]byte(c.offer))
			var limit LimitError
			if !errors.As(err, &limit) || !strings.HasPrefix(limit.Error(), "this test phone cannot do "+c.want+": ") {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
