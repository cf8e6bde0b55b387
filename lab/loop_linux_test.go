package lab

import (
	"context"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/sipclient/media"
	"softphonedoctor/wizard/evidence"
)

// echoThere is what a person answers whose partners hear themselves.
var echoThere = session.Answers{"symptom": "echo-there", "talk": "no", "they_hear": "yes", "heard": "yes", "speak": "yes", "tone": "yes", "usual_fails": "unsure"}

// TestSoundLoop: a speaker that sounds into the microphone is found by the known signal,
// and one that does not is not blamed.
func TestSoundLoop(t *testing.T) {
	k := Kamailio(t, KamailioOptions{})
	Baresip(t, k, "looper", ByItself, PhoneOptions{RingFor: 200 * ms})
	for _, row := range []struct {
		name   string
		volume string // of what the microphone picks up; "": nothing
		cause  string
	}{
		{"picks it up", "63%", "echo-heard-there"}, // 12 dB weaker: PulseAudio's volumes are cubes
		{"does not", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, loop := looped(t, k, row.volume)
			// A sound server that is kept from its work tears the signal apart: that says
			// nothing about the program.
			for again := 0; again < 3 && loop.Yes() != (row.volume != ""); again++ {
				t.Logf("once more: %+v", loop)
				got, loop = looped(t, k, row.volume)
			}
			require.Equal(t, row.volume != "", loop.Yes(), "%+v", got.Evidence.Probes)
			if row.cause != "" {
				level, _ := loop.Number("level")
				require.InDelta(t, -12, level, 3)
				require.NotNil(t, got.Root(), got.Headline())
				require.Equal(t, row.cause, got.Root().Rule.Cause)
			}
		})
	}
}

// looped is a check of an echo's complaint with a microphone that picks up the speaker at a
// volume, "" for one that does not, and what was measured of that.
func looped(t *testing.T, k *Registrar, volume string) (checked, evidence.Probe) {
	p := StartPulse(t)
	defer p.Stop(t)
	asked(t, p.Env())
	if volume != "" {
		p.Ctl(t, "load-module", "module-loopback", "source=spk.monitor", "sink=micfeed", "latency_msec=200")
		require.Eventually(t, func() bool { _, err := p.ctl("set-sink-input-volume", "0", volume); return err == nil }, 5*time.Second, 50*ms)
	}
	p.Speak(t, 16000, append(make([]int16, 16000), tone(16000, 20, -45)...))
	got := check(t, session.Request{Account: account(k, "loop"), Situation: "quality", Target: "looper", Sound: &session.SoundChoice{}, Person: echoThere})
	loop, _ := got.Evidence.Probe(capture.SoundLoop)
	return got, loop
}

// TestSoundClock: the clock of a microphone that keeps time is measured as one that does.
func TestSoundClock(t *testing.T) {
	wholeLab(t)
	p := StartPulse(t)
	asked(t, p.Env())
	p.pipe(t, "Steady", 16000)
	s := system(t)
	_, err := s.Devices(t.Context(), audio.Microphones) // an id is known once it was listed
	require.NoError(t, err)
	mic, err := s.Microphone(t.Context(), audio.Device{ID: "Steady", Kind: audio.Microphones, Name: "Steady"}, 16000)
	require.NoError(t, err)
	defer mic.Close()
	var skew, over time.Duration
	require.Eventually(t, func() bool { skew, over = mic.Skew(); return over >= 16*time.Second }, 90*time.Second, 100*ms, "nothing is known of the clock")
	t.Logf("behind by %v a minute", skew)
	require.InDelta(t, 0, skew.Seconds(), 0.03)
}

