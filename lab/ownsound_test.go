package lab

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"softphonedoctor/app/session"
	"softphonedoctor/sipclient"
	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/capture"
)

// ownPartMost is what this computer may add to the time from mouth to ear, the devices' own
// periods among it.
const ownPartMost = 80 * time.Millisecond

// TestMouthToEar: clicks go into the microphone, through a call to the built-in echo and out
// of the speaker. What lies between the two, as the sound server itself hears them, is our
// part: periods of both devices, packets, the jitter buffer, and some microseconds of network.
func TestMouthToEar(t *testing.T) {
	wholeLab(t)
	p := StartPulse(t)
	asked(t, p.Env())
	pbx, err := session.StartPractice("")
	require.NoError(t, err)
	defer pbx.Close()
	phone, err := sipclient.New(t.Context(), sipclient.Config{Tape: &capture.Tape{},
		Account: sipclient.Account{User: pbx.Account.User, Domain: pbx.Account.Domain, Password: pbx.Account.Password, Register: true}})
	require.NoError(t, err)
	defer closePhone(t, phone)
	require.NoError(t, phone.Register(t.Context()))
	call, err := phone.Dial(t.Context(), pbx.Echo)
	require.NoError(t, err)
	require.Equal(t, sipclient.Answered, call.Wait(briefly(t), sipclient.Answered))
	s := system(t)
	mic, speaker := bothDevices(t, s)
	end, err := session.Converse(mic, speaker, call)
	require.NoError(t, err)
	defer end()

	p.Speak(t, 16000, clicks(90*time.Second))
	time.Sleep(8 * time.Second) // the jitter buffer knows the network by then
	// A busy machine lets the sound server, its recorders and the devices run dry: what waits
	// grows, and a recording with holes says nothing. What the quickest tenth takes is what
	// this program needs.
	var delays []time.Duration
	for range 3 {
		if delays = p.through(t); len(delays) >= 15 && delays[len(delays)/10] < ownPartMost {
			break
		}
		t.Log("once more")
	}
	require.GreaterOrEqual(t, len(delays), 15, "too few clicks were heard")
	require.Less(t, delays[len(delays)/10], ownPartMost)
}

// bothDevices opens the usual microphone and speaker until the test ends.
func bothDevices(t testing.TB, s *audio.System) (mic, speaker *audio.Stream) {
	t.Helper()
	mic, err := s.Microphone(t.Context(), audio.Device{}, 16000)
	require.NoError(t, err)
	t.Cleanup(mic.Close)
	speaker, err = s.Speaker(t.Context(), audio.Device{}, 16000)
	require.NoError(t, err)
	t.Cleanup(speaker.Close)
	return mic, speaker
}

// through records both sides for a while, and tells how long each click took from the one to
// the other, the quickest first.
func (p *Pulse) through(t *testing.T) (delays []time.Duration) {
	t.Helper()
	in, out := p.listen(t, "mic"), p.listen(t, "spk.monitor")
	time.Sleep(15 * time.Second)
	said, heard := in(), out()
	for _, at := range said {
		if i := slices.IndexFunc(heard, func(h time.Time) bool { return h.After(at) && h.Sub(at) < 400*ms }); i >= 0 {
			delays = append(delays, heard[i].Sub(at))
		}
	}
	slices.Sort(delays)
	t.Logf("%d clicks in, %d out, %d of them within 400 ms", len(said), len(heard), len(delays))
	if n := len(delays); n > 0 {
		t.Logf("a tenth within %v, half within %v, nine tenths within %v", delays[n/10], delays[n/2], delays[n*9/10])
	}
	return delays
}

// clicks are bursts of noise of 15 ms, two in three seconds.
func clicks(long time.Duration) []int16 {
	samples := make([]int16, int(long.Seconds()*16000))
	random := rand.New(rand.NewPCG(6, 6))
	for at := 8000; at+240 < len(samples); at += 10667 {
		for i := range 240 {
			samples[at+i] = int16(random.IntN(16000) - 8000)
		}
	}
	return samples
}

// listen records a source of the sound server; the function that it gives ends that, and
// tells when each click in it began.
func (p *Pulse) listen(t *testing.T, source string) (clicks func() []time.Time) {
	t.Helper()
	cmd := exec.Command("parec", "-s", "unix:"+p.socket, "--record", "--device="+source, "--latency-msec=5", "--format=s16le", "--channels=1", "--rate=16000", "--raw")
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var samples []int16
	begins := time.Duration(math.MaxInt64) // of the first sample after zero: nothing comes too soon
	zero := time.Now()
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := io.ReadAtLeast(pipe, buf, 2)
			if err != nil {
				return
			}
			at := time.Since(zero)
			for i := 0; i+1 < n; i += 2 {
				samples = append(samples, int16(binary.LittleEndian.Uint16(buf[i:])))
			}
			begins = min(begins, at-time.Duration(len(samples))*time.Second/16000)
		}
	})
	return func() (list []time.Time) {
		require.NoError(t, cmd.Process.Kill())
		reading.Wait()
		_ = cmd.Wait()
		for i, quiet := 0, 0; i < len(samples); i++ {
			if math.Abs(float64(samples[i])) < 1500 {
				quiet++
				continue
			}
			if quiet > 1600 {
				list = append(list, zero.Add(begins+time.Duration(i)*time.Second/16000))
			}
			quiet = 0
		}
		return list
	}
}
