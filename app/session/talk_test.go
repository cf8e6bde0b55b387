package session

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
)

// looped is a call that hears its own voice: what leaves as a packet arrives at once.
type looped struct {
	stop chan struct{}
	done sync.WaitGroup
}

func (l *looped) Join(voice codec.Source, ear func(media.Heard)) {
	if voice == nil {
		close(l.stop)
		l.done.Wait()
		return
	}
	l.stop = make(chan struct{})
	l.done.Go(func() {
		frame, data := make([]int16, codec.SampleRate/50), make([]byte, 0, codec.SampleRate/50)
		next := time.Now()
		for n := 0; ; n++ {
			select {
			case <-l.stop:
				return
			case <-time.After(time.Until(next)):
			}
			voice.Frame(frame)
			data, _ = codec.Encode("PCMU", frame, data[:0])
			ear(media.Heard{Codec: "PCMU", SSRC: 7, Sequence: uint16(n), Timestamp: uint32(n) * 160, Payload: data, At: time.Now()})
			next = next.Add(20*time.Millisecond + voice.(media.Slipping).Slip())
		}
	})
}

// device calls back every so often, as a device does, until it is stopped.
func device(stop <-chan struct{}, period time.Duration, each func()) {
	began := time.Now()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Until(began.Add(time.Duration(n) * period))):
			each()
		}
	}
}

// ownDelayMost is what this computer may add to the time from mouth to ear: from what a
// microphone's callback gives to what a speaker's callback takes, and the periods of both.
const (
	ownDelayMost = 80 * time.Millisecond
	micPeriod    = 10 * time.Millisecond
	playPeriod   = 10 * time.Millisecond
)

// TestOwnDelay sends the known signal through a microphone, packets, the jitter buffer and
// a speaker, all of them real but the two devices, in a time of its own: what else this
// machine does is not in it.
func TestOwnDelay(t *testing.T) { synctest.Test(t, ownDelay) }

func ownDelay(t *testing.T) {
	mic, spoken := audio.Virtual(audio.Microphones, soundRate)
	speaker, played := audio.Virtual(audio.Speakers, soundRate)
	up, err := codec.NewResampler(codec.SampleRate, soundRate)
	require.NoError(t, err)
	down, err := codec.NewResampler(soundRate, codec.SampleRate)
	require.NoError(t, err)
	probe := codec.NewProbe(3)
	var listener *codec.Listener // once all has settled
	note, wide, frame, low := make([]int16, 80), make([]int16, 0, 200), make([]int16, 160), make([]int16, 0, 100)
	stop := make(chan struct{})
	var devices sync.WaitGroup
	var spokenTo atomic.Int64
	devices.Go(func() {
		device(stop, micPeriod, func() {
			probe.Frame(note)
			wide = up.Resample(wide[:0], note)
			spoken(wide)
			spokenTo.Store(probe.Sent())
		})
	})
	devices.Go(func() {
		device(stop, playPeriod, func() {
			played(frame)
			low = down.Resample(low[:0], frame)
			if sent := spokenTo.Load(); listener == nil && sent >= 8*codec.SampleRate {
				listener = codec.NewListener(3, sent)
			}
			if listener != nil {
				listener.Hear(low)
			}
		})
	})
	end, err := talk(mic, speaker, &looped{}, func(until time.Time) { time.Sleep(time.Until(until)) })
	require.NoError(t, err)
	time.Sleep(20 * time.Second)
	end()
	close(stop)
	devices.Wait()
	h := listener.Heard()
	require.True(t, h.Found, "%+v", h)
	filters := time.Duration(up.Delay())*time.Second/codec.SampleRate + time.Duration(down.Delay())*time.Second/soundRate
	own := h.Return.Delay - filters + micPeriod + playPeriod
	t.Logf("%v, %.1f %% lost", own, h.LostPercent())
	require.Less(t, own, ownDelayMost)
	require.Less(t, h.LostPercent(), 1.0, "sound is left out or made up though nothing was lost")
}

// BenchmarkTalk is 20 ms of a conversation both ways, devices and network apart.
func BenchmarkTalk(b *testing.B) {
	mic, spoken := audio.Virtual(audio.Microphones, soundRate)
	speaker, played := audio.Virtual(audio.Speakers, soundRate)
	call := &held{}
	end, err := Converse(mic, speaker, call)
	require.NoError(b, err)
	defer end()
	half, frame, data := make([]int16, soundRate/100), make([]int16, codec.SampleRate/50), make([]byte, 0, codec.SampleRate/50)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			spoken(half)
			played(half)
		}
		call.voice.Frame(frame)
		data, _ = codec.Encode("PCMU", frame, data[:0])
		call.ear(media.Heard{Codec: "PCMU", SSRC: 7, Sequence: uint16(n), Timestamp: uint32(n) * 160, Payload: data, At: time.Now()})
		n++
	}
}

// held keeps what a conversation joins to it.
type held struct {
	voice codec.Source
	ear   func(media.Heard)
}

func (h *held) Join(voice codec.Source, ear func(media.Heard)) {
	if voice != nil {
		h.voice, h.ear = voice, ear
	}
}
