package lab

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/codec"
)

// asked makes this process use a sound server of the test's own.
func asked(t *testing.T, env []string) {
	for _, e := range env {
		key, value, _ := strings.Cut(e, "=")
		t.Setenv(key, value)
	}
}

// tone is a sine of two frequencies at a level, as speech would be as loud.
func tone(rate int, seconds float64, dbfs float64) []int16 {
	p := make([]int16, int(seconds*float64(rate)))
	a := codec.Amplitude(dbfs)
	for i := range p {
		p[i] = int16(a * math.Sin(2*math.Pi*700*float64(i)/float64(rate)))
	}
	return p
}

func system(t *testing.T) *audio.System {
	t.Helper()
	s, err := audio.Open(t.Context())
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// TestPulseDevices: a real sound server's devices are found, and its monitors hidden.
func TestPulseDevices(t *testing.T) {
	p := StartPulse(t)
	asked(t, p.Env())
	s := system(t)
	mics, err := s.Devices(t.Context(), audio.Microphones)
	require.NoError(t, err)
	require.Len(t, mics, 1)
	require.Contains(t, mics[0].Name, PulseMicrophone)
	require.True(t, mics[0].Default)
	speakers, err := s.Devices(t.Context(), audio.Speakers)
	require.NoError(t, err)
	i := slices.IndexFunc(speakers, func(d audio.Device) bool { return strings.Contains(d.Name, PulseSpeaker) })
	require.GreaterOrEqual(t, i, 0, speakers)
	require.True(t, speakers[i].Default)
}

// TestPulseSound: what is played is heard at its level, what is spoken arrives at its
// level, and both devices tell when they are pulled out.
func TestPulseSound(t *testing.T) {
	p := StartPulse(t)
	asked(t, p.Env())
	s := system(t)
	speaker, err := s.Speaker(t.Context(), audio.Device{}, 16000)
	require.NoError(t, err)
	defer speaker.Close()
	go func() {
		sound := tone(16000, 10, -20)
		for len(sound) > 0 && speaker.Trouble() == nil {
			sound = sound[speaker.Write(sound):]
			time.Sleep(5 * time.Millisecond)
		}
	}()
	require.Eventually(t, func() bool { return speaker.Levels().DBFS > -30 }, 5*time.Second, 20*time.Millisecond) // a virtual speaker takes its time
	heard := p.Heard(t, 1500*time.Millisecond)
	require.InDelta(t, -20, Level(heard[len(heard)/2:]), 1)
	require.InDelta(t, -20, speaker.Levels().DBFS, 1)

	chosen, err := s.Choose(t.Context(), audio.Microphones, "", "")
	require.NoError(t, err)
	mic, err := s.Microphone(t.Context(), chosen, 16000)
	require.NoError(t, err)
	defer mic.Close()
	p.Speak(t, 16000, tone(16000, 6, -30))
	require.Eventually(t, func() bool { l := mic.Levels(); return math.Abs(l.DBFS+30) < 1 }, 4*time.Second, 20*time.Millisecond, "%+v", mic.Levels())
	p.Ctl(t, "set-source-mute", "mic", "1")
	require.Eventually(t, func() bool { l := mic.Levels(); return l.DBFS == -100 && l.Constant > 8000 }, 4*time.Second, 20*time.Millisecond)
	p.Ctl(t, "set-source-mute", "mic", "0")

	require.Nil(t, mic.Trouble())
	p.Ctl(t, "unload-module", "module-remap-source")
	require.Eventually(t, func() bool { tr := mic.Trouble(); return tr != nil && tr.Reason == audio.Lost }, 4*time.Second, 20*time.Millisecond)
	began := time.Now()
	mic.Close()
	speaker.Close()
	require.Less(t, time.Since(began), 3*time.Second)
}
