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
// microphone gave, no more than micLeast stays behind for longer than micLook: what comes
// in a bunch now and then is no reason to leave sound out. For the speaker aheadLeast waits
// when it is about to play (a period of the device). Both are more, up to their most, where
// a busy computer lets the microphone or the speaker run dry, and go down again by a step
// after each calm time without.
const (
	micLeast   = 4 * time.Millisecond
	micMost    = 40 * time.Millisecond
	micLook    = 25 // packets
	aheadLeast = 10 * time.Millisecond
	aheadMost  = 60 * time.Millisecond
	waitStep   = 5 * time.Millisecond
	calmTime   = 5 * time.Second
	playPiece  = 5 * time.Millisecond
	// playEarly is how long before the speaker plays it is supplied.
	playEarly = 4 * time.Millisecond
	playMost  = 10 * time.Millisecond // between two looks at the speaker
	playLeast = 3 * time.Millisecond
	// slipTime is how long packets may move, and freshFrom to freshTo how long ago the
	// microphone should have given what they hold.
	slipTime  = settling / 2
	slipMost  = 10 // ms, a period of the microphone
	freshFrom = 1500 * time.Microsecond
	freshTo   = 4 * time.Millisecond
)

// margin is how much sound waits for a device: more after it ran dry, and less again.
type margin struct {
	now, least, most time.Duration
	since            time.Time // when it changed
}

// more is for a device that ran dry.
func (m *margin) more(now time.Time) { m.now, m.since = min(m.most, m.now+waitStep), now }

// less is for one that did not.
func (m *margin) less(now time.Time) {
	if m.now > m.least && now.Sub(m.since) > calmTime {
		m.now, m.since = max(m.least, m.now-waitStep), now
	}
}

// samples is how many that is at soundRate.
func (m *margin) samples() int { return int(m.now * soundRate / time.Second) }

// conversation joins a microphone and a speaker to a call.
type conversation struct {
	mic, speaker *audio.Stream
	buffer       *playout.Buffer
	narrow       *codec.Resampler
	wide, low    []int16

	slack  margin // of the microphone
	behind int    // the least that waited behind a packet, since the last look
	looks  int    // packets since then

	slipped int           // milliseconds by which packets moved
	age     time.Duration // of what the microphone gave last, when the packet left

	began   time.Time
	starved uint64        // of the speaker, when counting began
	dry     atomic.Uint64 // times that the microphone had too little, or too much waited

	sleep func(until time.Time)
	stop  chan struct{}
	done  sync.WaitGroup
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
func talk(mic, speaker *audio.Stream, call joinable, sleep func(until time.Time)) (end func() clicks, err error) {
	c := &conversation{mic: mic, speaker: speaker, behind: math.MaxInt, began: time.Now(), sleep: sleep, stop: make(chan struct{}),
		slack: margin{now: micLeast, least: micLeast, most: micMost}}
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
		if slack := c.slack.samples(); c.behind > slack {
			dropped = c.mic.Drop(c.mic.Waiting() - c.behind + slack/2)
		}
		c.looks, c.behind = 0, math.MaxInt
	}
	now := time.Now()
	c.age = now.Sub(c.mic.Last())
	settled := now.Sub(c.began) > settling
	switch {
	case n < len(dst) && settled:
		c.dry.Add(1)
		c.slack.more(now)
	case dropped > 0 && settled:
		c.dry.Add(1)
	default:
		c.slack.less(now)
	}
}

// Slip implements media.Slipping: at the beginning packets move to right behind what the
// microphone gives, as far as it gives it evenly.
func (c *conversation) Slip() time.Duration {
	if time.Since(c.began) > slipTime || c.slipped >= slipMost || c.age >= freshFrom && c.age <= freshTo || c.age > settling {
		return 0
	}
	c.slipped++
	return time.Millisecond
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

// play keeps the speaker supplied, a little ahead of what it plays. It has a thread of its
// own, as sending has: what comes too late is heard as a click, and costs delay from then on.
func (c *conversation) play() {
	defer media.Steady()()
	next := time.Now()
	piece := make([]int16, int(playPiece.Seconds()*soundRate))
	ahead, dry := margin{now: aheadLeast, least: aheadLeast, most: aheadMost}, c.speaker.Starved()
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		c.sleep(next)
		now := time.Now()
		if c.starved == 0 && now.Sub(c.began) > settling {
			c.starved = c.speaker.Starved() + 1
		}
		n := c.speaker.Starved()
		if n > dry && now.Sub(c.began) > settling/2 {
			ahead.more(now)
		} else {
			ahead.less(now)
		}
		dry = n
		for at := now; c.speaker.Waiting() < ahead.samples() && c.speaker.Trouble() == nil; at = at.Add(playPiece) {
			c.buffer.Read(piece, at)
			if c.speaker.Write(piece) == 0 {
				break
			}
		}
		now = time.Now()
		next = now.Add(max(playLeast, min(playMost, c.speaker.Next().Add(-playEarly).Sub(now))))
	}
}

// Converse joins a microphone and a speaker to a call, as a check does when people talk
// over the test phone. Both have to run at 16,000 samples a second. The function that it
// gives ends that.
func Converse(mic, speaker *audio.Stream, call interface {
	Join(voice codec.Source, ear func(media.Heard))
}) (end func(), err error) {
	stop, err := talk(mic, speaker, call, media.SleepUntil)
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
	stop, err := talk(mic, speaker, live.Call, media.SleepUntil)
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
