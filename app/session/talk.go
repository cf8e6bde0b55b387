package session

import (
	"sync"
	"time"

	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
	"softphonedoctor/sipclient/playout"
	"softphonedoctor/wizard"
)

// How much sound waits at most: what the microphone gave and nobody has sent yet, and
// what the speaker is to play. Both are part of the delay that people feel.
const (
	micSlack     = 20 * time.Millisecond
	speakerAhead = 30 * time.Millisecond
	playPiece    = 10 * time.Millisecond
)

// conversation joins a microphone and a speaker to a call.
type conversation struct {
	mic, speaker *audio.Stream
	buffer       *playout.Buffer
	narrow       *codec.Resampler
	wide, low    []int16

	stop chan struct{}
	done sync.WaitGroup
}

// joinable is a call whose sound can come from a voice and go to an ear.
type joinable interface {
	Join(voice codec.Source, ear func(media.Heard))
}

// talk begins a conversation over a call; the function that it gives ends it.
func talk(mic, speaker *audio.Stream, call joinable) (end func(), err error) {
	c := &conversation{mic: mic, speaker: speaker, stop: make(chan struct{})}
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
	return func() {
		once.Do(func() {
			call.Join(nil, nil)
			close(c.stop)
			c.done.Wait()
		})
	}, nil
}

// FrameWide implements media.WideSource: the latest of what the microphone gave. What
// it has not given yet is silence.
func (c *conversation) FrameWide(dst []int16) {
	c.mic.Drop(len(dst) + int(micSlack.Seconds()*soundRate))
	clear(dst[c.mic.Read(dst):])
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
	tick := time.NewTicker(playPiece / 2)
	defer tick.Stop()
	piece := make([]int16, int(playPiece.Seconds()*soundRate))
	for {
		select {
		case <-c.stop:
			return
		case now := <-tick.C:
			for c.speaker.Waiting() < int(speakerAhead.Seconds()*soundRate) && c.speaker.Trouble() == nil {
				c.buffer.Read(piece, now)
				if c.speaker.Write(piece) == 0 {
					break
				}
				now = now.Add(playPiece)
			}
		}
	}
}

// Talk implements wizard.Sound.
func (s *sound) Talk(call wizard.LiveCall) (end func()) {
	mic, speaker := s.stream(0), s.stream(1)
	live, ok := call.(liveCall)
	if mic == nil || speaker == nil || !ok {
		return func() {}
	}
	end, err := talk(mic, speaker, live.Call)
	if err != nil {
		return func() {}
	}
	return end
}
