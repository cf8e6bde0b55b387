package media

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"softphonedoctor/sipclient/codec"
)

// step is one value at the usual rate and another one wide-band, so that they can be told.
type step struct{}

func (s *step) Frame(dst []int16) {
	for i := range dst {
		dst[i] = 1000
	}
}

func (s *step) FrameWide(dst []int16) {
	for i := range dst {
		dst[i] = -1000
	}
}

// TestJoin: a voice takes the place of the test sound, wide-band where the codec has
// it, and what comes is heard in the clear, also on a call that is encrypted.
func TestJoin(t *testing.T) {
	for _, formats := range []string{"8", "9"} {
		b := newBench(t, func(c *Config) { c.Codecs = []string{"PCMA", "G722"} })
		far := newPort(t)
		b.reply(t, far.sdp("RTP/AVP "+formats))
		type got struct {
			Heard
			payload []byte
		}
		heard := make(chan got, 64)
		b.Join(new(step), func(h Heard) {
			select {
			case heard <- got{h, slices.Clone(h.Payload)}:
			default:
			}
		})
		b.Talk()
		var sent rtp.Packet
		if err := sent.Unmarshal(far.must(t)); err != nil {
			t.Fatal(err)
		}
		name := map[string]string{"8": "PCMA", "9": "G722"}[formats]
		d, _, _ := codec.NewDecoder(name)
		pcm := d.Decode(nil, sent.Payload)
		if last := pcm[len(pcm)-1]; (name == "G722") != (last < 0) || len(pcm) != map[string]int{"PCMA": 160, "G722": 320}[name] {
			t.Errorf("%s: %d samples end with %d", name, len(pcm), last)
		}
		raw := plainPacket(7, 160, 99)
		raw[1] = map[string]byte{"8": 8, "9": 9}[formats]
		far.send(t, b.Local(), raw)
		far.send(t, b.Local(), []byte{0x80, 8, 0}) // garbage is nothing to hear
		select {
		case h := <-heard:
			if h.Codec != name || h.Sequence != 7 || h.SSRC != 99 || h.At.IsZero() || !slices.Equal(h.payload, raw[12:]) {
				t.Errorf("heard %+v", h)
			}
		case <-time.After(patience):
			t.Fatal("nothing was heard")
		}
		b.Join(nil, nil)
		far.drain()
		if err := sent.Unmarshal(far.must(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestJoinWhileTalking: joining and leaving in mid-call races with nothing.
func TestJoinWhileTalking(t *testing.T) {
	b := newBench(t)
	far := newPort(t)
	b.reply(t, far.sdp("RTP/AVP 8 0"))
	b.Talk()
	var n atomic.Int64
	for range 20 {
		b.Join(new(step), func(Heard) { n.Add(1) })
		far.send(t, b.Local(), plainPacket(uint16(n.Load()), 0, 5))
		b.Join(nil, nil)
	}
	b.Join(nil, func(Heard) { n.Add(1) })
	far.send(t, b.Local(), plainPacket(1000, 0, 5))
	for until := time.Now().Add(patience); n.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("nothing was heard")
		}
	}
}
