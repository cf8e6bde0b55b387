package session

import (
	"context"
	"sync"
	"time"

	"softphonedoctor/sipclient/audio"
)

// SoundDesk is the microphone and the speaker of this computer for a sound check: their
// meters, a test tone, and the microphone played back. Its methods are safe for
// concurrent use, and none blocks longer than the devices' own limits.
type SoundDesk struct {
	mu      sync.Mutex
	system  *audio.System
	streams [2]*audio.Stream // microphone, speaker
	trouble [2]string        // in plain words, "" for none
}

// Meter is what a device gives or plays right now.
type Meter struct {
	Known   bool
	DBFS    float64 // root mean square of the last fifteenth of a second, 0 is a full-scale square wave
	Peak    float64 // of the same time, 0 is full scale
	Clipped uint64  // samples at full scale since the beginning, in runs of more than 6
	Trouble string  // why the device cannot be used, in plain words; "" for none
}

// OpenSoundDesk opens the sound system; the devices follow with Choose. The error is a
// sentence.
func OpenSoundDesk(ctx context.Context) (*SoundDesk, error) {
	system, err := audio.Open(ctx)
	if err != nil {
		return nil, soundSentence(err)
	}
	return &SoundDesk{system: system}, nil
}

// Choose opens the devices of a choice in place of those that are open. What cannot be
// opened shows in Meters.
func (d *SoundDesk) Choose(ctx context.Context, c SoundChoice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.let()
	if d.system == nil {
		return
	}
	for i, k := range []struct {
		kind     audio.Kind
		id, name string
		open     func(context.Context, audio.Device, int) (*audio.Stream, error)
	}{{audio.Microphones, c.Microphone, c.MicrophoneName, d.system.Microphone}, {audio.Speakers, c.Speaker, c.SpeakerName, d.system.Speaker}} {
		device, err := d.system.Choose(ctx, k.kind, k.id, k.name)
		if err == nil {
			d.streams[i], err = k.open(ctx, device, soundRate)
		}
		d.trouble[i] = ""
		if err != nil {
			d.trouble[i] = soundSentence(err).Error()
		}
	}
}

// Devices lists what there is to choose from. The error is a sentence.
func (d *SoundDesk) Devices(ctx context.Context, c SoundChoice) (microphones, speakers []SoundDevice, err error) {
	d.mu.Lock()
	system := d.system
	d.mu.Unlock()
	if system == nil {
		return nil, nil, audio.ErrNone
	}
	return listDevices(ctx, system, c)
}

// Meters gives both meters. Ask 15 times a second at most: they are not renewed more often.
func (d *SoundDesk) Meters() (microphone, speaker Meter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := [2]Meter{}
	for i, st := range d.streams {
		list[i].Trouble = d.trouble[i]
		if st == nil {
			continue
		}
		if t := st.Trouble(); t != nil {
			list[i].Trouble = soundSentence(t).Error()
			continue
		}
		l := st.Levels()
		list[i] = Meter{Known: true, DBFS: l.DBFS, Peak: l.Peak, Clipped: l.Clipped}
	}
	return list[0], list[1]
}

// Tone plays the test tone, and returns when it is through.
func (d *SoundDesk) Tone(ctx context.Context) {
	if st := d.stream(1); st != nil {
		st.Play(ctx, audio.TestTone(soundRate))
	}
}

// Replay records the microphone for so long and then plays that back. It is kept in
// memory only, and forgotten at once.
func (d *SoundDesk) Replay(ctx context.Context, long time.Duration) {
	mic, speaker := d.stream(0), d.stream(1)
	if mic == nil || speaker == nil {
		return
	}
	mic.Drop(0)
	record := make([]int16, 0, int(long.Seconds()*soundRate))
	frame := make([]int16, soundRate/50)
	for len(record) < cap(record) && ctx.Err() == nil && mic.Trouble() == nil {
		n := mic.Read(frame[:min(len(frame), cap(record)-len(record))])
		if record = append(record, frame[:n]...); n == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	speaker.Play(ctx, record)
}

// Watch tells when devices come or go, until the context ends.
func (d *SoundDesk) Watch(ctx context.Context, changed func()) {
	d.mu.Lock()
	system := d.system
	d.mu.Unlock()
	if system != nil {
		system.Watch(ctx, 2*time.Second, func(_, _ []audio.Device) { changed() })
	}
}

func (d *SoundDesk) stream(i int) *audio.Stream {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.streams[i]
}

// let closes the devices; the caller holds d.mu.
func (d *SoundDesk) let() {
	for i, st := range d.streams {
		if st != nil {
			st.Close()
			d.streams[i] = nil
		}
	}
}

// Close lets everything go. It may be called twice.
func (d *SoundDesk) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.let()
	if d.system != nil {
		d.system.Close()
		d.system = nil
	}
}
