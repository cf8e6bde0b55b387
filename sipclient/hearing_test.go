package sipclient

import (
	"math/rand/v2"
	"testing"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
)

// feed plays the line: a second of sound in 20 ms packets goes out, and comes back after
// a delay at a level, some of it lost or in another order.
func feed(h *hearing, seconds int, delay time.Duration, gain float64, lose, swap func(i int) bool) {
	began := time.Now()
	frame := make([]int16, 160)
	var sent []int16
	late := int(delay.Seconds() * codec.SampleRate)
	var held *heardPacket
	for i := range seconds * 50 {
		h.Frame(frame)
		h.given = began.Add(time.Duration(i) * 20 * time.Millisecond)
		sent = append(sent, frame...)
		back := make([]int16, 160)
		for k := range back {
			if at := i*160 + k - late; at >= 0 {
				back[k] = int16(float64(sent[at]) * gain)
			}
		}
		p := heardPacket{Heard: media.Heard{Codec: "PCMA", SSRC: 7, Timestamp: uint32(i * 160), At: h.given, Payload: codec.EncodeALaw(nil, back)}}
		p.sent = h.sentAt(p.At)
		switch {
		case lose(i):
		case held != nil:
			h.line(p)
			h.line(*held)
			held = nil
		case swap(i):
			held = &p
		default:
			h.line(p)
		}
	}
}

func never(int) bool { return false }

// TestHearing: what comes back is found with its delay and level, through loss and
// packets in another order; and what does not come back is not.
func TestHearing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, c := range map[string]struct {
		delay      time.Duration
		gain       float64
		lose, swap func(int) bool
		lost       float64
	}{
		"echo service": {60 * time.Millisecond, 1, never, never, 0},
		"with loss":    {120 * time.Millisecond, 0.8, func(int) bool { return random.Float64() < 0.05 }, never, 5},
		"turned round": {200 * time.Millisecond, 0.5, never, func(i int) bool { return i%7 == 0 }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := &hearing{probe: codec.NewProbe(5)}
			feed(h, 8, c.delay, c.gain, c.lose, c.swap)
			got, ok := h.heard()
			if !ok || !got.Found || (got.Return.Delay-c.delay).Abs() > 2*time.Millisecond {
				t.Fatalf("%+v", got)
			}
			if lost := got.LostPercent(); lost < c.lost-3 || lost > c.lost+4 {
				t.Errorf("%.1f %% lost, want %.1f", lost, c.lost)
			}
		})
	}
	h := &hearing{probe: codec.NewProbe(5)}
	feed(h, 8, 50*time.Millisecond, 0, never, never)
	if got, ok := h.heard(); !ok || got.Found || !got.Enough {
		t.Errorf("silence: %+v", got)
	}
}

// TestNoteHeard: an echo service is told from an echo by accident, and a call without
// sound says nothing.
func TestNoteHeard(t *testing.T) {
	for _, c := range []struct {
		gain  float64
		asked bool
		want  map[string]string
	}{
		{1, false, map[string]string{capture.SoundReturn: "yes", capture.SoundEcho: "no"}},
		{0.1, false, map[string]string{capture.SoundEcho: "yes"}},
		{0, true, map[string]string{capture.SoundReturn: "no", capture.SoundEcho: "no"}},
	} {
		tape := &capture.Tape{}
		call := &Call{phone: &Phone{tape: tape}, hearing: &hearing{probe: codec.NewProbe(9)}}
		call.NoteHeard(c.asked)
		if len(tape.From(0)) != 0 {
			t.Error("no sound, and a note")
		}
		feed(call.hearing, 8, 150*time.Millisecond, c.gain, never, never)
		call.NoteHeard(c.asked)
		got := map[string]string{}
		for _, r := range tape.From(0) {
			got[r.Note.Key] = r.Note.Text
		}
		if len(got) != len(c.want) {
			t.Errorf("gain %v: %v", c.gain, got)
		}
		for key, begin := range c.want {
			if len(got[key]) < len(begin) || got[key][:len(begin)] != begin {
				t.Errorf("gain %v: %s is %q, want %s", c.gain, key, got[key], begin)
			}
		}
	}
}
