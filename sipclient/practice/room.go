package practice

import (
	"math"
	"time"

	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// room is where a speaker sounds into a microphone: the phone's own sound comes back
// some time later, and fainter.
type room struct {
	late  time.Duration // 0: it does not
	level float64       // dB

	past  [50][frameSamples]float64 // the last second, by the packets' time
	first uint32                    // timestamp of the first packet
	begun bool
	last  int // frame that was heard last
	due   int // frame that sounds next
}

// hear takes a packet of the phone.
func (r *room) hear(name string, p *rtp.Packet) {
	pcm, ok := codec.Decode(name, p.Payload, nil)
	if r.late == 0 || !ok {
		return
	}
	if !r.begun {
		r.begun, r.first = true, p.Timestamp
		r.due = -int(r.late / frame)
	}
	at := int(int32(p.Timestamp-r.first)) / frameSamples
	if at < 0 || at < r.last-len(r.past)/2 || at > r.last+len(r.past)/2 {
		return
	}
	gain := math.Pow(10, r.level/20)
	frame := &r.past[at%len(r.past)]
	clear(frame[:])
	for i, v := range pcm[:min(len(pcm), len(frame))] {
		frame[i] = gain * float64(v)
	}
	r.last = max(r.last, at)
}

// next is the frame that sounds now, nil where nothing does.
func (r *room) next() []float64 {
	if !r.begun {
		return nil
	}
	at := r.due
	r.due++
	if at < 0 || at > r.last || at <= r.last-len(r.past) {
		return nil
	}
	return r.past[at%len(r.past)][:]
}
