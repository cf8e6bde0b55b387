package sipclient

import (
	"math"

	"github.com/emiago/diago/media"
	"github.com/zaf/g711"
)

// signal gives the sound for one call.
func (p *Phone) signal() Signal {
	if p.cfg.Source != nil {
		if s := p.cfg.Source(); s != nil {
			return s
		}
	}
	return &tone{}
}

type tone struct{ n int }

func (t *tone) Frame(dst []int16) {
	for i := range dst {
		dst[i] = int16(3000 * math.Sin(2*math.Pi*440*float64(t.n)/8000))
		t.n = (t.n + 1) % 8000
	}
}

// encode gives the payload of a frame.
func encode(c media.Codec, pcm []int16) []byte {
	out := make([]byte, len(pcm))
	for i, s := range pcm {
		if c.PayloadType == 8 {
			out[i] = g711.EncodeAlawFrame(s)
		} else {
			out[i] = g711.EncodeUlawFrame(s)
		}
	}
	return out
}
