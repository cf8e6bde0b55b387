package audio

import (
	"testing"
	"time"
)

// mailing is a device that does not call into Go.
type mailing struct {
	sound  *Ring
	visits []visited
	unseen uint64
}

type visited struct {
	at     time.Duration
	frames []int16
	short  bool
}

func (d *mailing) start() error { return nil }

// mailHandle is the handle of one.
type mailHandle struct{ *mailing }

func (h mailHandle) close() {}

func (h mailHandle) mail() (mail, bool) {
	return mail{sound: h.sound, clock: func() time.Duration { return time.Hour }, collect: func(each func(time.Duration, []int16, bool)) uint64 {
		for _, v := range h.visits {
			each(v.at, v.frames, v.short)
		}
		h.visits = nil
		defer func() { h.unseen = 0 }()
		return h.unseen
	}}, true
}

// mailDriver opens such devices.
type mailDriver struct {
	*fakeDriver
	m *mailing
}

func (d mailDriver) open(Kind, string, int, func([]int16)) (handle, error) {
	return mailHandle{d.m}, nil
}

// TestMail: what the callbacks left is found by whoever asks, at the times at which it was,
// and what the speaker is to play lies where they take it from.
func TestMail(t *testing.T) {
	frames := make([]int16, 160)
	for i := range frames {
		frames[i] = int16(1000 * (i%2*2 - 1))
	}
	m := &mailing{sound: NewRing(6400), visits: []visited{{time.Hour, frames, false}}}
	mic, err := (&System{driver: mailDriver{&fakeDriver{}, m}}).Microphone(t.Context(), Device{}, 16000)
	if err != nil {
		t.Fatal(err)
	}
	defer mic.Close()
	out := make([]int16, 400)
	if n := mic.Read(out); n != 160 || out[1] != 1000 {
		t.Errorf("read %d samples, %v", n, out[:4])
	}
	before := mic.Last()
	m.visits = []visited{{time.Hour + 10*time.Millisecond, frames, false}, {time.Hour + 20*time.Millisecond, frames, false}}
	m.unseen = 160
	if n := mic.Waiting(); n != 320 {
		t.Errorf("%d samples wait", n)
	}
	if mic.Overrun() != 1 || mic.Levels().Samples != 480 {
		t.Errorf("overrun %d, %+v", mic.Overrun(), mic.Levels())
	}
	if moved := mic.Last().Sub(before); moved != 20*time.Millisecond {
		t.Errorf("the last callback moved by %v", moved)
	}
	if mic.Next().Sub(mic.Last()) != 10*time.Millisecond {
		t.Errorf("the next is due %v later", mic.Next().Sub(mic.Last()))
	}

	m = &mailing{sound: NewRing(6400), visits: []visited{{time.Hour, make([]int16, 160), false}}}
	speaker, err := (&System{driver: mailDriver{&fakeDriver{}, m}}).Speaker(t.Context(), Device{}, 16000)
	if err != nil {
		t.Fatal(err)
	}
	defer speaker.Close()
	speaker.Write(frames)
	if m.sound.Len() != 160 || speaker.Waiting() != 160 {
		t.Errorf("%d samples lie there, %d wait", m.sound.Len(), speaker.Waiting())
	}
	m.visits = []visited{{time.Hour + 10*time.Millisecond, frames, true}}
	if speaker.Starved() != 1 || speaker.Levels().Samples != 320 {
		t.Errorf("starved %d times, %+v", speaker.Starved(), speaker.Levels())
	}
}
