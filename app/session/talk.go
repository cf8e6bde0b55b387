package session

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
	"softphonedoctor/sipclient/playout"
	"softphonedoctor/wizard"
)

// How much sound waits, which is part of the delay that people feel. Of what the
// microphone gave, no more than micSlack stays behind for longer than micLook: what comes
// in a bunch now and then is no reason to leave sound out. For the speaker aheadLeast waits
// (a period of the device), and more, up to aheadMost, where a busy computer lets it run
// dry; that goes down again by aheadStep after each aheadCalm without.
const (
	micSlack   = 10 * time.Millisecond
	micLook    = 25 // packets
	aheadLeast = 10 * time.Millisecond
	aheadMost  = 60 * time.Millisecond
	aheadStep  = 5 * time.Millisecond
	aheadCalm  = 5 * time.Second
	playPiece  = 5 * time.Millisecond
)

// conversation joins a microphone and a speaker to a call.
type conversation struct {
	mic, speaker *audio.Stream
	buffer       *playout.Buffer
	narrow       *codec.Resampler
	wide, low    []int16

	behind int // the least that waited behind a packet, since the last look
	looks  int // packets since then

	began   time.Time
	starved uint64        // of the speaker, when counting began
	dry     atomic.Uint64 // times that the microphone had too little, or too much waited

	stop chan struct{}
	done sync.WaitGroup
}

// joinable is a call whose sound can come from a voice and go to an ear.
type joinable interface {
	Join(voice codec.Source, ear func(media.Heard))
}

// clicks is how often the devices could not keep up in a conversation.
type clicks struct {
	count uint64
	over  time.Duration
}

// settling is how long a conversation may need until sound flows evenly.
const settling = time.Second

// talk begins a conversation over a call; the function that it gives ends it and tells
// how the devices kept up.
func talk(mic, speaker *audio.Stream, call joinable) (end func() clicks, err error) {
	c := &conversation{mic: mic, speaker: speaker, behind: math.MaxInt, began: time.Now(), stop: make(chan struct{})}
	if c.buffer, err = playout.New(soundRate); err != nil {
		return nil, err
	}
	if c.narrow, err = codec.NewResampler(soundRate, codec.SampleRate); err != nil {
		return nil, err
	}
	mic.Drop(0)
	c.done.Go(c.play)
	call.Join(c, c.hear)
	var once sync.Once
	var kept clicks
	return func() clicks {
		once.Do(func() {
			kept = c.clicks()
			call.Join(nil, nil)
			close(c.stop)
			c.done.Wait()
		})
		return kept
	}, nil
}

// clicks counts so far. A device that was lost clicks no more.
func (c *conversation) clicks() clicks {
	over := time.Since(c.began) - settling
	if over <= 0 || c.starved == 0 || c.mic.Trouble() != nil || c.speaker.Trouble() != nil {
		return clicks{}
	}
	return clicks{c.dry.Load() + c.speaker.Starved() + 1 - c.starved, over}
}

// FrameWide implements media.WideSource: what the microphone gave. What it has not given
// yet is silence.
func (c *conversation) FrameWide(dst []int16) {
	n := c.mic.Read(dst)
	clear(dst[n:])
	dropped := 0
	c.behind = min(c.behind, c.mic.Waiting())
	if c.looks++; c.looks == micLook {
		if slack := int(micSlack.Seconds() * soundRate); c.behind > slack {
			dropped = c.mic.Drop(c.mic.Waiting() - c.behind + slack/2)
		}
		c.looks, c.behind = 0, math.MaxInt
	}
	if (dropped > 0 || n < len(dst)) && time.Since(c.began) > settling {
		c.dry.Add(1)
	}
}

// Frame implements codec.Source.
func (c *conversation) Frame(dst []int16) {
	n := 2 * len(dst)
	if cap(c.wide) < n {
		c.wide = make([]int16, n)
	}
	c.FrameWide(c.wide[:n])
	c.low = c.narrow.Resample(c.low[:0], c.wide[:n])
	clear(dst[copy(dst, c.low):])
}

// hear takes a packet from the call.
func (c *conversation) hear(p media.Heard) {
	c.buffer.Put(playout.Packet{Codec: p.Codec, SSRC: p.SSRC, Seq: p.Sequence, Timestamp: p.Timestamp, Payload: p.Payload}, p.At)
}

// play keeps the speaker supplied, a little ahead of what it plays.
func (c *conversation) play() {
	tick := time.NewTicker(playPiece)
	defer tick.Stop()
	piece := make([]int16, int(playPiece.Seconds()*soundRate))
	ahead, dry, since := aheadLeast, c.speaker.Starved(), time.Now()
	for {
		select {
		case <-c.stop:
			return
		case now := <-tick.C:
			if c.starved == 0 && now.Sub(c.began) > settling {
				c.starved = c.speaker.Starved() + 1
			}
			switch n := c.speaker.Starved(); {
			case n > dry && now.Sub(c.began) > settling/2:
				ahead, dry, since = min(aheadMost, ahead+aheadStep), n, now
			case now.Sub(since) > aheadCalm && ahead > aheadLeast:
				ahead, since = ahead-aheadStep, now
			default:
				dry = n
			}
			for c.speaker.Waiting() < int(ahead.Seconds()*soundRate) && c.speaker.Trouble() == nil {
				c.buffer.Read(piece, now)
				if c.speaker.Write(piece) == 0 {
					break
				}
				now = now.Add(playPiece)
			}
		}
	}
}

// Converse joins a microphone and a speaker to a call, as a check does when people talk
// over the test phone. Both have to run at 16,000 samples a second. The function that it
// gives ends that.
func Converse(mic, speaker *audio.Stream, call interface {
	Join(voice codec.Source, ear func(media.Heard))
}) (end func(), err error) {
	stop, err := talk(mic, speaker, call)
	if err != nil {
		return nil, err
	}
	return func() { stop() }, nil
}

// Talk implements wizard.Sound.
func (s *sound) Talk(call wizard.LiveCall) (end func()) {
	mic, speaker := s.stream(0), s.stream(1)
	live, ok := call.(liveCall)
	if mic == nil || speaker == nil || !ok {
		return func() {}
	}
	stop, err := talk(mic, speaker, live.Call)
	if err != nil {
		return func() {}
	}
	return func() {
		if kept := stop(); kept.over > 0 {
			result := map[bool]string{true: "yes", false: "no"}[kept.count > 0]
			s.note(capture.SoundClicks, "%s count=%d over=%s", result, kept.count, kept.over.Round(100*time.Millisecond))
		}
	}
}
