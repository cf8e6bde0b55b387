package media

import (
	diago "github.com/emiago/diago/media"

	"softphonedoctor/sipclient/codec"
)

// encode appends the payload of a frame to dst. Only G.711 is ever agreed.
func encode(c diago.Codec, pcm []int16, dst []byte) []byte {
	if c.PayloadType == diago.CodecAudioAlaw.PayloadType {
		return codec.EncodeALaw(dst, pcm)
	}
	return codec.EncodeMuLaw(dst, pcm)
}
