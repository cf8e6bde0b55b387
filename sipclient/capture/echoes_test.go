package capture

import (
	"testing"
	"time"

	"softphonedoctor/sipclient/codec"
)

func TestEchoNotes(t *testing.T) {
	for want, h := range map[string]codec.Heard{
		"yes delay=120.3ms level=-6.5 lost=2.0": {Found: true, Return: codec.Return{Delay: 120_310 * time.Microsecond, Gain: -6.52}, Pieces: 200, Lost: 4},
		"yes delay=1.2s level=-41.0":            {Found: true, Return: codec.Return{Delay: 1200 * time.Millisecond, Gain: -41}},
		"no":                                    {Enough: true},
		tooShort:                                {Notes: 3},
	} {
		if n := ReturnNote(h); n.Text != want || n.Key != SoundReturn || n.Kind != KindProbe {
			t.Errorf("%+v, want %q", n, want)
		}
	}
	notes := EchoNotes(codec.Echoes{FarFound: true, FarKnown: true, Far: codec.Return{Delay: 300 * time.Millisecond, Gain: -18}, NearKnown: true})
	if len(notes) != 2 || notes[0].Key != SoundEcho || notes[0].Text != "yes delay=300ms level=-18.0" || notes[1].Key != SoundLoop || notes[1].Text != "no" {
		t.Errorf("%+v", notes)
	}
	for _, n := range EchoNotes(codec.Echoes{}) {
		if n.Text != tooShort {
			t.Errorf("nothing was measured, but: %+v", n)
		}
	}
}
