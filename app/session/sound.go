package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"softphonedoctor/sipclient/audio"
	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/codec"
	"softphonedoctor/wizard/diagnosis"
)

// SoundChoice names the devices that the person chose; empty fields are the system's
// choice. The name finds a device whose id has changed.
type SoundChoice struct {
	Microphone     string `toml:"microphone"` // id
	MicrophoneName string `toml:"microphone_name"`
	Speaker        string `toml:"speaker"` // id
	SpeakerName    string `toml:"speaker_name"`
}

// soundRate is the rate of microphone and speaker: twice that of a telephone, so that
// wide-band calls lose nothing.
const soundRate = 16000

// SoundDevice is a microphone or a speaker of this computer.
type SoundDevice struct {
	ID, Name string
	Default  bool // the system's choice
	Chosen   bool // remembered as the person's choice
}

// SoundDevices lists microphones and speakers. The error is a sentence.
func SoundDevices(ctx context.Context, choice SoundChoice) (microphones, speakers []SoundDevice, err error) {
	system, err := audio.Open(ctx)
	if err != nil {
		return nil, nil, soundSentence(err)
	}
	defer system.Close()
	return listDevices(ctx, system, choice)
}

func listDevices(ctx context.Context, system *audio.System, choice SoundChoice) (microphones, speakers []SoundDevice, err error) {
	for _, k := range []struct {
		kind     audio.Kind
		id, name string
		list     *[]SoundDevice
	}{{audio.Microphones, choice.Microphone, choice.MicrophoneName, &microphones}, {audio.Speakers, choice.Speaker, choice.SpeakerName, &speakers}} {
		devices, err := system.Devices(ctx, k.kind)
		if err != nil {
			return nil, nil, soundSentence(err)
		}
		for _, d := range devices {
			*k.list = append(*k.list, SoundDevice{ID: d.ID, Name: d.Name, Default: d.Default,
				Chosen: k.id != "" && d.ID == k.id || k.name != "" && d.Name == k.name})
		}
	}
	return microphones, speakers, nil
}

// sound is the microphone and the speaker of a check. It implements wizard.Sound.
type sound struct {
	tape   *capture.Tape
	choice SoundChoice

	mu       sync.Mutex
	opened   bool
	system   *audio.System
	streams  [2]*audio.Stream // microphone, speaker
	watching context.CancelFunc
	watched  sync.WaitGroup
	told     [2]bool // that it was lost
}

var soundKeys = [2]string{capture.SoundMicrophone, capture.SoundSpeaker}

func (s *sound) note(key, format string, args ...any) {
	s.tape.Note(capture.Note{Time: time.Now(), Kind: capture.KindProbe, Key: key, Text: fmt.Sprintf(format, args...)})
}

// Open implements wizard.Sound.
func (s *sound) Open(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened {
		return
	}
	s.opened = true
	system, err := audio.Open(ctx)
	if err != nil {
		for _, key := range soundKeys {
			s.refused(key, "", err)
		}
		return
	}
	s.system = system
	for i, d := range []struct {
		kind     audio.Kind
		id, name string
		open     func(context.Context, audio.Device, int) (*audio.Stream, error)
	}{{audio.Microphones, s.choice.Microphone, s.choice.MicrophoneName, system.Microphone}, {audio.Speakers, s.choice.Speaker, s.choice.SpeakerName, system.Speaker}} {
		device, err := system.Choose(ctx, d.kind, d.id, d.name)
		if err == nil {
			s.streams[i], err = d.open(ctx, device, soundRate)
		}
		if err != nil {
			s.refused(soundKeys[i], device.Name, err)
			continue
		}
		s.note(soundKeys[i], "yes device=%s", strconv.QuoteToASCII(device.Name))
	}
	watch, stop := context.WithCancel(context.Background())
	s.watching = stop
	s.watched.Go(func() { s.watch(watch) })
}

// refused notes why a device cannot be used. Where there is no sound system at all, or
// none that this build knows, nothing can be said.
func (s *sound) refused(key, device string, err error) {
	var t *audio.Trouble
	switch {
	case errors.Is(err, audio.ErrNone):
		s.note(key, "not-checked %s", audio.ErrNone)
	case errors.As(err, &t):
		s.note(key, "no device=%s reason=%s", strconv.QuoteToASCII(device), t.Reason)
	default:
		s.note(key, "not-checked %v", err)
	}
}

// watch notes a device that is lost while it is open.
func (s *sound) watch(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, st := range s.streams {
			if st == nil || s.told[i] {
				continue
			}
			if t := st.Trouble(); t != nil {
				s.told[i] = true
				s.note(soundKeys[i], "no device=%s reason=%s", strconv.QuoteToASCII(st.Device.Name), t.Reason)
			}
		}
	}
}

// stream gives an open device, nil where there is none.
func (s *sound) stream(i int) *audio.Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams[i]
}

