package codec

import (
	"bytes"
	"testing"
)

// The values at the segments' ends, from ITU-T G.711 tables 1 and 2, scaled to
// 16 bits (mu-law: times 4, A-law: times 8).
func TestDecodeKnownValues(t *testing.T) {
	for _, c := range []struct {
		name string
		b    byte
		want int16
	}{
		{"PCMU", 0xff, 0}, {"PCMU", 0x7f, 0}, {"PCMU", 0xfe, 8}, {"PCMU", 0x7e, -8}, {"PCMU", 0xf0, 120},
		{"PCMU", 0xef, 132}, {"PCMU", 0xdf, 396}, {"PCMU", 0xcf, 924}, {"PCMU", 0xbf, 1980}, {"PCMU", 0xaf, 4092},
		{"PCMU", 0x9f, 8316}, {"PCMU", 0x8f, 16764}, {"PCMU", 0x80, 32124}, {"PCMU", 0x00, -32124},
		{"PCMA", 0xd5, 8}, {"PCMA", 0x55, -8}, {"PCMA", 0xda, 248}, {"PCMA", 0xc5, 264}, {"PCMA", 0xf5, 528},
		{"PCMA", 0xe5, 1056}, {"PCMA", 0x95, 2112}, {"PCMA", 0x85, 4224}, {"PCMA", 0xb5, 8448}, {"PCMA", 0xa5, 16896},
		{"PCMA", 0xaa, 32256}, {"PCMA", 0x2a, -32256},
	} {
		got, ok := Decode(c.name, []byte{c.b}, nil)
		if !ok || len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %#02x: %v, want %d", c.name, c.b, got, c.want)
		}
	}
}

// Every byte survives decoding and encoding, but for mu-law's negative zero.
func TestBytesRoundTrip(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, name := range []string{"PCMU", "pcma"} {
		samples, _ := Decode(name, all, nil)
		back, ok := Encode(name, samples, nil)
		if !ok {
			t.Fatal(name, "unknown")
		}
		want := bytes.Clone(all)
		if name == "PCMU" {
			want[0x7f] = 0xff
		}
		if !bytes.Equal(back, want) {
			t.Errorf("%s: %v", name, back)
		}
	}
}

// A sample comes back within half a step: 1/32 of itself, or the smallest step.
func TestSamplesRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name     string
		max      int
		smallest int
	}{{"PCMU", MaxMuLaw, 4}, {"PCMA", MaxALaw, 8}} {
		last := int16(-32768)
		for v := -32768; v <= 32767; v++ {
			code, _ := Encode(c.name, []int16{int16(v)}, nil)
			back, _ := Decode(c.name, code, nil)
			if back[0] < last {
				t.Fatalf("%s: %d decodes to %d, below the %d of a smaller one", c.name, v, back[0], last)
			}
			last = back[0]
			size, off := max(v, -v), int(back[0])-v
			if size > c.max {
				continue
			}
			if limit := max(c.smallest, (size+132)/32); max(off, -off) > limit {
				t.Fatalf("%s: %d comes back as %d, more than %d away", c.name, v, back[0], limit)
			}
		}
		code, _ := Encode(c.name, []int16{32767, -32768}, nil)
		back, _ := Decode(c.name, code, nil)
		if int(back[0]) != c.max || int(back[1]) != -c.max {
			t.Errorf("%s: full scale comes back as %v", c.name, back)
		}
	}
}

func TestUnknownNameLeavesDestination(t *testing.T) {
	in := []int16{1, 2}
	if got, ok := Decode("G722", []byte{1}, in); ok || len(got) != 2 {
		t.Error("decoded what it cannot know:", got)
	}
	if got, ok := Encode("opus", in, []byte{9}); ok || len(got) != 1 {
		t.Error("encoded what it cannot know:", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("PCMU", []byte{0, 0x7f, 0x80, 0xff})
	f.Add("PCMA", []byte{0x55, 0xd5, 0x2a, 0xaa})
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, name string, payload []byte) {
		samples, ok := Decode(name, payload, nil)
		if ok && len(samples) != len(payload) || !ok && len(samples) != 0 {
			t.Fatalf("%d samples of %d bytes", len(samples), len(payload))
		}
		var m Meter
		if m.Add(name, payload) != ok {
			t.Fatal("the meter disagrees about the name", name)
		}
		if l := m.Level(); l.DBFS > 0 || l.DBFS < Floor || l.Peak > 0 || l.Clipped > l.Samples {
			t.Fatalf("impossible level %+v", l)
		}
		if back, _ := Encode(name, samples, nil); ok {
			again, _ := Decode(name, back, nil)
			for i := range samples {
				if samples[i] != again[i] {
					t.Fatalf("sample %d: %d, then %d", i, samples[i], again[i])
				}
			}
		}
	})
}
