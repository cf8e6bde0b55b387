package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/sipmsg"
	"softphonedoctor/sipclient/wire"
)

// Reply is what came back to a request of a probe.
type Reply struct {
	Sent []byte          // as it was sent
	Raw  []byte          // the answer as it came, nil without one
	SIP  *sipmsg.Message // the answer, nil without one
	Took time.Duration   // from the last copy of the request to the answer
	At   time.Time       // when the answer came
	Odd  int             // how much came that is no SIP answer at all
}

// errSilent: nothing came back in time.
var errSilent = errors.New("no answer")

// maxDatagram is the largest UDP payload in bytes.
const maxDatagram = 65507

// options is an OPTIONS (RFC 3261 11) as a phone with this local address would send it.
// It is padded to that many bytes by a header of its own, when it is not longer anyway.
func (b *Bench) options(local netip.AddrPort, over capture.Net, pad int) *sipmsg.Message {
	host, _ := splitHostPort(strings.TrimSpace(b.Server))
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	uri, me := "sip:"+host, "sip:"+host
	if b.User != "" {
		me = "sip:" + b.User + "@" + host
	}
	m := sipmsg.NewRequest("OPTIONS", uri)
	via := "SIP/2.0/" + over.String() + " " + local.String() + ";rport;branch=z9hG4bK" + random(10)
	contact := "<sip:test@" + local.String()
	if over != capture.UDP {
		contact += ";transport=" + strings.ToLower(over.String())
	}
	for _, h := range [][2]string{
		{"Via", via}, {"Max-Forwards", "70"}, {"From", "<" + me + ">;tag=" + random(6)}, {"To", "<" + uri + ">"},
		{"Call-ID", random(12)}, {"CSeq", "1 OPTIONS"}, {"Contact", contact + ">"}, {"Accept", "application/sdp"}, {"User-Agent", "SoftphoneDoctor"},
	} {
		m.Add(h[0], h[1])
	}
	const name = "X-Padding"
	if room := min(pad, maxDatagram) - len(m.Bytes()) - len(name+": \r\n"); room > 0 {
		m.Add(name, strings.Repeat("x", room))
	}
	return m
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// firstRepeat is T1 of RFC 3261 17.1.2.2: a request over UDP is repeated after this
// time, then after twice as long.
const firstRepeat = 500 * time.Millisecond

// askUDP sends a request from a connected socket, repeats it as RFC 3261 wants, and
// gives the first final answer to it. The error is errSilent, the system's word (see
// reason), or the context's. A closed port ends it at once; what a router says on the
// way may pass, so it goes on and tells it at the end.
func askUDP(ctx context.Context, conn *net.UDPConn, request []byte) (Reply, error) {
	reply := Reply{Sent: request}
	asked, err := sipmsg.Parse(request)
	if err != nil {
		return reply, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })()
	buf := make([]byte, 65536)
	var told error // by a router on the way
	cut := 0       // how often a router said that a packet was too long for the way
	for wait := firstRepeat; ; wait = min(2*wait, 4*time.Second) {
		if ctx.Err() != nil {
			return reply, orTold(ctx, told)
		}
		sent := time.Now()
		_, err := conn.Write(request)
		if err != nil && passing(err) {
			told = err // of the copy before; this one has not left
			_, err = conn.Write(request)
		}
		if err != nil {
			return reply, err
		}
		_ = conn.SetReadDeadline(sent.Add(wait))
		if ctx.Err() != nil { // the line before may have undone AfterFunc's
			return reply, orTold(ctx, told)
		}
		for {
			n, err := conn.Read(buf)
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				break
			}
			if err != nil && passing(err) {
				if told = err; errors.Is(err, syscall.EMSGSIZE) && cut < 3 {
					cut++
					wait = firstRepeat / 2
					break // this system knows now what fits, and cuts the next copy
				}
				continue
			}
			if err != nil {
				return reply, err
			}
			m, odd := answerTo(asked, buf[:n])
			if m != nil {
				reply.Raw, reply.SIP, reply.Took, reply.At = append([]byte(nil), buf[:n]...), m, time.Since(sent), time.Now()
				return reply, nil
			}
			if odd {
				reply.Odd++
			}
		}
	}
}

// passing tells an error that a router on the way reported about one packet: the next
// one may find another way, or be cut to what fits.
func passing(err error) bool {
	return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EMSGSIZE)
}

// orTold is ended, or what a router said where the time was over without an answer.
func orTold(ctx context.Context, told error) error {
	if told != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return told
	}
	return ended(ctx)
}

// askStream is askUDP over a connection.
func askStream(ctx context.Context, conn net.Conn, request []byte) (Reply, error) {
	reply := Reply{Sent: request}
	asked, err := sipmsg.Parse(request)
	if err != nil {
		return reply, err
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	sent := time.Now()
	if _, err := conn.Write(request); err != nil {
		return reply, orEnded(ctx, err)
	}
	var framer sipmsg.Framer
	var first []byte
	buf := make([]byte, 4096)
	for total := 0; total < 1<<20; {
		n, err := conn.Read(buf)
		total += n
		first = append(first, buf[:min(n, max(0, 64-len(first)))]...)
		_, _ = framer.Write(buf[:n])
		for raw, ok := framer.Next(); ok; raw, ok = framer.Next() {
			if m, _ := answerTo(asked, raw); m != nil {
				reply.Raw, reply.SIP, reply.Took, reply.At = append([]byte(nil), raw...), m, time.Since(sent), time.Now()
				return reply, nil
			}
		}
		if reply.Odd = framer.Skipped(); reply.Odd == 0 && framer.Pending() == total && !sipmsg.LooksLikeSIP(first) {
			reply.Odd = total // not even a first line came to its end
		}
		if err != nil {
			return reply, orEnded(ctx, err)
		}
	}
	return reply, errSilent
}

// answerTo gives a final answer to a request, nil for anything else, and whether what
// came is no SIP. Branch and CSeq tell; a Call-ID that was changed on the way is no
// reason to pass an answer over.
func answerTo(asked *sipmsg.Message, raw []byte) (m *sipmsg.Message, odd bool) {
	m, err := sipmsg.Parse(raw)
	switch {
	case err != nil:
		return nil, len(bytes.Trim(raw, "\r\n\x00")) > 0 // a sign of life is none
	case m.IsRequest() || m.Status < 200:
		return nil, false
	}
	n, method, _ := m.CSeq()
	want, _, _ := asked.CSeq()
	if m.Branch() != asked.Branch() && m.CallID() != asked.CallID() || n != want || method != asked.Method {
		return nil, false
	}
	return m, false
}

// ended says why a context's end came: silence, when it was the probe's own time.
func ended(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errSilent
	}
	return ctx.Err()
}

func orEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return err
}

// reason says in words why nothing came back.
func reason(err error) string {
	if errors.Is(err, errSilent) || errors.Is(err, context.Canceled) {
		return err.Error()
	}
	return wire.Reason(err)
}
