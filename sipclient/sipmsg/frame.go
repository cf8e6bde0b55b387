package sipmsg

import (
	"bytes"
	"fmt"
)

// Bounds of a Framer: what a message on a stream may have.
const (
	MaxHead = 64 << 10
	MaxBody = 1 << 20
)

// Framer cuts a byte stream into SIP messages by Content-Length (RFC 3261 18.3).
// Bytes that are no SIP, and messages beyond the bounds, are skipped up to the
// next start line and reported. The zero value is ready to use. Call Next until
// it gives nothing after each Write: then at most MaxHead+MaxBody bytes are kept.
type Framer struct {
	buf      []byte
	scanned  int // no header end before this
	need     int // length of the message at the beginning of buf, 0: not yet known
	lost     bool
	skipped  int
	problems []Problem
}

// Write appends what came from the stream. It never fails.
func (f *Framer) Write(chunk []byte) (int, error) {
	f.buf = append(f.buf, chunk...)
	return len(chunk), nil
}

// Next gives the next complete message; ok is false when more bytes are needed.
// The message is the caller's.
func (f *Framer) Next() (msg []byte, ok bool) {
	for {
		if f.need > 0 {
			if len(f.buf) < f.need {
				return nil, false
			}
			msg = bytes.Clone(f.buf[:f.need])
			f.drop(f.need)
			return msg, true
		}
		if !f.atStart() {
			return nil, false
		}
		n, body := headEnd(f.buf, f.scanned)
		if n < 0 {
			if len(f.buf) <= MaxHead {
				f.scanned = max(0, len(f.buf)-2)
				return nil, false
			}
			n = MaxHead + 1
		}
		if n > MaxHead {
			f.report("the headers are longer than %d bytes", MaxHead)
			f.resync(1)
			continue
		}
		length, ok := f.contentLength(string(f.buf[:n]))
		if !ok {
			f.resync(body)
			continue
		}
		f.need = body + length
	}
}

// Problems gives what was wrong with the stream since the last call.
func (f *Framer) Problems() []Problem {
	p := f.problems
	f.problems = nil
	return p
}

// Skipped counts the bytes that belonged to no message, keep-alives not among them.
func (f *Framer) Skipped() int { return f.skipped }

// Pending counts the bytes that wait for the rest of their message.
func (f *Framer) Pending() int { return len(f.buf) }

// Gap tells the framer that bytes are missing from here on: it drops what waits
// and looks for the next start line.
func (f *Framer) Gap() {
	f.report("bytes are missing in the stream")
	f.skipped += len(f.buf)
	f.drop(len(f.buf))
	f.lost = true
}

func (f *Framer) report(format string, args ...any) {
	const most = 64 // a stream of garbage must not fill the memory with complaints
	if len(f.problems) < most {
		f.problems = append(f.problems, Problem{Where: "stream", Text: fmt.Sprintf(format, args...)})
	}
}

// drop removes n bytes from the front and starts a new message.
func (f *Framer) drop(n int) {
	f.buf = f.buf[n:]
	if len(f.buf) == 0 {
		f.buf = nil
	}
	f.scanned, f.need = 0, 0
}

// skipKeepAlive drops the line ends between messages (RFC 5626 4.4.1).
func (f *Framer) skipKeepAlive() {
	n := 0
	for n < len(f.buf) && (f.buf[n] == '\r' || f.buf[n] == '\n') {
		n++
	}
	if n > 0 {
		f.drop(n)
	}
}

// atStart makes sure that a start line stands at the front, and skips lines until
// one does. It is false while the first line is not complete.
func (f *Framer) atStart() bool {
	for f.scanned == 0 {
		f.skipKeepAlive()
		lf := bytes.IndexByte(f.buf, '\n')
		if lf < 0 {
			if len(f.buf) > MaxHead {
				f.noStart()
				f.skipped += len(f.buf)
				f.drop(len(f.buf))
			}
			return false
		}
		if LooksLikeSIP(f.buf[:lf+1]) {
			f.lost = false
			return true
		}
		f.noStart()
		f.skipped += lf + 1
		f.drop(lf + 1)
	}
	return true
}

// noStart reports the first of the lines that are skipped.
func (f *Framer) noStart() {
	if !f.lost {
		f.lost = true
		f.report("bytes that are no SIP stand between two messages")
	}
}

// resync drops n bytes of a message that cannot be read, and the rest of its line.
func (f *Framer) resync(n int) {
	f.lost = true
	if n < len(f.buf) && n == 1 {
		if lf := bytes.IndexByte(f.buf, '\n'); lf >= 0 {
			n = lf + 1
		}
	}
	f.skipped += n
	f.drop(n)
}

// contentLength reads the Content-Length of some headers. On a stream it must be
// there; without it the message is taken to have no body.
func (f *Framer) contentLength(head string) (int, bool) {
	m := new(Message)
	_, rest := cutLine(head)
	m.readHeaders(rest)
	v := m.Get("Content-Length")
	if v == "" {
		f.report("a message on a stream has no Content-Length")
		return 0, true
	}
	n, ok := number(v)
	if !ok {
		f.report("Content-Length %q is no length", short(v))
		return 0, false
	}
	if n > MaxBody {
		f.report("Content-Length %d is above %d bytes", n, MaxBody)
		return 0, false
	}
	return int(n), true
}
