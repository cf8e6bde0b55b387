package sipclient

import (
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/media"
	"softphonedoctor/sipclient/sipmsg"
)

const (
	// allowed lists the methods that this phone understands. REFER is not among them:
	// who looks before asking sees that this phone transfers no calls.
	allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, NOTIFY, MESSAGE"
	// infoTypes and messageTypes are what INFO and MESSAGE may carry (RFC 6086, 3428).
	infoTypes    = "application/dtmf-relay, application/dtmf"
	messageTypes = "text/plain, text/html, application/im-iscomposing+xml"
	// accepted lists all of them (RFC 3261 20.1).
	accepted = "application/sdp, " + infoTypes + ", " + messageTypes
	// events are what a server may say unasked. Asterisk sends message-summary to
	// every phone with a mailbox, others send keep-alive to see whether the phone
	// lives and check-sync to make it fetch its settings, each time outside any
	// subscription. By the letter of RFC 6665 they deserve 481, as no subscription
	// exists; real phones say 200, and servers take anything else for a phone that is
	// gone. It changes nothing here.
	events = "message-summary, check-sync, keep-alive"
)

// lost tells that a request names a dialog that does not exist, and answers it then.
func (p *Phone) lost(req *sip.Request, tx sip.ServerTransaction) bool {
	if tag, ok := req.To().Params.Get("tag"); !ok || tag == "" {
		return false
	}
	if c, _ := p.within(req, true); c != nil {
		return false
	}
	reply(req, tx, 481, "Call/Transaction Does Not Exist")
	return true
}

// onOptions answers the question whether we are there and what we can do (RFC 3261
// 11.2): the same in a call and outside, whatever the phone is doing.
func (p *Phone) onOptions(req *sip.Request, tx sip.ServerTransaction) {
	if p.lost(req, tx) {
		return
	}
	res := response(req, 200, "OK", "Contact", p.contactFor(req), "Allow", allowed, "Accept", accepted,
		"Accept-Encoding", "identity", "Accept-Language", "en", "Supported", extensions, "Allow-Events", events)
	if slices.Contains(splitList(strings.ToLower(firstValue(req, "Accept"))), "application/sdp") {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(p.capabilities())
	}
	_ = tx.Respond(res)
}

// capabilities describes what sound this phone can do, with port 0 so that nobody
// takes it for an offer (RFC 3264 9).
func (p *Phone) capabilities() []byte {
	names := p.cfg.Codecs
	if len(names) == 0 {
		names = []string{"PCMA", "PCMU"}
	}
	spec := sipmsg.AudioSpec{Addr: p.Local().Addr().String(), Session: 1, Version: 1}
	for pt := range uint8(96) {
		c, ok := sipmsg.StaticCodec(pt)
		wanted := func(name string) bool {
			return strings.EqualFold(name, c.Name) && len(media.Unknown([]string{name})) == 0
		}
		if ok && slices.ContainsFunc(names, wanted) {
			spec.Codecs = append(spec.Codecs, c)
		}
	}
	spec.Codecs = append(spec.Codecs, sipmsg.Codec{PayloadType: 101, Name: "telephone-event", ClockRate: 8000, Fmtp: "0-16"})
	return sipmsg.BuildAudio(spec)
}

// understood tells whether a request's content is one of the types, or none.
func understood(req *sip.Request, types string) bool {
	if len(req.Body()) == 0 {
		return true
	}
	kind, _, _ := strings.Cut(firstValue(req, "Content-Type"), ";")
	return slices.Contains(splitList(types), strings.ToLower(strings.TrimSpace(kind)))
}

// onInfo takes keys that are pressed (RFC 6086, and the older use that most servers
// make of it). An empty one asks whether the call is still up.
func (p *Phone) onInfo(req *sip.Request, tx sip.ServerTransaction) {
	if c, _ := p.within(req, true); c == nil {
		reply(req, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	if !understood(req, infoTypes) {
		reply(req, tx, 415, "Unsupported Media Type", "Accept", infoTypes)
		return
	}
	reply(req, tx, 200, "OK")
}

// onMessage takes a text message (RFC 3428). Nobody reads it: the tape has it.
func (p *Phone) onMessage(req *sip.Request, tx sip.ServerTransaction) {
	switch {
	case p.lost(req, tx):
	case !understood(req, messageTypes):
		reply(req, tx, 415, "Unsupported Media Type", "Accept", messageTypes)
	default:
		reply(req, tx, 200, "OK")
	}
}

// onRefer declines a transfer: 603 is a word that every server passes on to the one
// who asked (RFC 3515 2.4.2), and a call stays as it is.
func (p *Phone) onRefer(req *sip.Request, tx sip.ServerTransaction) {
	if p.lost(req, tx) {
		return
	}
	p.noteOnce(capture.PhoneLimit, "this test phone transfers no calls: the other side asked for that, and it declined", 0)
	reply(req, tx, 603, "Decline")
}

// onNotify takes what servers say unasked; see events. One without an event is an old
// server's sign of life.
func (p *Phone) onNotify(req *sip.Request, tx sip.ServerTransaction) {
	event := firstValue(req, "Event")
	if event == "" {
		event = firstValue(req, "o")
	}
	event, _, _ = strings.Cut(strings.ToLower(event), ";")
	event = strings.TrimSpace(event)
	switch {
	case p.lost(req, tx):
	case event == "" || slices.Contains(splitList(events), event):
		reply(req, tx, 200, "OK")
	default:
		reply(req, tx, 489, "Bad Event", "Allow-Events", events)
	}
}

// onSubscribe refuses: this phone has no news to give (RFC 6665 4.2.1.3).
func (p *Phone) onSubscribe(req *sip.Request, tx sip.ServerTransaction) {
	reply(req, tx, 489, "Bad Event", "Allow-Events", events)
}

// onOther refuses every other method: 405 what is known but not for phones, 501 what
// nobody knows (RFC 3261 8.2.1, 21.5.2).
func (p *Phone) onOther(req *sip.Request, tx sip.ServerTransaction) {
	switch req.Method {
	case sip.REGISTER, sip.PUBLISH:
		reply(req, tx, 405, "Method Not Allowed", "Allow", allowed)
	default:
		reply(req, tx, 501, "Not Implemented", "Allow", allowed)
	}
}
