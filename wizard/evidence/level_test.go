package evidence

import (
	"math"
	"testing"
	"time"
)

// TestLevels measures what a stream's packets carry, by the codec of each.
func TestLevels(t *testing.T) {
	tests := []struct {
		name     string
		pt       uint8
		byte     byte
		known    bool
		dbfs     float64
		constant bool
		clipped  uint64
	}{
		{"mu-law silence", 0, 0xff, true, -100, true, 0},
		{"A-law silence", 8, 0xd5, true, -100, true, 0},
		{"mu-law at full scale", 0, 0x80, true, -0.17, true, 1600},
		{"GSM cannot be read", 3, 0xd5, false, 0, false, 0},
		{"comfort noise is not sound", 13, 0xd5, false, 0, false, 0},
	}
	for _, tt := range tests {
		f := newFeed()
		f.pt = tt.pt
		for i := range f.payload {
			f.payload[i] = tt.byte
		}
		f.talk(10)
		l := f.only(t).Level
		if l.Known != tt.known || math.Abs(l.DBFS-tt.dbfs) > 0.01 || math.Abs(l.Peak-tt.dbfs) > 0.01 || l.Constant != tt.constant || l.Clipped != tt.clipped {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
}

// TestMixedLevel: a second of silence and one at full scale are 3 dB below it.
func TestMixedLevel(t *testing.T) {
	f := newFeed()
	for _, b := range []byte{0xff, 0x80} {
		for i := range f.payload {
			f.payload[i] = b
		}
		f.talk(50)
	}
	f.step(20 * time.Millisecond)
	if l := f.only(t).Level; math.Abs(l.DBFS-(-3.18)) > 0.02 || math.Abs(l.Peak-(-0.17)) > 0.01 || l.Constant || l.Samples != 16000 {
		t.Errorf("%+v", l)
	}
}