// TestWrongClock: a microphone whose clock is half a percent off is named, in a whole check
// in which people talk.
func TestWrongClock(t *testing.T) {
	wholeLab(t)
	k := Kamailio(t, KamailioOptions{})
	Baresip(t, k, "patient", ByItself, PhoneOptions{RingFor: 200 * ms})
	p := StartPulse(t)
	asked(t, p.Env())
	p.pipe(t, "Fast", 16080)
	got := check(t, session.Request{Account: account(k, "hasty"), Situation: "quality", Target: "patient", Sound: &session.SoundChoice{Microphone: "Fast"},
		Person: session.Answers{"symptom": "choppy", "talk": "yes", "they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}})
	clock, _ := got.Evidence.Probe(capture.SoundClock)
	skew, known := clock.Duration("skew")
	t.Logf("%s: %+v", got.Headline(), clock)
	require.True(t, known && !clock.Yes(), "%+v", got.Evidence.Probes)
	require.InDelta(t, -0.3, skew.Seconds(), 0.05)
	require.Equal(t, "microphone", clock.Text("device"))
	require.NotNil(t, got.Root(), got.Headline())
	require.Equal(t, "clock-drift", got.Root().Rule.Cause)
}

// TestPeersClock: a phone that sends 300 millionths too fast is measured as that, within 60.
func TestPeersClock(t *testing.T) {
	wholeLab(t)
	const fast = 300e-6
	k := Kamailio(t, KamailioOptions{})
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer socket.Close()
	peer := SIPp(t, Script{Name: "off clock", Proxied: true, Steps: steps(rings(), takes(strings.Replace(Audio(1), rtpPort, strconv.Itoa(socket.LocalAddr().(*net.UDPAddr).Port), 1)), untilBye())}, SIPpOptions{})
	go sendFast(socket, fast)
	got := check(t, session.Request{Account: account(k, "timer"), Situation: "quality", Target: portUser(peer),
		Person: session.Answers{"symptom": "unsure", "talk": "no", "they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}})
	in := got.Evidence.Calls[0].In
	require.NotNil(t, in)
	ppm := -in.Skew.Seconds() / 60 * 1e6
	t.Logf("%.0f ppm too fast over %v, in truth %.0f", ppm, in.SkewOver, fast*1e6)
	require.GreaterOrEqual(t, in.SkewOver, 20*time.Second)
	require.InDelta(t, fast*1e6, ppm, 60)
}

// sendFast sends sound to whoever sends some, by a clock that is fast, until the socket closes.
func sendFast(socket *net.UDPConn, fast float64) {
	_, to, err := socket.ReadFromUDPAddrPort(make([]byte, 1500))
	if err != nil {
		return
	}
	go func() {
		for buf := make([]byte, 1500); ; {
			if _, _, err := socket.ReadFromUDPAddrPort(buf); err != nil {
				return
			}
		}
	}()
	began, frame := time.Now(), make([]int16, 160)
	source := codec.Tone(440, -20)
	for n := 0; ; n++ {
		media.SleepUntil(began.Add(time.Duration(float64(n) * 20e6 / (1 + fast))))
		source.Frame(frame)
		h := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: uint16(n), Timestamp: uint32(160 * n), SSRC: 77, Marker: n == 0}, Payload: codec.EncodeALaw(nil, frame)}
		data, err := h.Marshal()
		if err != nil {
			return
		}
		if _, err := socket.WriteToUDPAddrPort(data, to); err != nil {
			return
		}
	}
}

// pipe makes a microphone of that name whose clock gives so many samples in a second, where
// it ought to give 16,000.
func (p *Pulse) pipe(t *testing.T, name string, rate float64) {
	t.Helper()
	pipe := filepath.Join(p.dir, name)
	p.Ctl(t, "load-module", "module-pipe-source", "source_name="+name, "file="+pipe, "format=s16le", "rate=16000", "channels=1", "source_properties=device.description="+name)
	feed(t, pipe, rate)
}

// feed writes samples into a pipe as fast as a device with such a rate gives them.
func feed(t *testing.T, pipe string, rate float64) {
	t.Helper()
	f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	require.NoError(t, err)
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		defer f.Close()
		began, given := time.Now(), 0
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case now := <-tick.C:
				due := int(now.Sub(began).Seconds() * rate)
				data := make([]byte, 0, 2*max(0, due-given))
				for ; given < due; given++ {
					v := int16(3000 * math.Sin(2*math.Pi*300*float64(given)/16000))
					data = append(data, byte(v), byte(v>>8))
				}
				if _, err := f.Write(data); err != nil {
					return
				}
			}
		}
	})
	t.Cleanup(func() { close(stop); done.Wait() })
}

