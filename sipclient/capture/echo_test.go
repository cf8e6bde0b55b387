package capture

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that repeats the proof it was sent must not carry it into a file.
func TestEchoedSecretsAreMaskedToo(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcde0"
	phone, server := netip.MustParseAddrPort("192.168.1.23:5060"), netip.MustParseAddrPort("198.51.100.20:5060")
	tape := &Tape{}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tape.Packet(Packet{Time: at, Net: UDP, Src: phone, Dst: server, Data: []byte("REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"a\", response=\"" + secret + "\"\r\n\r\n")})
	tape.Packet(Packet{Time: at, Net: UDP, Src: server, Dst: phone, Data: []byte("SIP/2.0 403 Bad auth " + secret + "\r\nWarning: 399 x \"" + secret + secret + "\"\r\n\r\n" + secret)})
	var file bytes.Buffer
	_, err := tape.WriteTo(&file)
	require.NoError(t, err)
	require.NotContains(t, file.String(), secret[:20])
	require.Contains(t, file.String(), "SIP/2.0 403 Bad auth 0000")
	require.Contains(t, string(tape.From(0)[0].Packet.Data), secret, "memory keeps what crossed the wire")
}