// constantTime is how long a microphone may give the same value before that is no
// quiet room any more but a switch or a permission.
const constantTime = 2 * time.Second

// Speech implements wizard.Sound.
func (s *sound) Speech(ctx context.Context, long time.Duration) {
	mic := s.stream(0)
	if mic == nil {
		s.note(capture.SoundMicLevel, "not-checked no microphone is open")
		return
	}
	mic.Drop(0)
	before := mic.Levels()
	var m speechMeter
	frame := make([]int16, soundRate/50)
	longest := 0
	for until := time.Now().Add(long); time.Now().Before(until) && ctx.Err() == nil && mic.Trouble() == nil; {
		if mic.Waiting() < len(frame) {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		m.add(frame[:mic.Read(frame)])
		longest = max(longest, mic.Levels().Constant)
	}
	if mic.Trouble() != nil || ctx.Err() != nil || m.frames() < 25 {
		return // what ended it stands on the tape, or nobody waits for it any more
	}
	constant := longest >= int(constantTime.Seconds()*soundRate)
	level, peak := m.level()
	result := "no"
	if level > diagnosis.SpokenFrom && !constant {
		result = "yes"
	}
	after := mic.Levels()
	s.note(capture.SoundMicLevel, "%s level=%.1f peak=%.1f constant=%s clipped=%d samples=%d", result, level, peak,
		map[bool]string{true: "yes", false: "no"}[constant], after.Clipped-before.Clipped, after.Samples-before.Samples)
}

// speechMeter measures speech: the level of the frames in which somebody spoke, for
// half of all speech is pauses (ITU-T P.56 in short).
type speechMeter struct {
	powers []float64 // of frames
	peak   float64
}

func (m *speechMeter) add(frame []int16) {
	sum := 0.0
	for _, v := range frame {
		sum += float64(v) * float64(v)
		m.peak = max(m.peak, math.Abs(float64(v)))
	}
	m.powers = append(m.powers, sum/float64(max(1, len(frame))))
}

func (m *speechMeter) frames() int { return len(m.powers) }

// level gives the active level and the peak in dBFS.
func (m *speechMeter) level() (active, peak float64) {
	sorted := slices.Sorted(slices.Values(m.powers))
	const margin = 0.03 // -15 dB below the loud ones counts as a pause
	loud := sorted[len(sorted)*19/20]
	sum, n := 0.0, 0
	for _, p := range sorted {
		if p >= loud*margin {
			sum += p
			n++
		}
	}
	return dbfs(math.Sqrt(sum / float64(max(1, n)))), dbfs(m.peak)
}

func dbfs(amplitude float64) float64 {
	if amplitude <= 0 {
		return codec.Floor
	}
	return max(codec.Floor, 20*math.Log10(amplitude/32768))
}

// Tone implements wizard.Sound: two short soft tones.
func (s *sound) Tone(ctx context.Context) {
	speaker := s.stream(1)
	if speaker == nil {
		return
	}
	speaker.Play(ctx, audio.TestTone(soundRate))
}

// Loop implements wizard.Sound: the known signal from the speaker, looked for at the
// microphone.
func (s *sound) Loop(ctx context.Context, long time.Duration) {
	mic, speaker := s.stream(0), s.stream(1)
	if mic == nil || speaker == nil {
		s.note(capture.SoundLoop, "not-checked the microphone or the speaker is not open")
		return
	}
	heard, ok := audio.Passage(ctx, speaker, mic, rand.Uint64(), long)
	if !ok {
		return // what ended it stands on the tape, or nobody waits for it any more
	}
	for _, n := range capture.EchoNotes(codec.EchoTest{Loop: heard}.Judge()) {
		if n.Key == capture.SoundLoop {
			n.Time = time.Now()
			s.tape.Note(n)
		}
	}
}

// clocks notes the clock that is further off, of those that were watched for long enough;
// the caller holds s.mu.
func (s *sound) clocks() {
	worst, name, known := time.Duration(0), "", false
	for i, st := range s.streams {
		if st == nil || s.told[i] {
			continue
		}
		if skew, over := st.Skew(); over > 0 && (!known || skew.Abs() > worst.Abs()) {
			worst, name, known = skew, [2]string{"microphone", "speaker"}[i], true
		}
	}
	if known {
		result := map[bool]string{true: "yes", false: "no"}[worst.Abs() <= diagnosis.ClockOffFrom]
		s.note(capture.SoundClock, "%s skew=%s device=%s", result, worst.Round(100*time.Microsecond), name)
	}
}

// Close implements wizard.Sound.
func (s *sound) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watching != nil {
		s.watching()
		s.watched.Wait()
		s.watching = nil
	}
	s.clocks()
	for i, st := range s.streams {
		if st != nil {
			st.Close()
			s.streams[i] = nil
		}
	}
	if s.system != nil {
		s.system.Close()
		s.system = nil
	}
}
