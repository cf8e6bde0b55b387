package audio

import (
	"context"
	"time"

	"softphonedoctor/sipclient/codec"
)

// passageAhead is how much of the signal waits for the speaker.
const passageAhead = 60 * time.Millisecond

// Passage plays the known signal of a seed over a speaker for so long and listens for it
// with a microphone: whether it picks it up, how late and how loud. ok is false where the
// context or a device ended it.
//
// A speaker that ran dry, and a microphone that nobody could empty in time, shift nothing:
// both count their samples, and what is missing is left out of the signal.
func Passage(ctx context.Context, speaker, mic *Stream, seed uint64, long time.Duration) (h codec.Heard, ok bool) {
	up, err := codec.NewResampler(codec.SampleRate, speaker.Rate)
	if err != nil {
		return h, false
	}
	down, err := codec.NewResampler(mic.Rate, codec.SampleRate)
	if err != nil {
		return h, false
	}
	probe, listener := codec.NewProbe(seed), codec.NewListener(seed, 0)
	note, frame := make([]int16, codec.SampleRate/100), make([]int16, mic.Rate/100)
	wide, low := make([]int16, 0, up.Most(len(note))), make([]int16, 0, down.Most(len(frame)))
	ahead := int(passageAhead.Seconds() * float64(speaker.Rate))
	mic.Drop(0)
	played, heard := speaker.Levels().Samples, mic.Levels().Samples // of the devices' own counts, up to now
	for until := time.Now().Add(long); time.Now().Before(until); time.Sleep(5 * time.Millisecond) {
		if ctx.Err() != nil || speaker.Trouble() != nil || mic.Trouble() != nil {
			return h, false
		}
		for {
			late := int64(speaker.Levels().Samples - played) // behind what it has played already
			if late <= 0 && speaker.Waiting() >= ahead {
				break
			}
			probe.Frame(note)
			wide = up.Resample(wide[:0], note)
			played += uint64(len(wide))
			due := wide[max(0, min(late, int64(len(wide)))):] // the rest is over already
			if speaker.Write(due) < len(due) {
				break
			}
		}
		// What waits came behind what nobody took in time.
		if lost := int64(mic.Levels().Samples-heard) - int64(mic.Waiting()); lost > int64(mic.Rate/20) {
			heard += uint64(lost)
			listener.Miss(int(lost) * codec.SampleRate / mic.Rate)
		}
		for mic.Waiting() >= len(frame) {
			mic.Read(frame)
			heard += uint64(len(frame))
			low = down.Resample(low[:0], frame)
			listener.Hear(low)
		}
	}
	h = listener.Heard()
	filters := time.Duration(up.Delay())*time.Second/codec.SampleRate + time.Duration(down.Delay())*time.Second/time.Duration(mic.Rate)
	if h.Found {
		h.Return.Delay = max(0, h.Return.Delay-filters)
	}
	return h, true
}
