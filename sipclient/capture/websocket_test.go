package capture

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"
)

const (
	wsAsk    = "GET /sip HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n"
	wsAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n"
)

// frames writes WebSocket frames; those of the client are masked.
func wsFrames(t testing.TB, masked bool, list ...ws.Frame) []byte {
	var b bytes.Buffer
	for _, f := range list {
		if masked {
			f.Payload = bytes.Clone(f.Payload)
			f = ws.MaskFrameInPlaceWith(f, [4]byte{1, 2, 3, 250})
		}
		require.NoError(t, ws.WriteFrame(&b, f))
	}
	return b.Bytes()
}

func text(s string) ws.Frame { return ws.NewTextFrame([]byte(s)) }

func TestWebSocket(t *testing.T) {
	long := strings.Replace(askMessage, "Content-Length: 0", "Subject: "+strings.Repeat("a long one ", 7000)+"\r\nContent-Length: 0", 1)
	ping, pong := ws.NewPingFrame([]byte("are you there")), ws.NewPongFrame([]byte("are you there"))
	parts := []ws.Frame{ws.NewFrame(ws.OpText, false, []byte(askMessage[:50])), ws.NewFrame(ws.OpContinuation, false, []byte(askMessage[50:60])), ws.NewFrame(ws.OpContinuation, true, []byte(askMessage[60:]))}
	for _, c := range []struct {
		what        string
		client      []ws.Frame
		server      []ws.Frame
		want, wants []string
	}{
		{"one each", []ws.Frame{text(askMessage)}, []ws.Frame{text(answer)}, []string{askMessage}, []string{answer}},
		{"binary", []ws.Frame{ws.NewBinaryFrame([]byte(askMessage))}, []ws.Frame{text(answer), text(answer)}, []string{askMessage}, []string{answer, answer}},
		{"keep-alives", []ws.Frame{ping, text("\r\n\r\n"), text(askMessage), pong}, []ws.Frame{pong, text("\r\n"), ping}, []string{"\r\n\r\n", askMessage}, []string{"\r\n"}},
		{"in parts, a ping between", []ws.Frame{parts[0], ping, parts[1], parts[2], text(askMessage)}, nil, []string{askMessage, askMessage}, nil},
		{"64 kB", []ws.Frame{text(long)}, []ws.Frame{text(answer)}, []string{long}, []string{answer}},
		{"empty", []ws.Frame{text(""), text(askMessage)}, []ws.Frame{ws.NewCloseFrame(nil)}, []string{"", askMessage}, nil},
	} {
		for _, size := range []int{1, 7, 1400} {
			if len(c.client) == 1 && len(c.client[0].Payload) > 10_000 && size == 1 {
				continue
			}
			talk := []said{{false, []byte(wsAsk)}, {true, []byte(wsAnswer)}, {false, wsFrames(t, true, c.client...)}, {true, wsFrames(t, false, c.server...)}}
			got := map[byte][]string{}
			for _, g := range carried(raw(t, connection(t, size, talk))) {
				require.Equal(t, "WS", g[:2], c.what)
				got[g[2]] = append(got[g[2]], g[3:])
			}
			require.Equal(t, c.want, got['>'], "%s, %d bytes", c.what, size)
			require.Equal(t, c.wants, got['<'], "%s, %d bytes", c.what, size)
		}
	}
}

// Frames may come right behind the HTTP, and be cut across it.
func TestWebSocketAtOnce(t *testing.T) {
	talk := []said{{false, append([]byte(wsAsk), wsFrames(t, true, text(askMessage))...)}, {true, append([]byte(wsAnswer), wsFrames(t, false, text(answer))...)}}
	require.Equal(t, []string{"WS>" + askMessage, "WS<" + answer}, carried(raw(t, connection(t, 100, talk))))
}

// A capture that begins later, or misses a segment, goes on with the next message.
func TestWebSocketInTheMiddle(t *testing.T) {
	client, server := wsFrames(t, true, text(askMessage)), wsFrames(t, false, text(answer))
	talk := []said{{false, client}, {true, server}, {false, client}}
	require.Equal(t, []string{"WS>" + askMessage, "WS<" + answer, "WS>" + askMessage}, carried(raw(t, connection(t, 1400, talk)[3:])))

	talk = []said{{false, []byte(wsAsk)}, {true, []byte(wsAnswer)}, {false, client}, {true, server}, {false, client}}
	frames := connection(t, 1400, talk)
	frames = append(frames[:5], frames[6:]...) // without the first message
	require.Equal(t, []string{"WS<" + answer, "WS>" + askMessage}, carried(raw(t, frames)))
}

// What cannot be read is said: compression; and what is too long is passed over.
func TestWebSocketLimits(t *testing.T) {
	packed := text("xxxx")
	packed.Header.Rsv = 4
	talk := []said{{false, []byte(wsAsk)}, {true, []byte(wsAnswer)}, {false, wsFrames(t, true, packed, text(askMessage), packed)}}
	got := raw(t, connection(t, 1400, talk))
	require.Equal(t, []string{"note websocket", "WS>" + askMessage}, carried(got))
	require.Contains(t, got[0].Note.Text, "compressed")

	var b bytes.Buffer
	require.NoError(t, ws.WriteHeader(&b, ws.Header{Fin: true, OpCode: ws.OpText, Length: maxMessage + 1}))
	huge := append(b.Bytes(), make([]byte, maxMessage+1)...)
	talk = []said{{false, []byte(wsAsk)}, {true, []byte(wsAnswer)}, {true, huge}, {true, wsFrames(t, false, text(answer))}}
	require.Equal(t, []string{"WS<" + answer}, carried(raw(t, connection(t, 60_000, talk))))
}

// tshark finds the same messages.
func TestWebSocketAsTsharkReadsIt(t *testing.T) {
	needTshark(t)
	talk := []said{{false, []byte(wsAsk)}, {true, []byte(wsAnswer)}, {false, wsFrames(t, true, text(askMessage))}, {true, wsFrames(t, false, text(answer))}}
	file := filepath.Join(t.TempDir(), "ws.pcapng")
	require.NoError(t, os.WriteFile(file, pcapngFile(t, layers.LinkTypeRaw, connection(t, 200, talk)...), 0o600))
	lines := tshark(t, "-n", "-r", file, "-d", "tcp.port==5060,http", "-Y", "sip", "-T", "fields", "-e", "frame.number", "-e", "sip.Method", "-e", "sip.Status-Code")
	require.Len(t, lines, 4)
	got := raw(t, connection(t, 200, talk))
	require.Equal(t, []string{lines[0], lines[2]}, []string{strconv.Itoa(got[0].N), strconv.Itoa(got[1].N)})
}
