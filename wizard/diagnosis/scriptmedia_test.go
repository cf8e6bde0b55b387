package diagnosis

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/pion/rtcp"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
)

// rtp writes a run of packets: for=5s (the time it lasts) level=-20 (dBFS of a
// tone; "zero" for digital silence, "clip" for an overdriven one, "sealed" for bytes that
// are encrypted) law=PCMA (how G.711 is written, whatever the pt says) loss=3% (spread
// evenly enough) burst=12 (with loss: that many at once) dup=2% swap=2% jitter=40ms
// pt=0 ssrc=1 gap=2s+300ms (a pause after 2 s) addr=HOST:PORT (the far end)
// drift=100ms (that much later each minute) talk=400ms+300ms (the sender sends
// for 400 ms and is silent by itself for 300 ms) extra=10 (that many bytes more in
// each packet, as encryption adds them) keys=159 (after a second these keys are
// pressed, as events of payload type 101, RFC 4733).
func (s *script) rtp(at float64, dir string, words []string) {
	o := readOptions(words)
	out := dir == "out"
	src, dst := s.peer, s.media
	if out {
		src, dst = s.media, s.peer
	}
	if v, ok := o.with["addr"]; ok {
		far, err := netip.ParseAddrPort(v)
		if s.err = err; err != nil {
			return
		}
		if out {
			dst = far
		} else {
			src = far
		}
	}
	lasts, err := time.ParseDuration(o.or("for", "4s"))
	if err != nil {
		s.err = err
		return
	}
	ssrc := s.number(o.or("ssrc", map[bool]string{true: "1001", false: "2002"}[out]))
	pt := uint8(s.number(o.or("pt", "0")))
	loss, dup, swap := s.share(o.or("loss", "0%")), s.share(o.or("dup", "0%")), s.share(o.or("swap", "0%"))
	burst := s.number(o.or("burst", "1"))
	jitter, _ := time.ParseDuration(o.or("jitter", "0s"))
	gapAt, gap := time.Duration(-1), time.Duration(0)
	if a, b, ok := strings.Cut(o.or("gap", ""), "+"); ok {
		gapAt, _ = time.ParseDuration(a)
		gap, _ = time.ParseDuration(b)
	}
	drift, _ := time.ParseDuration(o.or("drift", "0s"))
	talks, rests := time.Duration(0), time.Duration(0)
	if a, b, ok := strings.Cut(o.or("talk", ""), "+"); ok {
		talks, _ = time.ParseDuration(a)
		rests, _ = time.ParseDuration(b)
	}
	silentSoFar, begins := 0, true
	keys := o.or("keys", "")
	random := rand.New(rand.NewPCG(uint64(ssrc), 7))
	n := int(lasts / (20 * time.Millisecond))
	extra := s.number(o.or("extra", "0"))
	debt := 0.0
	start := seconds(at)
	for i := 0; i < n; i++ {
		debt += loss
		if debt >= float64(burst) {
			debt -= float64(burst)
			i += burst - 1
			continue
		}
		if talks > 0 && time.Duration(i)*20*time.Millisecond%(talks+rests) >= talks {
			silentSoFar++
			begins = true
			continue
		}
		when := start.Add(time.Duration(i) * 20 * time.Millisecond)
		if k := i - 50; k >= 0 && k < 10*len(keys) {
			if k%10 >= 6 {
				silentSoFar++ // between two keys
				continue
			}
			key, part := strings.IndexByte("0123456789*#ABCD", keys[k/10]), k%10
			event := []byte{byte(key), 10, byte((part + 1) * 160 >> 8), byte((part + 1) * 160 & 255)}
			if part >= 3 {
				event[1] |= 0x80 // the end, three times
			}
			p := capture.Packet{Time: when, Net: capture.UDP, Src: src, Dst: dst,
				Data: rtpPacket(101, uint16(i-silentSoFar+1), uint32((i-part)*160), uint32(ssrc), part == 0, event)}
			s.records = append(s.records, capture.Record{Packet: &p})
			continue
		}
		when = when.Add(time.Duration(float64(drift) * when.Sub(start).Minutes()))
		if gapAt >= 0 && when.Sub(start) >= gapAt {
			when = when.Add(max(0, gap-(when.Sub(start)-gapAt)/4)) // the sender catches up slowly
		}
		if jitter > 0 {
			when = when.Add(time.Duration(random.Int64N(int64(jitter))))
		}
		seq := i - silentSoFar
		if swap > 0 && i > 0 && math.Mod(float64(i)*swap, 1) < swap {
			when = when.Add(30 * time.Millisecond)
		}
		p := capture.Packet{Time: when, Net: capture.UDP, Src: src, Dst: dst, Data: rtpPacket(pt, uint16(seq+1), uint32(i*160), uint32(ssrc), begins, append(payload(o.or("level", "-20"), o.or("law", ""), pt, i), make([]byte, extra)...))}
		begins = false
		s.records = append(s.records, capture.Record{Packet: &p})
		if dup > 0 && math.Mod(float64(i)*dup, 1) < dup {
			q := p
			q.Time = when.Add(time.Millisecond)
			s.records = append(s.records, capture.Record{Packet: &q})
		}
	}
}

func (s *script) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		s.err = err
	}
	return n
}

func (s *script) share(text string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil {
		s.err = err
	}
	return f / 100
}

func rtpPacket(pt uint8, seq uint16, ts, ssrc uint32, marker bool, payload []byte) []byte {
	d := make([]byte, 12, 12+len(payload))
	d[0], d[1] = 0x80, pt
	if marker {
		d[1] |= 0x80
	}
	binary.BigEndian.PutUint16(d[2:], seq)
	binary.BigEndian.PutUint32(d[4:], ts)
	binary.BigEndian.PutUint32(d[8:], ssrc)
	return append(d, payload...)
}

