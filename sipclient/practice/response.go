package practice

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// The address that a meddling router puts in place of the phone's: it belongs
// to nobody (RFC 5737).
const (
	algHost = "192.0.2.66"
	algPort = 1024
)

// build makes a response with what RFC 3261 8.2.6 copies from the request, and
// what a server adds.
func (tx *transaction) build(r reply, body []byte) *sipmsg.Message {
	m := sipmsg.NewResponse(tx.request, r.code, r.phrase)
	for i := range m.Headers {
		if m.Headers[i].Name == "Via" {
			m.Headers[i].Value = tx.answeredVia(m.Headers[i].Value)
			break
		}
	}
	if tx.request.Method == "INVITE" && r.code > 100 && r.code < 300 {
		m.Add("Contact", tx.pbx.contactOf(tx.request.ToAddr().URI.User, tx.from))
		m.Add("Allow", allowed)
	}
	for _, h := range r.headers {
		name, value, _ := strings.Cut(h, ": ")
		m.Add(name, value)
	}
	m.Add("Date", time.Now().Add(tx.pbx.fault.clock).UTC().Format(http.TimeFormat))
	m.Add("Server", product)
	if len(body) > 0 {
		m.SetBody("application/sdp", body)
	}
	return m
}

// contactOf is where this server wants later requests of a call.
func (p *PBX) contactOf(user string, far peer) string {
	if t := p.fault.line.transport; t != "" {
		return fmt.Sprintf("<sip:%s@%s;transport=%s>", user, far.local(), t)
	}
	return fmt.Sprintf("<sip:%s@%s>", user, far.local())
}

// answeredVia adds what the server saw to the topmost Via: received, and rport
// where the phone asked for it (RFC 3261 18.2.1, RFC 3581 4). Further hops in
// the same line stay.
func (tx *transaction) answeredVia(line string) string {
	first, rest, more := strings.Cut(line, ",")
	parts := strings.Split(first, ";")
	if tx.pbx.fault.alg {
		// The transport stays, and the branch, so that the phone still knows its request.
		if transport, _, ok := strings.Cut(strings.TrimSpace(parts[0]), " "); ok {
			parts[0] = fmt.Sprintf("%s %s:%d", transport, algHost, algPort)
		}
	}
	kept := parts[:1]
	for _, part := range parts[1:] {
		name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "rport") && !strings.EqualFold(name, "received") {
			kept = append(kept, part)
		}
	}
	seen := tx.from.addr
	if tx.via.HasRPort {
		port := int(seen.Port())
		if tx.nat != 0 {
			port = tx.nat
		}
		kept = append(kept, "rport="+strconv.Itoa(port))
	}
	if tx.via.HasRPort || tx.via.Host != seen.Addr().String() {
		kept = append(kept, "received="+seen.Addr().String())
	}
	line = strings.Join(kept, ";")
	if more {
		line += "," + rest
	}
	return line
}
