package sipclient

import (
	"github.com/emiago/diago/media"

	"softphonedoctor/sipclient/codec"
)

// signal gives the sound for one call.
func (p *Phone) signal() codec.Source {
	if p.cfg.Source != nil {
		if s := p.cfg.Source(); s != nil {
			return s
		}
	}
	return new(codec.Probe)
}

// encode appends the payload of a frame to dst. Only G.711 is ever agreed.
func encode(c media.Codec, pcm []int16, dst []byte) []byte {
	if c.PayloadType == media.CodecAudioAlaw.PayloadType {
		return codec.EncodeALaw(dst, pcm)
	}
	return codec.EncodeMuLaw(dst, pcm)
}
