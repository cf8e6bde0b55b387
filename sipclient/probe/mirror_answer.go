package probe

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"softphonedoctor/sipclient/sipmsg"
)

// maxLooked is the longest request that a mirror looks at, in bytes.
const maxLooked = 8192

// answer is what a mirror says to one message; nil says nothing. It looks at marked
// requests only.
func (m *Mirror) answer(v mirrorAsker, raw []byte) []byte {
	if len(raw) > maxLooked || !bytes.Contains(raw, []byte(mirrorHeader)) || !m.limits.allow(v.from.Addr()) {
		return nil
	}
	req, err := sipmsg.Parse(raw)
	if err != nil || !req.IsRequest() || len(req.All(mirrorHeader)) != 1 {
		return nil
	}
	w, ok := readWord(req.Get(mirrorHeader))
	if !ok || len(req.Vias()) == 0 {
		return nil
	}
	switch req.Method {
	case "OPTIONS", "REGISTER", "INVITE", "BYE":
	default: // an ACK wants no answer
		return nil
	}
	proven := v.proven || m.knows(v, w.values["cookie"])
	var reply *sipmsg.Message
	switch {
	case w.verb == sayHello, !proven:
		reply = m.ready(v, req)
	case w.verb == sayLook:
		if req.Method == "BYE" {
			m.sounds.end(v.callKey(req))
		}
		reply = v.respond(req, lookStatus(req.Method))
		m.show(v, reply, raw)
	case w.verb == saySound && req.Method == "INVITE":
		reply = m.startSound(v, req, w)
	case w.verb == sayCount:
		reply = m.countSound(v, req, w)
	default:
		return nil
	}
	out := reply.Bytes()
	if !proven && len(out) > len(raw) {
		return nil // whoever is at that address may not have asked
	}
	return out
}

// lookStatus is the answer to a request that was only looked at: 488 to what looks like
// a call, so that nobody on the way takes it for one.
func lookStatus(method string) int {
	if method == "INVITE" {
		return 488
	}
	return 200
}

// respond begins an answer as RFC 3261 8.2.6 wants it, with what was seen in the
// topmost Via (18.2.1, RFC 3581 4).
func (v mirrorAsker) respond(req *sipmsg.Message, code int) *sipmsg.Message {
	reply := sipmsg.NewResponse(req, code, "")
	for i, h := range reply.Headers {
		if h.Name != "Via" {
			continue
		}
		first, rest, more := strings.Cut(h.Value, ",")
		var parts []string
		for p := range strings.SplitSeq(first, ";") {
			if name, _, _ := strings.Cut(strings.TrimSpace(p), "="); !strings.EqualFold(name, "rport") && !strings.EqualFold(name, "received") {
				parts = append(parts, p)
			}
		}
		if reply.Headers[i].Value = strings.Join(parts, ";") + ";received=" + v.from.Addr().String() + ";rport=" + strconv.Itoa(int(v.from.Port())); more {
			reply.Headers[i].Value += "," + rest
		}
		break
	}
	reply.Add("Server", "SoftphoneDoctor")
	return reply
}

// ready tells who this is, and gives the cookie.
func (m *Mirror) ready(v mirrorAsker, req *sipmsg.Message) *sipmsg.Message {
	port, other, _, secure := m.Ports()
	pairs := []string{"cookie", m.cookie(v, 0), "udp", strconv.Itoa(int(port)) + "," + strconv.Itoa(int(other)), "tcp", strconv.Itoa(int(port))}
	if secure != 0 {
		pairs = append(pairs, "tls", strconv.Itoa(int(secure)))
	}
	reply := v.respond(req, 200)
	reply.Add(mirrorHeader, writeWord(sayReady, pairs...))
	return reply
}

// show puts what came into the body of an answer, behind a line with where it came
// from. Packed and as letters and digits it looks like nothing that anybody on the way
// knows, fits into one packet, and the sum tells if it was changed all the same.
func (m *Mirror) show(v mirrorAsker, reply *sipmsg.Message, came []byte) {
	body := append([]byte(v.from.String()+" "+v.way()+"\n"), came...)
	packed, sum := packReport(body)
	reply.Add(mirrorHeader, writeWord(saySeen, "sha256", sum))
	reply.SetBody("application/octet-stream", packed)
}

// packers are used again and again: each takes more than half a megabyte.
var packers = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(nil, flate.BestCompression) // the level is a valid one
	return z
}}

// packReport packs a report, and gives its SHA-256 in hex.
func packReport(body []byte) (packed []byte, sum string) {
	var b bytes.Buffer
	z := packers.Get().(*flate.Writer)
	z.Reset(&b)
	_, _ = z.Write(body) // into memory
	_ = z.Close()
	packers.Put(z)
	hash := sha256.Sum256(body)
	return base64.StdEncoding.AppendEncode(nil, b.Bytes()), hex.EncodeToString(hash[:])
}

// errReport: a report did not come as it was sent.
var errReport = errors.New("the mirror's report was changed on the way back")

// unpackReport is the reverse, with the look whether it is whole.
func unpackReport(packed []byte, sum string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(packed)))
	if err != nil {
		return nil, errReport
	}
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), 2*maxLooked))
	if hash := sha256.Sum256(body); err != nil || hex.EncodeToString(hash[:]) != sum {
		return nil, errReport
	}
	return body, nil
}

// splitReport reads what show wrote.
func splitReport(body []byte) (from netip.AddrPort, way string, came []byte, err error) {
	head, came, ok := bytes.Cut(body, []byte("\n"))
	addr, way, both := strings.Cut(string(head), " ")
	from, e := netip.ParseAddrPort(addr)
	if !ok || !both || e != nil {
		return netip.AddrPort{}, "", nil, errReport
	}
	return from, way, came, nil
}

// mirrorMedia describes the sound of a test, as a phone would: one telephone codec
// that no phone has, so that nobody takes the packets for speech.
func mirrorMedia(addr netip.Addr, port uint16) []byte {
	return sipmsg.BuildAudio(sipmsg.AudioSpec{Addr: addr.String(), Port: int(port), Session: 1, Version: 1,
		Codecs: []sipmsg.Codec{{PayloadType: soundPayload, Name: "x-softphone-doctor", ClockRate: 8000}}})
}

// begin does what follows an answer.
func (m *Mirror) begin(v mirrorAsker, raw []byte) {
	if v.media == nil || !bytes.HasPrefix(raw, []byte("INVITE ")) {
		return
	}
	m.sendEarly(v, raw)
}
