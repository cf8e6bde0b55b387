package lab

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/wizard/report"
)

// TestConversation: in a call over the test phone a real phone hears the microphone, and
// the speaker plays what that phone sends.
func TestConversation(t *testing.T) {
	wholeLab(t)
	k := Kamailio(t, KamailioOptions{})
	other := Baresip(t, k, "talker", ByItself, PhoneOptions{RingFor: 200 * ms, Tone: 440})
	p := StartPulse(t)
	asked(t, p.Env())
	p.Speak(t, 16000, tone(16000, 60, -20))
	heard := make(chan []int16, 1)
	go func() { time.Sleep(8 * time.Second); heard <- p.Heard(t, 3*time.Second) }()
	got := check(t, session.Request{Account: account(k, "conversation"), Situation: "quality", Target: "talker", Sound: &session.SoundChoice{},
		Person: session.Answers{"symptom": "unsure", "talk": "yes", "they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}})
	sound := <-heard
	played := 0.0 // a busy machine may leave gaps
	for at := 0; at+3200 <= len(sound); at += 1600 {
		played = max(played, strength(sound[at:at+3200], 440))
	}
	require.Greater(t, played, 0.02, "the speaker does not play the other side")
	if !got.overloaded() {
		require.Equal(t, report.Healthy, got.Verdict, got.Headline())
	}
	other.Stop(t)
	require.Greater(t, recorded(t, other, 700), 0.02, "the other side does not hear the microphone")
}

// recorded is the amplitude of one frequency in what a phone recorded of a call.
func recorded(t *testing.T, p *Phone, hz float64) float64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.cmd.Dir, "*dec.wav"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	data, err := os.ReadFile(files[0])
	require.NoError(t, err)
	best := 0.0
	for at := 44; at+16000 <= len(data); at += 8000 { // a second of 8,000 samples, each half second
		var sound []int16
		for i := at; i < at+16000; i += 2 {
			sound = append(sound, int16(binary.LittleEndian.Uint16(data[i:])))
		}
		best = max(best, strength(sound, 2*hz)) // strength counts 16,000 samples a second
	}
	return best
}

// TestUnpluggedInMidCall: a microphone that is pulled out during a call is named, and
// ends the measuring. With REPEAT=N it runs N times.
func TestUnpluggedInMidCall(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	Baresip(t, k, "talker", ByItself, PhoneOptions{RingFor: 200 * ms})
	repeat, _ := strconv.Atoi(os.Getenv("REPEAT"))
	for n := range max(1, repeat) {
		p := StartPulse(t)
		asked(t, p.Env())
		p.Speak(t, 16000, tone(16000, 60, -20))
		time.AfterFunc(7*time.Second, func() { _, _ = p.ctl("unload-module", "module-remap-source") })
		got := check(t, session.Request{Account: account(k, fmt.Sprint("unplugged", n)), Situation: "quality", Target: "talker", Sound: &session.SoundChoice{},
			Person: session.Answers{"symptom": "unsure", "talk": "yes", "they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}})
		p.Stop(t)
		root := got.Root()
		require.NotNil(t, root, got.Headline())
		require.Equal(t, "sound-device-unavailable", root.Rule.Cause)
		probe, _ := got.Evidence.Probe(capture.SoundMicrophone)
		require.Equal(t, "lost", probe.Text("reason"))
	}
}
