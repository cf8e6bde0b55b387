package practice

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"softphonedoctor/sipclient/sipmsg"
)

// peer is the far end of one of our SIP sockets, or of a connection.
type peer struct {
	conn *net.UDPConn // nil where there is a line
	line *line
	addr netip.AddrPort
}

// send gives one message to the wire. A phone that has gone shows itself by
// silence, as in life, so the error has no other use.
func (to peer) send(data []byte) {
	if to.line != nil {
		to.line.write(data)
		return
	}
	_, _ = to.conn.WriteToUDPAddrPort(data, to.addr)
}

// local is our end.
func (to peer) local() netip.AddrPort {
	if to.line != nil {
		return to.line.local
	}
	return localAddr(to.conn)
}

// transport is how Via spells the way to the peer.
func (p *PBX) transport() string {
	if t := p.fault.line.transport; t != "" {
		return strings.ToUpper(t)
	}
	return "UDP"
}

// allowed lists what this server understands, for Allow headers.
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK"

// serve reads one SIP socket until it is closed.
func (p *PBX) serve(conn *net.UDPConn) {
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Some systems report a vanished phone here; the next read may work.
			if !p.sleep(10 * time.Millisecond) {
				return
			}
			continue
		case len(bytes.TrimSpace(buf[:n])) == 0:
			continue // a keep-alive (RFC 5626 3.5.1)
		}
		p.receive(peer{conn: conn, addr: unmap(from)}, buf[:n])
	}
}

// receive takes one datagram. What is no SIP at all is dropped.
func (p *PBX) receive(from peer, data []byte) {
	m, err := sipmsg.Parse(data)
	switch {
	case err != nil:
	case m.IsRequest():
		p.onRequest(from, m)
	default:
		p.onResponse(m)
	}
}

// onRequest sorts a request: a repeated one gets the same answer again, an ACK
// ends the repeating of ours, the rest is handled once.
func (p *PBX) onRequest(from peer, m *sipmsg.Message) {
	if m.Method == "ACK" {
		p.onAck(m)
		return
	}
	tx, fresh := p.transaction(from, m)
	if !fresh {
		tx.again()
		return
	}
	if m.Method == "CANCEL" {
		p.onCancel(tx)
		return
	}
	if m.ToTag() != "" {
		p.onInDialog(tx)
		return
	}
	switch m.Method {
	case "REGISTER":
		p.onRegister(tx)
	case "INVITE":
		p.onInvite(tx)
	case "OPTIONS":
		tx.respond(reply{code: 200, phrase: "OK", headers: []string{
			"Allow: " + allowed, "Accept: application/sdp", "Supported: replaces",
		}}, nil)
	case "BYE", "INFO", "UPDATE", "PRACK":
		tx.respond(reply{code: 481, phrase: "Call/Transaction Does Not Exist"}, nil)
	default:
		tx.respond(reply{code: 405, phrase: "Method Not Allowed", headers: []string{"Allow: " + allowed}}, nil)
	}
}
