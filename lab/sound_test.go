package lab

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard/report"
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
	loudest := -100.0 // a busy machine may leave gaps
	for i := 0; i+1600 <= len(heard); i += 400 {
		loudest = max(loudest, Level(heard[i:i+1600]))
	}
	require.InDelta(t, -20, loudest, 1)
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

// TestPulseDenied: a sound server that does not let us in is told from one that is not there.
func TestPulseDenied(t *testing.T) {
	needRoot(t)
	p := StartPulse(t)
	asked(t, p.DeniedEnv())
	_, err := audio.Open(t.Context())
	var trouble *audio.Trouble
	require.ErrorAs(t, err, &trouble)
	require.Equal(t, audio.Denied, trouble.Reason)
	asked(t, []string{"PULSE_SERVER=unix:/nowhere"})
	_, err = audio.Open(t.Context())
	require.ErrorIs(t, err, audio.ErrNone)
}

// needRoot: only root can run a server as somebody else.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		Missing(t, "a sound server of another user needs root")
	}
}

// deviceRows are faults of microphone and speaker, each in a whole check of one-way
// audio against a real phone.
var deviceRows = []struct {
	name, cause string
	reason      string // of a device that cannot be used
	verdict     report.Verdict
	prepare     func(*testing.T, *Pulse)
	speech      float64 // level of what is spoken into the microphone, 0: nothing
	heard, tone string  // what the person hears of calls, and of the test tone
	env         func(*Pulse) []string
}{
	{"healthy", "", "", report.Healthy, nil, -24, "unsure", "yes", (*Pulse).Env},
	{"muted", "microphone-muted-or-denied", "", report.Problem, func(t *testing.T, p *Pulse) { p.Ctl(t, "set-source-mute", "mic", "1") }, -24, "unsure", "yes", (*Pulse).Env},
	{"too quiet", "microphone-too-quiet", "", report.Problem, func(t *testing.T, p *Pulse) { p.Ctl(t, "set-source-volume", "mic", "15%") }, -24, "unsure", "yes", (*Pulse).Env},
	{"unplugged", "sound-device-unavailable", "missing", report.Problem, func(t *testing.T, p *Pulse) { p.Ctl(t, "unload-module", "module-remap-source") }, 0, "unsure", "yes", (*Pulse).Env},
	{"denied", "sound-device-unavailable", "denied", report.Problem, nil, 0, "unsure", "yes", (*Pulse).DeniedEnv},
	{"speaker not heard", "audio-in-not-played", "", report.Problem, nil, -24, "no", "no", (*Pulse).Env},
}

// TestDevices: each fault of a device is named, and a healthy one is not blamed. With
// REPEAT=N each row runs N times.
func TestDevices(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	Baresip(t, k, "ears", ByItself, PhoneOptions{RingFor: 200 * ms})
	for i, row := range deviceRows {
		t.Run(row.name, func(t *testing.T) {
			if i > 1 {
				wholeLab(t)
			}
			for n := range repeats() {
				p := StartPulse(t)
				asked(t, row.env(p))
				if row.prepare != nil {
					row.prepare(t, p)
				}
				if row.speech != 0 {
					p.Speak(t, 16000, tone(16000, 60, row.speech))
				}
				got := check(t, session.Request{Account: account(k, fmt.Sprint("devices", i, "-", n)), Situation: "one-way-audio", Target: "ears", Sound: &session.SoundChoice{},
					Person: session.Answers{"they_hear": "yes", "heard": row.heard, "speak": "yes", "tone": row.tone, "usual_fails": "unsure"}})
				p.Stop(t)
				cause := ""
				if root := got.Root(); root != nil {
					cause = root.Rule.Cause
				}
				require.Equal(t, row.cause, cause, "%+v", got.Evidence.Probes)
				require.Equal(t, row.verdict, got.Verdict)
				if row.reason != "" {
					p, _ := got.Evidence.Probe(capture.SoundMicrophone)
					require.Equal(t, row.reason, p.Text("reason"))
				}
			}
		})
	}
}

// TestSoundDesk: meters, the test tone, and the microphone played back, as the sound
// check shows them.
func TestSoundDesk(t *testing.T) {
	p := StartPulse(t)
	asked(t, p.Env())
	d, err := session.OpenSoundDesk(t.Context())
	require.NoError(t, err)
	defer d.Close()
	d.Choose(t.Context(), session.SoundChoice{})
	p.Speak(t, 16000, tone(16000, 30, -25))
	require.Eventually(t, func() bool { m, s := d.Meters(); return m.Known && s.Known && math.Abs(m.DBFS+25) < 1 }, 5*time.Second, 50*time.Millisecond)
	heard := make(chan []int16)
	go func() { heard <- p.Heard(t, 7*time.Second) }()
	time.Sleep(500 * time.Millisecond) // the recording runs
	d.Tone(t.Context())
	d.Replay(t.Context(), time.Second)
	tone, replay := 0.0, 0.0
	sound := <-heard
	for i := 0; i+1600 <= len(sound); i += 800 {
		w := sound[i : i+1600]
		tone = max(tone, strength(w, 660), strength(w, 880))
		replay = max(replay, strength(w, 700))
	}
	require.Greater(t, tone, 0.05, "the test tone was not played")
	require.Greater(t, replay, 0.03, "the microphone was not played back")

	p.Ctl(t, "unload-module", "module-remap-source")
	require.Eventually(t, func() bool { m, _ := d.Meters(); return strings.Contains(m.Trouble, "the microphone is gone") }, 4*time.Second, 50*time.Millisecond)
	d.Choose(t.Context(), session.SoundChoice{})
	m, s := d.Meters()
	require.Contains(t, m.Trouble, "there is no microphone")
	require.Empty(t, s.Trouble)
}

// strength is the amplitude of one frequency in a sound, 1 is full scale (Goertzel).
func strength(samples []int16, hz float64) float64 {
	w := 2 * math.Cos(2*math.Pi*hz/16000)
	var a, b float64
	for _, s := range samples {
		a, b = float64(s)/32768+w*a-b, a
	}
	return 2 * math.Sqrt(max(0, a*a+b*b-w*a*b)) / float64(len(samples))
}
