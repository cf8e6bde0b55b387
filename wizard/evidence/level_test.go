package evidence

import (
	"bytes"
	"math"
	"testing"
)

// TestG711 holds the decoding tables to ITU-T G.711: ends, smallest steps, sign.
func TestG711(t *testing.T) {
	for c, want := range map[byte]int16{0x00: -32124, 0x80: 32124, 0xff: 0, 0x7f: 0, 0xfe: 8, 0x7e: -8, 0xef: 132, 0x8f: 16764} {
		if got := muLaw[c]; got != want {
			t.Errorf("mu-law %#02x is %d, want %d", c, got, want)
		}
	}
	for c, want := range map[byte]int16{0xaa: 32256, 0x2a: -32256, 0xd5: 8, 0x55: -8, 0xd4: 24, 0xc5: 264, 0xf5: 528} {
		if got := aLaw[c]; got != want {
			t.Errorf("A-law %#02x is %d, want %d", c, got, want)
		}
	}
}

func TestLevel(t *testing.T) {
	// One period of 1000 Hz at the level 0 dBm0, the reference sequences of G.711 tables 5 and 6.
	muTone := []byte{0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e}
	aTone := []byte{0x34, 0x21, 0x21, 0x34, 0xb4, 0xa1, 0xa1, 0xb4}
	tests := []struct {
		name    string
		law     law
		payload []byte
		dbfs    float64
		off     float64
		same    bool
		clipped uint64
	}{
		{"digital silence, mu-law", lawMu, bytes.Repeat([]byte{0xff}, 160), -100, 0.01, true, 0},
		{"digital silence, A-law", lawA, bytes.Repeat([]byte{0xd5}, 160), -72.25, 0.01, true, 0},
		{"full scale", lawMu, bytes.Repeat([]byte{0x80}, 160), -0.17, 0.01, true, 160},
		{"full scale, A-law", lawA, bytes.Repeat([]byte{0xaa}, 160), -0.14, 0.01, true, 160},
		// G.711 puts 0 dBm0 3.17 dB (mu) and 3.14 dB (A) below a full-scale sine.
		{"tone, mu-law", lawMu, bytes.Repeat(muTone, 20), -3.17 - 3.01, 0.2, false, 0},
		{"tone, A-law", lawA, bytes.Repeat(aTone, 20), -3.14 - 3.01, 0.2, false, 0},
		{"six samples at full scale are a peak", lawMu, append(bytes.Repeat([]byte{0x80}, 6), bytes.Repeat([]byte{0xff}, 154)...), -14.43, 0.1, false, 0},
		{"seven are clipped", lawMu, append(bytes.Repeat([]byte{0x00}, 7), bytes.Repeat([]byte{0xff}, 153)...), -13.76, 0.1, false, 7},
	}
	for _, tt := range tests {
		var m meter
		for range 10 {
			m.add(tt.law, tt.payload)
		}
		got := m.level()
		if !got.Known || got.Samples != 1600 || math.Abs(got.DBFS-tt.dbfs) > tt.off || got.Constant != tt.same {
			t.Errorf("%s: %+v, want %.2f dBFS, constant %v", tt.name, got, tt.dbfs, tt.same)
		}
		if tt.clipped < 160 && got.Clipped != 10*tt.clipped || tt.clipped == 160 && got.Clipped != 1600 {
			t.Errorf("%s: %d samples clipped", tt.name, got.Clipped)
		}
	}
	if (&meter{}).level().Known {
		t.Error("nothing was measured")
	}
}