// direct is a call that hears its own voice: what leaves as packets arrives as packets, at
// once and every 20 ms.
type direct struct {
	stop chan struct{}
	done sync.WaitGroup
}

func (d *direct) Join(voice codec.Source, ear func(media.Heard)) {
	if voice == nil {
		close(d.stop)
		d.done.Wait()
		return
	}
	d.stop = make(chan struct{})
	d.done.Go(func() {
		frame, data := make([]int16, 160), make([]byte, 0, 160)
		next := time.Now()
		for n := uint16(0); ; n++ {
			next = next.Add(20 * time.Millisecond)
			select {
			case <-d.stop:
				return
			case <-time.After(time.Until(next)):
			}
			voice.Frame(frame)
			data, _ = codec.Encode("PCMU", frame, data[:0])
			ear(media.Heard{Codec: "PCMU", SSRC: 7, Sequence: n, Timestamp: uint32(n) * 160, Payload: data, At: time.Now()})
		}
	})
}

// BenchmarkConversation is a conversation over devices, for the share of one processor that
// it takes: microphone to packets, packets through the jitter buffer to the speaker.
func BenchmarkConversation(b *testing.B) {
	p := StartPulse(b)
	for _, e := range p.Env() {
		key, value, _ := strings.Cut(e, "=")
		b.Setenv(key, value)
	}
	s, err := audio.Open(b.Context())
	require.NoError(b, err)
	b.Cleanup(s.Close)
	mic, speaker := bothDevices(b, s)
	end, err := session.Converse(mic, speaker, &direct{})
	require.NoError(b, err)
	defer end()
	before, began := spent(), time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	b.ReportMetric(100*(spent()-before).Seconds()/time.Since(began).Seconds(), "%-of-a-core")
}

// BenchmarkRunningCall is a whole check with a conversation in it, for the share of one
// processor that it takes while the call runs, which is to be under 8 %: sound both ways, the
// tape, the known signal and the diagnosis as it goes on. Each round takes ten seconds of a call.
func BenchmarkRunningCall(b *testing.B) {
	k := Kamailio(b, KamailioOptions{})
	Baresip(b, k, "costly", ByItself, PhoneOptions{RingFor: 100 * ms})
	p := StartPulse(b)
	for _, e := range p.Env() {
		key, value, _ := strings.Cut(e, "=")
		b.Setenv(key, value)
	}
	for _, talk := range []string{"yes", "no"} {
		b.Run(map[string]string{"yes": "talking", "no": "test-sound"}[talk], func(b *testing.B) {
			const measured = 10 * time.Second
			var took time.Duration
			for b.Loop() {
				c, err := session.NewCheck(session.Request{Account: account(k, "payer"), Situation: "quality", Target: "costly", Sound: &session.SoundChoice{},
					Person: session.Answers{"symptom": "unsure", "talk": talk, "they_hear": "yes", "heard": "yes", "usual_fails": "unsure"}})
				require.NoError(b, err)
				ctx, stop := context.WithCancel(b.Context())
				ended := make(chan error, 1)
				go func() { _, err := c.Run(ctx); ended <- err }()
				time.Sleep(6 * time.Second) // signed in, called, answered
				before := spent()
				time.Sleep(measured)
				took += spent() - before
				stop()
				<-ended
			}
			share := 100 * took.Seconds() / (measured.Seconds() * float64(b.N))
			b.ReportMetric(share, "%-of-a-core")
			if share >= 8 {
				b.Errorf("a running call costs %.1f %% of a core, want less than 8", share)
			}
		})
	}
}

// spent is the processor time that this process took so far.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
