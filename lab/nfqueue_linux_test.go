package lab

import (
	"testing"

	"github.com/pion/rtp"
	"github.com/stretchr/testify/require"
)

// TestQueuedPackets reads packets as the kernel gives them, whole, cut at every place,
// and as no kernel does.
func TestQueuedPackets(t *testing.T) {
	t.Parallel()
	media, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SequenceNumber: 77, Timestamp: 160, SSRC: 5}, Payload: make([]byte, 20)}).Marshal()
	require.NoError(t, err)
	ip := append([]byte{0x45, 0, 0, byte(28 + len(media)), 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 51, 100, 10, 192, 168, 77, 2, 0x75, 0x30, 0x9c, 0x40, 0, byte(8 + len(media)), 0, 0}, media...)
	whole := append(attribute(attrHead, []byte{0, 0, 0, 9, 8, 0, 1, 0}), attribute(attrPayload, ip)...)
	p, ok := packetOf(whole)
	require.True(t, ok)
	require.EqualValues(t, 9, p.id)
	require.Equal(t, ip, p.packet)
	flow, header := mediaOf(p.packet)
	require.Equal(t, "198.51.100.10:30000", flow.from.String())
	require.Equal(t, "192.168.77.2:40000", flow.to.String())
	require.EqualValues(t, 77, header.SequenceNumber)

	for n := range whole {
		p, _ := packetOf(whole[:n])
		mediaOf(p.packet)
	}
	for n := range ip {
		mediaOf(ip[:n])
	}
	rtcp := append([]byte(nil), ip...)
	rtcp[29] = 201
	_, header = mediaOf(rtcp)
	require.Nil(t, header, "a report is taken for sound")
	later := append([]byte(nil), ip...)
	later[7] = 185
	_, header = mediaOf(later)
	require.Nil(t, header, "a further fragment has no ports")
}
