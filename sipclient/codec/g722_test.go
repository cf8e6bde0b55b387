package codec

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// g722Delay is how many samples later the decoder gives what the encoder took:
// the two mirror filters together.
const g722Delay = 22

// signalToNoise compares what came back with what was sent, in decibels.
func signalToNoise(sent, back []int16) float64 {
	var signal, noise float64
	for i := range len(back) - g722Delay {
		s := float64(sent[i])
		n := float64(back[i+g722Delay]) - s
		signal, noise = signal+s*s, noise+n*n
	}
	return 10 * math.Log10(signal/noise)
}

func through722(samples []int16) []int16 {
	var e G722Encoder
	var d G722Decoder
	return d.Decode(nil, e.Encode(nil, samples))
}

// sine gives n samples at 16 kHz.
func sine(hz, dbfs float64, n int) []int16 {
	samples := make([]int16, n)
	for i := range samples {
		samples[i] = clamp(Amplitude(dbfs) * math.Sin(2*math.Pi*hz*float64(i)/WidebandRate))
	}
	return samples
}

func TestG722KeepsTones(t *testing.T) {
	for _, c := range []struct{ hz, dbfs, least float64 }{
		{200, -10, 36}, {440, -10, 34}, {1000, -10, 34}, {1004, -30, 30}, {3000, -10, 32}, {1000, -50, 20},
		{5000, -10, 12}, {6500, -20, 12}, // the higher band has two bits only
	} {
		sent := sine(c.hz, c.dbfs, WidebandRate)
		back := through722(sent)
		require.Len(t, back, len(sent))
		if got := signalToNoise(sent, back); got < c.least {
			t.Errorf("%.0f Hz at %.0f dBFS: a signal to noise of %.1f dB, want %.0f at least", c.hz, c.dbfs, got, c.least)
		}
	}
}

// TestG722KeepsSpeech wants for real speech what the recommendation's makers
// heard: wideband sound with noise far below it.
func TestG722KeepsSpeech(t *testing.T) {
	for _, name := range []string{"librivox-0870-16k.wav", "librivox-0890-16k.wav", "espeak-harvard-1-16k.wav"} {
		sent := speech(t, name)
		back := through722(sent)
		got := signalToNoise(sent, back)
		t.Logf("%s: %.1f dB", name, got)
		if got < 18 {
			t.Errorf("%s: a signal to noise of %.1f dB", name, got)
		}
	}
}

// speech reads a 16-bit WAV file of the shared speech.
func speech(t testing.TB, name string) []int16 {
	t.Helper()
	shared := filepath.Join("..", "..", "..", "shared")
	raw, err := os.ReadFile(filepath.Join(shared, "speech", name))
	if err != nil {
		if _, there := os.Stat(shared); there == nil && os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("this test needs recordings of speech that are not beside the project: ", err)
	}
	require.Equal(t, "WAVE", string(raw[8:12]))
	var samples []int16
	for at := 12; at+8 <= len(raw); {
		size := int(binary.LittleEndian.Uint32(raw[at+4:]))
		if string(raw[at:at+4]) == "data" {
			data := raw[at+8 : min(len(raw), at+8+size)]
			for ; len(data) >= 2; data = data[2:] {
				samples = append(samples, int16(binary.LittleEndian.Uint16(data)))
			}
		}
		at += 8 + size + size&1
	}
	require.NotEmpty(t, samples)
	return samples
}

func TestG722SilenceStaysSilent(t *testing.T) {
	var m Meter
	m.AddSamples(through722(make([]int16, WidebandRate)))
	if l := m.Level(); l.Peak > -80 {
		t.Errorf("digital silence comes back with %.1f dBFS", l.Peak)
	}
	// And behind loud sound it is silent again within 100 ms.
	sent := append(sine(700, -6, WidebandRate), make([]int16, WidebandRate)...)
	var after Meter
	after.AddSamples(through722(sent)[WidebandRate+WidebandRate/10:])
	if l := after.Level(); l.Peak > -75 {
		t.Errorf("silence behind a tone comes back with %.1f dBFS", l.Peak)
	}
}

// tour is a second and a half that visits every corner: a glide through both
// bands, noise, silence, full scale, and steps.
func tour() []int16 {
	random := rand.New(rand.NewPCG(7, 22))
	samples := make([]int16, 0, 24000)
	phase := uint32(0)
	for i := range 8000 { // integers only, so that every machine makes the same
		phase += uint32(i) * 60000
		v := int(phase>>16) - 32768
		if v < 0 {
			v = -v
		}
		samples = append(samples, int16(v-16384))
	}
	for i := range 8000 {
		samples = append(samples, int16(random.IntN(65536)-32768)>>(i/1000))
	}
	samples = append(samples, make([]int16, 2000)...)
	for i := range 6000 {
		v := int16(math.MaxInt16)
		if i/(1+i/100)%2 == 1 {
			v = math.MinInt16
		}
		samples = append(samples, v)
	}
	return samples
}