// payload is that of a packet: a tone, comfort noise (RFC 3389: -70 dBov), or bytes
// that say nothing.
func payload(level, law string, pt uint8, packet int) []byte {
	random := rand.New(rand.NewPCG(uint64(packet), 11))
	switch {
	case pt == 13:
		return []byte{70}
	case level == "sealed":
		out := make([]byte, 160)
		for i := range out {
			out[i] = byte(random.Uint32())
		}
		return out
	}
	out := tone(level, packet)
	if law == "PCMA" || law == "" && pt == 8 {
		pcm, _ := codec.Decode("PCMU", out, nil)
		out, _ = codec.Encode("PCMA", pcm, nil)
	}
	return out
}

// tone is 20 ms of a 400 Hz tone in PCMU.
func tone(level string, packet int) []byte {
	out := make([]byte, 160)
	amplitude := 0.0
	switch level {
	case "zero":
	case "clip":
		amplitude = 4 * 32767
	default:
		dbfs, err := strconv.ParseFloat(level, 64)
		if err == nil {
			amplitude = 32767 * math.Sqrt2 * math.Pow(10, dbfs/20)
		}
	}
	for i := range out {
		v := amplitude * math.Sin(2*math.Pi*400*float64(packet*160+i)/8000)
		out[i] = ulaw(int(math.Max(-32767, math.Min(32767, v))))
	}
	return out
}

// ulaw encodes one sample (ITU-T G.711).
func ulaw(v int) byte {
	sign := 0
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v+132, 32767)
	exponent := 7
	for mask := 0x4000; exponent > 0 && v&mask == 0; mask >>= 1 {
		exponent--
	}
	return ^byte(sign | exponent<<4 | v>>(exponent+3)&15)
}

// rtcp writes one report: "sr" or "rr" or "bye", packets=N, about=SSRC lost=N
// fraction=N/256 highest=N jitter=40ms.
func (s *script) rtcp(at float64, dir string, words []string) {
	o := readOptions(words)
	out := dir == "out"
	src, dst := netip.AddrPortFrom(s.peer.Addr(), s.peer.Port()+1), netip.AddrPortFrom(s.media.Addr(), s.media.Port()+1)
	if out {
		src, dst = dst, src
	}
	ssrc := uint32(s.number(o.or("ssrc", map[bool]string{true: "1001", false: "2002"}[out])))
	var blocks []rtcp.ReceptionReport
	if v, ok := o.with["about"]; ok {
		jitter, _ := time.ParseDuration(o.or("jitter", "1ms"))
		delay, _ := time.ParseDuration(o.or("delay", "0s"))
		blocks = append(blocks, rtcp.ReceptionReport{SSRC: uint32(s.number(v)), FractionLost: uint8(s.number(o.or("fraction", "0"))),
			TotalLost: uint32(s.number(o.or("lost", "0"))), LastSequenceNumber: uint32(s.number(o.or("highest", "0"))), Jitter: uint32(jitter.Seconds() * 8000)})
		if lsr, ok := o.with["lsr"]; ok { // the time at which the sender report that it answers to was sent
			f, _ := strconv.ParseFloat(lsr, 64)
			blocks[0].LastSenderReport = uint32(ntp(seconds(f)) >> 16)
			blocks[0].Delay = uint32(delay.Seconds() * 65536)
		}
	}
	var packets []rtcp.Packet
	switch {
	case len(o.rest) > 0 && o.rest[0] == "sr":
		packets = append(packets, &rtcp.SenderReport{SSRC: ssrc, NTPTime: ntp(seconds(at)), PacketCount: uint32(s.number(o.or("packets", "0"))), Reports: blocks})
	default:
		packets = append(packets, &rtcp.ReceiverReport{SSRC: ssrc, Reports: blocks})
	}
	packets = append(packets, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "x"}}}}})
	if len(o.rest) > 0 && o.rest[len(o.rest)-1] == "bye" {
		packets = append(packets, &rtcp.Goodbye{Sources: []uint32{ssrc}})
	}
	data, err := rtcp.Marshal(packets)
	if err != nil {
		s.err = err
		return
	}
	s.records = append(s.records, capture.Record{Packet: &capture.Packet{Time: seconds(at), Net: capture.UDP, Src: src, Dst: dst, Data: data}})
}

func ntp(t time.Time) uint64 {
	const offset = 2208988800
	return uint64(t.Unix()+offset)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// icmp writes an error about a packet of ours: port, host or admin.
func (s *script) icmp(at float64, target, reason string) {
	addr, err := netip.ParseAddrPort(target)
	code, known := map[string]byte{"net": 0, "host": 1, "port": 3, "admin": 13}[reason]
	if err != nil || !known {
		s.err = fmt.Errorf("no ICMP error: %v", err)
		return
	}
	from := s.phone
	if addr.Port() == s.peer.Port() {
		from = s.media
	}
	d := make([]byte, 8+20+8)
	d[0], d[1] = 3, code
	ip := d[8:]
	ip[0], ip[9] = 0x45, 17
	copy(ip[12:], from.Addr().AsSlice())
	copy(ip[16:], addr.Addr().AsSlice())
	binary.BigEndian.PutUint16(ip[20:], from.Port())
	binary.BigEndian.PutUint16(ip[22:], addr.Port())
	s.records = append(s.records, capture.Record{Packet: &capture.Packet{Time: seconds(at), Net: capture.ICMP,
		Src: netip.AddrPortFrom(addr.Addr(), 0), Dst: netip.AddrPortFrom(s.phone.Addr(), 0), Data: d}})
}
