package media

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// Digits as events (RFC 4733 2.5): one timestamp for all packets of a key, a mark on the
// first, a duration that grows by the packet's length, the end told three times, a pause,
// no sound meanwhile, and a clock that goes on afterwards.
func TestDigitsAsEvents(t *testing.T) {
	t.Parallel()
	for _, ptime := range []string{"ptime:20", "ptime:30", "ptime:60"} {
		t.Run(ptime, func(t *testing.T) {
			t.Parallel()
			b, far := newBench(t), newPort(t)
			a := b.reply(t, far.sdp("RTP/AVP 8 97", "rtpmap:97 telephone-event/8000", ptime))
			step := uint32(a.PTime.Milliseconds() * 8)
			b.Talk()
			before := far.packet(t)
			sent := make(chan error, 1)
			go func() { sent <- b.SendDigits(context.Background(), "5#d", false) }()
			var last, key rtp.Packet
			last = before
			var keys []byte
			ends, length := 0, uint32(0)
			finish := func() {
				if len(keys) > 0 && ends != keyEnds {
					t.Errorf("the end of key %d was told %d times", keys[len(keys)-1], ends)
				}
			}
			for {
				p := far.packet(t)
				if p.SequenceNumber != last.SequenceNumber+1 {
					t.Fatalf("number %d after %d", p.SequenceNumber, last.SequenceNumber)
				}
				if p.PayloadType == 8 {
					if len(keys) == 0 {
						last = p
						continue
					}
					finish()
					if d := p.Timestamp - key.Timestamp; !p.Marker || d < (100+100)*8 || d%step != 0 {
						t.Errorf("sound goes on %d units after the last key, mark %v", d, p.Marker)
					}
					break
				}
				duration := uint32(binary.BigEndian.Uint16(p.Payload[2:]))
				if p.PayloadType != 97 || len(p.Payload) != 4 || p.Payload[1]&0x3f != keyVolume {
					t.Fatalf("%v %x", p.Header, p.Payload)
				}
				switch {
				case p.Marker:
					finish()
					if d := p.Timestamp - key.Timestamp; len(keys) > 0 && d < (100+100)*8 || p.Timestamp == last.Timestamp {
						t.Errorf("the next key is %d units on", d)
					}
					keys, ends, length, key = append(keys, p.Payload[0]), 0, 0, p
					if p.Payload[1]&0x80 != 0 || duration != step {
						t.Errorf("the first packet: %x", p.Payload)
					}
				case p.Timestamp != key.Timestamp || p.Payload[0] != keys[len(keys)-1]:
					t.Errorf("in one event: %v %x", p.Header, p.Payload)
				case ends > 0:
					if duration != length || p.Payload[1]&0x80 == 0 {
						t.Errorf("after the end: %x", p.Payload)
					}
				default:
					if duration <= length || duration%step != 0 {
						t.Errorf("the duration goes from %d to %d", length, duration)
					}
				}
				length = duration
				if p.Payload[1]&0x80 != 0 {
					if ends++; length < 800 {
						t.Errorf("a key sounds for %d units only", length)
					}
				}
				last = p
			}
			if string(keys) != "\x05\x0b\x0f" {
				t.Errorf("keys %v", keys)
			}
			if err := <-sent; err != nil {
				t.Error(err)
			}
		})
	}
}

// Digits as sound carry the two tones of each key.
func TestDigitsAsSound(t *testing.T) {
	t.Parallel()
	b, far := newBench(t, func(c *Config) { c.Source = codec.Silence() }), newPort(t)
	b.reply(t, far.sdp("RTP/AVP 8"))
	b.Talk()
	sent := make(chan error, 1)
	go func() { sent <- b.SendDigits(context.Background(), "12", true) }()
	loud := 0
	for i := 0; i < 60; i++ {
		p := far.packet(t)
		if p.PayloadType != 8 {
			t.Fatal(p.Header)
		}
		pcm := codec.DecodeALaw(nil, p.Payload)
		for _, v := range pcm {
			if v > 3000 {
				loud++
				break
			}
		}
	}
	if loud < 9 || loud > 12 {
		t.Errorf("%d packets have tones, want 10", loud)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

func TestDigitsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, far := newBench(t), newPort(t)
	if err := b.SendDigits(ctx, "1", false); !errors.Is(err, ErrQuiet) {
		t.Error("before the call:", err)
	}
	b.reply(t, far.sdp("RTP/AVP 8"))
	b.Talk()
	if err := b.SendDigits(ctx, "1", false); !errors.Is(err, ErrNoEvents) {
		t.Error("without telephone-event:", err)
	}
	if err := b.SendDigits(ctx, "1x", true); !errors.Is(err, ErrKeys) {
		t.Error("no key:", err)
	}
	b.reply(t, far.sdp(plainFormats, events))
	cut, stop := context.WithTimeout(ctx, 300*time.Millisecond)
	defer stop()
	if err := b.SendDigits(cut, "1111111111", false); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("cut short:", err)
	}
	sent := make(chan error, 1)
	go func() { sent <- b.SendDigits(ctx, "1111111111", false) }()
	time.Sleep(50 * time.Millisecond)
	b.reply(t, far.sdp(plainFormats, events, "sendonly"))
	if err := <-sent; !errors.Is(err, ErrQuiet) {
		t.Error("put on hold meanwhile:", err)
	}
	b.reply(t, far.sdp(plainFormats, events))
	far.drain()
	if p := far.packet(t); p.PayloadType != 8 {
		t.Error("sound does not go on:", p.Header)
	}
	go func() { sent <- b.SendDigits(ctx, "1111111111", false) }()
	time.Sleep(50 * time.Millisecond)
	b.Stop()
	if err := <-sent; !errors.Is(err, ErrQuiet) {
		t.Error("hung up meanwhile:", err)
	}
}
