package lab

import (
	"encoding/binary"
	"math"
	"os"
	"testing"
	"time"
)

// toneRate is the sampling rate of the files that phones play, in Hz.
const toneRate = 8000

// WriteTone writes a sine as a WAV file at a quarter of full scale. A phone that reaches the
// end of its file ends the call, so make it long enough.
func WriteTone(t testing.TB, path string, hz int, length time.Duration) {
	t.Helper()
	samples := make([]int16, int(length.Seconds()*toneRate))
	for i := range samples {
		samples[i] = int16(8192 * math.Sin(2*math.Pi*float64(hz)*float64(i)/toneRate))
	}
	WriteWAV(t, path, samples)
}

// WriteWAV writes samples as a WAV file: 8 kHz, 16 bits, mono.
func WriteWAV(t testing.TB, path string, samples []int16) {
	t.Helper()
	size := uint32(2 * len(samples))
	b := make([]byte, 0, 44+size)
	le := binary.LittleEndian
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, 1) // PCM
	b = le.AppendUint16(b, 1) // channels
	b = le.AppendUint32(b, toneRate)
	b = le.AppendUint32(b, 2*toneRate) // bytes a second
	b = le.AppendUint16(b, 2)          // bytes a sample
	b = le.AppendUint16(b, 16)         // bits a sample
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	b, err := binary.Append(b, le, samples)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
