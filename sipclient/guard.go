package sipclient

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
)

// admit decides what sipgo may see of a datagram that is on the tape already.
// What does not parse, lacks a header that every message has, or comes from a
// stranger stays outside: the stack crashes on some of it (trap 2) and would
// answer a call from anywhere (trap 20). It runs on the socket's goroutine, where a
// parser that trips ends in a recover and the datagram goes no further.
func (p *Phone) admit(to *sipConn, data []byte, from netip.AddrPort) {
	if p.fit(to, data, capture.UDP, from) {
		p.inOrder(data, func() { to.push(datagram{data, from}) })
	}
}

// inOrder gives a message to the stack, a CANCEL only when its INVITE is a call of
// ours: the stack, whose answer to the CANCEL reads the INVITE, would do so while
// we write our tag into it.
func (p *Phone) inOrder(data []byte, push func()) {
	if !bytes.HasPrefix(data, []byte("CANCEL ")) {
		push()
		return
	}
	msg, err := sip.ParseMessage(bytes.Clone(data))
	if err != nil || msg.CallID() == nil {
		return
	}
	id := msg.CallID().Value()
	if p.call(id) != nil {
		push()
		return
	}
	p.inBackground(func() {
		for range 50 { // one to no call of ours is answered by the stack, a little later
			select {
			case <-time.After(2 * time.Millisecond):
			case <-p.ctx.Done():
				return
			}
			if p.call(id) != nil {
				break
			}
		}
		push()
	})
}

// admitFrom is admit for a message from a connection. The stack closes a
// connection over a message that its stream reader cannot frame, so that is tried, too.
func (p *Phone) admitFrom(s *stream, msg []byte) {
	defer func() { _ = recover() }()
	if len(msg) > maxMessage {
		p.noteFlood()
		return
	}
	if !p.fit(nil, msg, s.hop.net, s.hop.addr) {
		return
	}
	reader := sip.NewParser().NewSIPStream()
	defer reader.Close()
	n := 0
	err := reader.ParseSIPStream(bytes.Clone(msg), func(sip.Message) { n++ })
	if err == nil && n == 1 {
		p.inOrder(msg, func() { s.push(msg) })
	}
}

// maxMessage is the size of a message beyond which the stack does not see it: four
// times what fits into a datagram.
const maxMessage = 256 << 10

// fit tells whether the stack may see a message. to is the socket by which it came,
// nil for a connection.
func (p *Phone) fit(to *sipConn, data []byte, net capture.Net, from netip.AddrPort) bool {
	if len(bytes.Trim(data, "\x00\r\n\t ")) == 0 || p.ctx.Err() != nil {
		return false // a keep-alive (RFC 5626 4.4.1), or the phone is closing
	}
	msg, err := sip.ParseMessage(bytes.Clone(data))
	if err != nil || !whole(msg, net, from) {
		return false
	}
	if req, ok := msg.(*sip.Request); ok {
		if !p.known(req, from) {
			switch p.welcome(to, req, len(data), from) {
			case ignored:
				p.noteStranger(string(req.Method), from)
				return false
			case asked:
				return false
			}
		}
		p.mu.Lock()
		if len(p.sources) < 1024 {
			p.sources[from.String()] = true
		}
		p.mu.Unlock()
		if !p.asked.pass(len(data), time.Now()) {
			p.noteFlood()
			return false
		}
		return true
	}
	if !p.told.pass(len(data), time.Now()) {
		p.noteFlood()
		return false
	}
	return true
}

// whole tells whether a message has what the stack takes for granted, and lets
// it do everything that it will do with the message once, here, where a panic is
// caught.
func whole(msg sip.Message, net capture.Net, from netip.AddrPort) bool {
	via, cseq, id := msg.Via(), msg.CSeq(), msg.CallID()
	if via == nil || via.Host == "" || msg.From() == nil || msg.To() == nil || cseq == nil || id == nil || id.Value() == "" {
		return false
	}
	msg.SetTransport(net.String())
	msg.SetSource(from.String())
	if _, err := sip.ServerTxKeyMake(msg); err != nil {
		return false
	}
	switch m := msg.(type) {
	case *sip.Request:
		if m.Method != cseq.MethodName {
			return false
		}
		_, _, _ = m.Contact(), m.RecordRoute(), m.Route()
		for _, code := range []int{100, 200, 481} {
			_ = sip.NewResponseFromRequest(m, code, "x", nil).String()
		}
		_ = m.Clone().String()
	case *sip.Response:
		if m.StatusCode < 100 || m.StatusCode > 699 {
			return false
		}
		if _, err := sip.ClientTxKeyMake(m); err != nil {
			return false
		}
		_, _ = m.Contact(), m.RecordRoute()
	}
	return true
}

// known tells whether a request is ours to answer: it comes from an address of
// the registrar, the proxy or the registrar's Service-Route (any port), or belongs to a call of ours.
func (p *Phone) known(req *sip.Request, from netip.AddrPort) bool {
	id := req.CallID().Value()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peers[from.Addr().String()] {
		return true
	}
	if tag, _ := req.To().Params.Get("tag"); req.Method == sip.INVITE && tag == "" {
		return false // a new call, or a copy of one: its Call-ID is no proof
	}
	_, lately := p.past[id]
	return lately || p.calls[id] != nil
}

// maxStrangers is how many notes about strangers one tape gets: scanners come by
// the thousand, and their packets are on the tape anyway.
const maxStrangers = 100

func (p *Phone) noteStranger(method string, from netip.AddrPort) {
	p.mu.Lock()
	p.strange++
	full := p.strange > maxStrangers
	p.mu.Unlock()
	if !full {
		p.noteOnce(capture.PhoneStranger, method+" "+from.String(), time.Second)
	}
}
