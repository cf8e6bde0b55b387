package evidence

import (
	"strings"
	"testing"

	"softphonedoctor/sipclient/capture"

	"github.com/stretchr/testify/require"
)

const wrappedOptions = "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.10;branch=z9hG4bKXX\r\nCall-ID: XX\r\nCSeq: 1 OPTIONS\r\nFrom: <sip:b@a>;tag=1\r\nTo: <sip:a@a>\r\nMax-Forwards: 70\r\n"

// A hole in a byte stream costs the message that it is in: the next one is read, though
// the length of the broken one says that it belongs to that.
func TestHoleInStream(t *testing.T) {
	var b Builder
	add := func(gap bool, data string) {
		b.Add(capture.Record{N: 1, Packet: &capture.Packet{Time: began, Net: capture.TCP, Src: mediaA, Dst: mediaB, Data: []byte(data), Gap: gap}})
	}
	named := func(id, rest string) string { return strings.ReplaceAll(wrappedOptions, "XX", id) + rest }
	add(false, named("one", "Content-Length: 900\r\n\r\n")+strings.Repeat("a", 200))
	add(true, strings.Repeat("b", 100)+"\r\n"+named("two", "Content-Length: 0\r\n\r\n"))
	add(false, named("three", "Content-Length: 0\r\n\r\n"))
	var ids []string
	for _, m := range b.Evidence().Messages {
		ids = append(ids, m.CallID())
	}
	require.Equal(t, []string{"two", "three"}, ids)
}

// Messages out of WebSockets are whole ones, with or without a length (RFC 7118 5).
func TestWebSocketMessages(t *testing.T) {
	var b Builder
	for i, data := range []string{wrappedOptions + "\r\n", "\r\n\r\n", "", `{"kind":"chat"}`, "MESSAGE sip:a@a SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK2\r\nCall-ID: 2\r\nCSeq: 2 MESSAGE\r\nFrom: <sip:b@a>;tag=1\r\nTo: <sip:a@a>\r\n\r\nhello"} {
		b.Add(capture.Record{N: i + 1, Packet: &capture.Packet{Time: began, Net: capture.WSS, Src: mediaA, Dst: mediaB, Data: []byte(data)}})
	}
	ev := b.Evidence()
	require.Len(t, ev.Messages, 2)
	require.Equal(t, "hello", string(ev.Messages[1].Body))
	require.Equal(t, capture.WSS, ev.Messages[1].Net)
	require.EqualValues(t, 2, ev.KeepAlives)
	require.Len(t, ev.Odd, 1)
	require.Equal(t, "a WebSocket without SIP", ev.Odd[0].Text)
}
