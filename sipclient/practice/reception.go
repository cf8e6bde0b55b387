package practice

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// reception counts what arrives from one source, as RFC 3550 6.4.1 and its
// appendix A.3 and A.8 say. It is not safe for concurrent use.
type reception struct {
	ssrc      uint32
	base      uint32 // extended sequence number of the first packet
	highest   uint32 // the highest so far, with the turns of the counter above 16 bits
	received  uint32
	transit   float64 // of the last packet, in clock ticks
	jitter    float64
	expBefore uint32 // expected and received at the last report
	recBefore uint32

	report   uint32    // middle 32 bits of the last sender report's time
	reportAt time.Time // when it came
}

// clockRate of every codec this server speaks, in Hz.
const clockRate = 8000

// add counts a packet. A new source starts afresh.
func (r *reception) add(h *rtp.Header, at time.Time) {
	ticks := float64(at.UnixMicro())*clockRate/1e6 - float64(h.Timestamp)
	if r.received == 0 || r.ssrc != h.SSRC {
		*r = reception{ssrc: h.SSRC, base: uint32(h.SequenceNumber), highest: uint32(h.SequenceNumber), received: 1, transit: ticks}
		return
	}
	r.received++
	if step := int16(h.SequenceNumber - uint16(r.highest)); step > 0 {
		r.highest += uint32(step)
	}
	d := ticks - r.transit
	r.transit = ticks
	if d < 0 {
		d = -d
	}
	r.jitter += (d - r.jitter) / 16
}

// heard notes a sender report, for the round trip that its sender computes.
func (r *reception) heard(sr *rtcp.SenderReport, at time.Time) {
	if r.received > 0 && sr.SSRC == r.ssrc {
		r.report, r.reportAt = uint32(sr.NTPTime>>16), at
	}
}

// block gives the report about this source; ok is false before the first packet.
// percent above zero claims that so much was lost.
func (r *reception) block(now time.Time, percent int) (b rtcp.ReceptionReport, ok bool) {
	if r.received == 0 {
		return b, false
	}
	expected := r.highest - r.base + 1
	b = rtcp.ReceptionReport{SSRC: r.ssrc, LastSequenceNumber: r.highest, Jitter: uint32(r.jitter)}
	// pion keeps the 24 bits of the cumulative loss unsigned; duplicates make it
	// negative, which this server leaves at zero.
	if expected > r.received {
		b.TotalLost = min(expected-r.received, 1<<23-1)
	}
	exp, rec := expected-r.expBefore, r.received-r.recBefore
	if exp > rec && exp > 0 {
		b.FractionLost = uint8(min(256*(exp-rec)/exp, 255))
	}
	r.expBefore, r.recBefore = expected, r.received
	if percent > 0 {
		b.TotalLost = expected * uint32(percent) / 100
		b.FractionLost = uint8(256 * percent / 100)
	}
	if !r.reportAt.IsZero() {
		b.LastSenderReport = r.report
		b.Delay = uint32(now.Sub(r.reportAt).Seconds() * 65536)
	}
	return b, true
}

// ntp is a time in the format of RFC 3550 4: seconds since 1900 above 32 bits of
// fraction.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}
