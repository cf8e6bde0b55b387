package practice

import (
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"

	"softphonedoctor/sipclient/codec"
)

// TestRoom: what is heard sounds again as late and as faint as it should, and a packet
// that never came sounds as nothing.
func TestRoom(t *testing.T) {
	r := room{late: 240 * time.Millisecond, level: -20}
	for n := range 100 {
		if n != 30 {
			data, _ := codec.Encode("PCMU", slices.Repeat([]int16{int16(100 * n)}, frameSamples), nil)
			r.hear("PCMU", &rtp.Packet{Header: rtp.Header{Timestamp: 7000 + uint32(n*frameSamples)}, Payload: data})
		}
		frame := r.next()
		switch at := n - 12; {
		case at < 0:
			require.Nil(t, frame)
		case at == 30:
		default:
			require.InDelta(t, 10*float64(at), frame[0], 0.5+0.5*float64(at))
		}
	}
	quiet := room{}
	quiet.hear("PCMU", &rtp.Packet{Payload: make([]byte, frameSamples)})
	require.Nil(t, quiet.next())
}
