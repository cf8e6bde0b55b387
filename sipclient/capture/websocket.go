package capture

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"softphonedoctor/sipclient/sipmsg"
)

// webSocket takes the messages out of a WebSocket (RFC 6455), in which browsers carry
// SIP (RFC 7118). Each message becomes a record of its own.
type webSocket struct {
	c    *conversation
	open [2]bool    // the HTTP before the frames is over
	http [2]pending // what opened it, until the other side has agreed
	sub  [2]pending
	lost [2]bool // looking for the beginning of a frame that holds SIP
	gap  [2]bool // bytes are missing before the message at hand
	skip [2]int64
	part [2]pending // what came of a message in several frames
	text [2]bool    // a message has begun
}

const (
	// maxHTTP bounds the HTTP with which a connection begins.
	maxHTTP = 16 << 10
	// maxMessage bounds a message: what a SIP message can have.
	maxMessage = sipmsg.MaxHead + sipmsg.MaxBody
)

func newWebSocket(c *conversation) *webSocket { return &webSocket{c: c} }

func (w *webSocket) close() {
	for dir := range 2 {
		w.c.giveUp(dir, &w.http[dir])
		if !w.open[dir] {
			w.c.giveUp(dir, &w.sub[dir])
		}
		w.sub[dir].reset(w.c.d)
		w.part[dir].reset(w.c.d)
	}
}

func (w *webSocket) take(dir int, k chunk) {
	if k.gap && w.open[dir] {
		w.lose(dir)
	}
	if n := min(w.skip[dir], int64(len(k.data))); n > 0 {
		w.skip[dir] -= n
		k.data = k.data[n:]
	}
	if w.lost[dir] && !beginsWithSIPFrame(k.data) {
		return
	}
	w.lost[dir] = false
	if len(k.data) == 0 {
		return
	}
	if !w.sub[dir].add(w.c.d, k) {
		w.lose(dir)
		return
	}
	if !w.open[dir] && !w.greeting(dir) {
		return
	}
	for w.frame(dir, k) {
	}
}

// lose gives up what waits: bytes are missing behind it.
func (w *webSocket) lose(dir int) {
	w.sub[dir].reset(w.c.d)
	w.part[dir].reset(w.c.d)
	w.skip[dir], w.text[dir], w.lost[dir], w.gap[dir] = 0, false, true, true
}

// greeting reads the HTTP with which a connection begins, and tells whether frames
// follow now. HTTP that opens no WebSocket is passed on as it is.
func (w *webSocket) greeting(dir int) bool {
	head := w.sub[dir].data
	end := bytes.Index(head, []byte("\r\n\r\n"))
	if end < 0 && len(head) <= maxHTTP {
		return false
	}
	if end < 0 || !upgrades(string(head[:end+2])) {
		c := w.c
		c.inside, c.talked = nil, [2]bool{true, true}
		c.giveUp(1-dir, &w.http[1-dir])
		w.close()
		return false
	}
	http := chunk(w.sub[dir])
	http.data = http.data[:end+4]
	w.sub[dir].drop(w.c.d, end+4)
	w.open[dir] = true
	if !w.open[1-dir] {
		w.http[dir].add(w.c.d, http)
	} else {
		w.http[1-dir].reset(w.c.d)
	}
	return true
}

// upgrades tells whether the head of a request or of an answer turns a connection
// into a WebSocket.
func upgrades(head string) bool {
	lines := strings.Split(head, "\r\n")
	if first := lines[0]; !strings.HasPrefix(first, "GET ") && !strings.HasPrefix(first, "HTTP/1.1 101") {
		return false
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		if http.CanonicalHeaderKey(strings.TrimSpace(name)) == "Upgrade" && strings.EqualFold(strings.TrimSpace(value), "websocket") {
			return true
		}
	}
	return false
}

// frame takes one frame from the front, and tells whether there was one.
func (w *webSocket) frame(dir int, k chunk) bool {
	sub := &w.sub[dir]
	if len(sub.data) == 0 {
		return false
	}
	h, size, err := frameHeader(sub.data)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return false
	case err != nil, h.Rsv&^4 != 0, h.OpCode.IsReserved(), h.OpCode.IsControl() && (h.Length > ws.MaxControlFramePayloadSize || !h.Fin):
		w.lose(dir)
		return false
	case h.Rsv != 0:
		w.c.d.limit(LimitWebSocket, k, "A WebSocket's messages are compressed and could not be read, in frame %d first. Switch off the extension permessage-deflate and capture again.")
		w.discard(dir, int64(size)+h.Length)
		return true
	case h.Length > maxMessage || int64(len(w.part[dir].data))+h.Length > maxMessage:
		w.part[dir].reset(w.c.d)
		w.text[dir], w.gap[dir] = false, true
		w.discard(dir, int64(size)+h.Length)
		return true
	case int64(len(sub.data)) < int64(size)+h.Length:
		return false
	}
	payload := bytes.Clone(sub.data[size : size+int(h.Length)])
	sub.drop(w.c.d, size+int(h.Length))
	if h.Masked {
		ws.Cipher(payload, h.Mask, 0)
	}
	switch h.OpCode {
	case ws.OpText, ws.OpBinary:
		w.part[dir].reset(w.c.d)
		w.text[dir] = true
	case ws.OpContinuation:
		if !w.text[dir] {
			return true // of a message that was given up
		}
	default:
		return true // ping, pong, close
	}
	if !h.Fin {
		if !w.part[dir].add(w.c.d, chunk{data: payload, n: k.n, time: k.time}) {
			w.lose(dir)
			return false
		}
		return true
	}
	w.text[dir] = false
	w.message(dir, append(w.part[dir].take(w.c.d), payload...), k)
	return true
}

// discard passes over bytes, also over those that have not come yet.
func (w *webSocket) discard(dir int, n int64) {
	have := min(n, int64(len(w.sub[dir].data)))
	w.sub[dir].drop(w.c.d, int(have))
	w.skip[dir] = n - have
}

// message emits a whole message.
func (w *webSocket) message(dir int, data []byte, k chunk) {
	net := WS
	if w.c.net == TLS {
		net = WSS
	}
	src, dst := w.c.way(dir)
	w.c.d.put(Packet{Time: k.time, Net: net, Hops: w.c.d.hops, Src: src, Dst: dst, Data: data, Gap: w.gap[dir]}, k.n)
	w.gap[dir] = false
}

// frameHeader reads a frame's header and tells how long it is.
func frameHeader(b []byte) (h ws.Header, size int, err error) {
	r := bytes.NewReader(b)
	if h, err = ws.ReadHeader(r); errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return h, len(b) - r.Len(), err
}

// beginsWithSIPFrame tells whether bytes begin with a frame that begins a SIP message.
func beginsWithSIPFrame(b []byte) bool {
	if len(b) < 12 || b[0]&0x70 != 0 || b[0]&0x0f != byte(ws.OpText) && b[0]&0x0f != byte(ws.OpBinary) {
		return false
	}
	h, size, err := frameHeader(b)
	if err != nil || h.Length < 12 || h.Length > maxMessage {
		return false
	}
	start := bytes.Clone(b[size:min(len(b), size+256)])
	if h.Masked {
		ws.Cipher(start, h.Mask, 0)
	}
	return sipmsg.LooksLikeSIP(start)
}