// TestG722IsStable holds encoder and decoder to the bits. testdata/g722.hex was
// written by this encoder; FFmpeg and SpanDSP give the same bytes for the whole
// tour, FFmpeg also the same samples from them and from any other bytes (SpanDSP
// wraps round where the recommendation limits, and agrees elsewhere).
func TestG722IsStable(t *testing.T) {
	text, err := os.ReadFile(filepath.FromSlash("testdata/g722.hex"))
	require.NoError(t, err)
	want, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	require.NoError(t, err)
	samples := tour()
	require.Equal(t, "3d198007", sumOf(samples), "the test's own signal")

	var e G722Encoder
	got := e.Encode(nil, samples)
	require.Equal(t, want, got[:len(want)])
	require.Equal(t, "c7bc7506", sumOf(got))
	var d G722Decoder
	require.Equal(t, "5b02758f", sumOf(d.Decode(nil, got)))

	// Any bytes decode to the same samples everywhere, also those no encoder sends.
	random := rand.New(rand.NewPCG(1, 1))
	junk := make([]byte, 8000)
	for i := range junk {
		junk[i] = byte(random.Uint32())
	}
	d = G722Decoder{}
	require.Equal(t, "c0a9d646", sumOf(d.Decode(nil, junk)))
}

// sumOf gives the beginning of a SHA-256.
func sumOf[T byte | int16](values []T) string {
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, values)
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// However the samples are cut into calls, the bytes are the same.
func TestG722TakesAnyPieces(t *testing.T) {
	samples := tour()
	var whole G722Encoder
	want := whole.Encode(nil, samples)
	var pieces G722Encoder
	var got []byte
	for n := 0; len(samples) > 0; n++ {
		k := min(len(samples), n%7)
		got = pieces.Encode(got, samples[:k])
		samples = samples[k:]
	}
	require.Equal(t, want, got)
	var e G722Encoder
	require.Len(t, e.Encode(nil, make([]int16, 320)), 160, "20 ms")
}

// After a lost packet the decoder finds back by itself.
func TestG722HealsAfterLoss(t *testing.T) {
	sent := sine(600, -12, 2*WidebandRate)
	var e G722Encoder
	bytes := e.Encode(nil, sent)
	var d G722Decoder
	d.Decode(nil, bytes[:8000])
	back := d.Decode(nil, bytes[8000+160:])
	tail := back[len(back)-8000:]
	if got := signalToNoise(sent[len(sent)-8000:], tail); got < 30 {
		t.Errorf("long after a loss the signal to noise is %.1f dB", got)
	}
}

func TestNewCoders(t *testing.T) {
	for name, want := range map[string]int{"PCMU": 8000, "pcma": 8000, "G722": 16000, "g722": 16000} {
		e, rate, ok := NewEncoder(name)
		require.True(t, ok, name)
		require.Equal(t, want, rate, name)
		d, again, ok := NewDecoder(name)
		require.True(t, ok, name)
		require.Equal(t, want, again, name)
		sent := make([]int16, want/50)
		for i := range sent {
			sent[i] = int16(8000 * math.Sin(float64(i)/5))
		}
		bytes := e.Encode(nil, sent)
		require.Len(t, bytes, 160, name)
		require.Len(t, d.Decode(nil, bytes), len(sent), name)
		if plain, known := Encode(name, sent, nil); known {
			require.Equal(t, plain, bytes, name)
		}
	}
	for _, name := range []string{"", "opus", "G729"} {
		_, _, ok := NewEncoder(name)
		_, _, ok2 := NewDecoder(name)
		require.False(t, ok || ok2, name)
	}
}

func FuzzG722Decode(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x00, 0xff, 0x3f, 0xc0, 0x01, 0x80})
	f.Add([]byte("any bytes at all are some sound"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var d G722Decoder
		samples := d.Decode(nil, payload)
		if len(samples) != 2*len(payload) {
			t.Fatalf("%d samples of %d bytes", len(samples), len(payload))
		}
		var e G722Encoder
		if again := e.Encode(nil, samples); len(again) != len(payload) {
			t.Fatalf("%d bytes of %d samples", len(again), len(samples))
		}
	})
}

func BenchmarkG722Encode(b *testing.B) {
	samples := sine(1000, -20, 320)
	var e G722Encoder
	dst := make([]byte, 0, 160)
	b.ReportAllocs()
	for b.Loop() {
		dst = e.Encode(dst[:0], samples)
	}
}

func BenchmarkG722Decode(b *testing.B) {
	var e G722Encoder
	payload := e.Encode(nil, sine(1000, -20, 320))
	var d G722Decoder
	dst := make([]int16, 0, 320)
	b.ReportAllocs()
	for b.Loop() {
		dst = d.Decode(dst[:0], payload)
	}
}
