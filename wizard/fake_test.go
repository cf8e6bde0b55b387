package wizard

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"softphonedoctor/sipclient/capture"
)

var (
	phoneAddr  = netip.MustParseAddrPort("192.168.1.23:5060")
	serverAddr = netip.MustParseAddrPort("198.51.100.20:5060")
)

// fakePhone puts prepared answers onto the tape instead of using a network. An
// answer of 0 is silence.
type fakePhone struct {
	tape      *capture.Tape
	register  []int // codes to REGISTER, one transaction each
	invite    []int // codes to the INVITE, in one transaction
	query     []int // codes to the question for the bindings; none: it is not sent
	devices   []Device
	queries   int
	registers int
	options   int
	dialled   int
	closed    bool
	wedge     bool // Register blocks until its context ends
	dialErr   error
	gone      bool       // an answered call has ended at once
	quiet     bool       // Register sends nothing, as on a line without sign-in
	rings     []fakeRing // calls that come to the phone
	keys      string     // digits that were sent
	silent    bool       // OPTIONS gets no answer
	sizeLimit int        // OPTIONS above it gets no answer; 0: none
	servers   int        // on the way: an OPTIONS that may not pass all of them gets 483
	net       capture.Net
	name      string // tells one phone's requests from another's

	mu    sync.Mutex
	calls []*fakeCall
}

// fakeRing is a call that comes some time after somebody waits for it.
type fakeRing struct {
	after time.Duration
	noAck bool
}

func (p *fakePhone) send(out bool, text string) {
	src, dst := phoneAddr, serverAddr
	if !out {
		src, dst = dst, src
	}
	p.tape.Packet(capture.Packet{Time: time.Now(), Net: max(p.net, capture.UDP), Src: src, Dst: dst,
		Data: []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n")})
}

func head(method, id string, n int) string {
	return fmt.Sprintf("Via: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bK%s%d;rport\nFrom: <sip:2001@pbx.example.net>;tag=a\nTo: <sip:2002@pbx.example.net>\nCall-ID: %s\nCSeq: %d %s\nContent-Length: 0",
		id, n, id, n, method)
}

func (p *fakePhone) transaction(method, id string, n int, codes ...int) {
	extra, lives := "", ""
	if method != "OPTIONS" {
		extra, lives = "\nContact: <sip:2001@192.168.1.23:5060>", ";expires=300"
	}
	h := head(method, p.name+id, n)
	p.send(true, method+" sip:pbx.example.net SIP/2.0\nMax-Forwards: 70\n"+h+extra)
	for _, c := range codes {
		if c != 0 {
			h := h
			if c >= 180 {
				h = strings.Replace(h, "To: <sip:2002@pbx.example.net>", "To: <sip:2002@pbx.example.net>;tag=b", 1)
			}
			p.send(false, fmt.Sprintf("SIP/2.0 %d Test\n%s%s", c, h, extra+lives))
		}
	}
}

func (p *fakePhone) Register(ctx context.Context) error {
	if p.quiet {
		return nil
	}
	if p.wedge {
		p.transaction("REGISTER", "reg", 1)
		<-ctx.Done()
		return nil
	}
	code := 200
	if p.registers < len(p.register) {
		code = p.register[p.registers]
	}
	p.registers++
	p.transaction("REGISTER", "reg", p.registers, code)
	if code == 0 {
		<-ctx.Done() // the silence lasts
		p.tape.Note(capture.Note{Kind: capture.KindPhone, Key: capture.PhoneGaveUp, Text: "REGISTER " + p.name + "reg"})
	}
	return nil
}

func (p *fakePhone) Bindings(context.Context) ([]Device, error) {
	if p.quiet || p.query == nil {
		return nil, nil
	}
	code := p.query[min(p.queries, len(p.query)-1)]
	p.queries++
	h := head("REGISTER", "reg", 100+p.queries)
	p.send(true, "REGISTER sip:pbx.example.net SIP/2.0\nMax-Forwards: 70\n"+h)
	list := ""
	for _, d := range p.devices {
		list += "\nContact: <sip:2001@" + d.Host + ">;expires=250"
	}
	if code >= 300 {
		list = ""
	}
	if code != 0 {
		p.send(false, fmt.Sprintf("SIP/2.0 %d Test\n%s%s", code, h, list))
	}
	if code != 200 {
		return nil, nil
	}
	return p.devices, nil
}

func (p *fakePhone) Options(_ context.Context, probe Probe) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options++
	code := 200
	switch {
	case p.silent, p.sizeLimit > 0 && probe.Pad > p.sizeLimit:
		code = 0
	case probe.Reach > 0 && probe.Reach < p.servers:
		code = 483
	}
	p.transaction("OPTIONS", "opt", p.options, code)
	return nil
}

func (p *fakePhone) Dial(context.Context, Target) (LiveCall, error) {
	if p.dialErr != nil {
		return nil, p.dialErr
	}
	p.dialled++
	p.transaction("INVITE", "call", 1, p.invite...)
	c := &fakeCall{state: Dialing}
	for _, code := range p.invite {
		switch {
		case code == 100:
			c.state = Trying
		case code > 100 && code < 200:
			c.state = Ringing
		case code >= 200 && code < 300:
			c.state = Answered
		case code >= 300:
			c.state = Ended
		}
	}
	if p.gone {
		c.state = Ended
	}
	p.calls = append(p.calls, c)
	return c, nil
}

func (p *fakePhone) Await(ctx context.Context) (LiveCall, error) {
	p.mu.Lock()
	if len(p.rings) == 0 {
		p.mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := p.rings[0]
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(r.after):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rings = p.rings[1:]
	p.incoming("INVITE", "in", 1)
	p.reply("INVITE", "in", 1, 180)
	c := &fakeCall{state: Ringing, phone: p, noAck: r.noAck}
	p.calls = append(p.calls, c)
	return c, nil
}

// incoming is a request from the server.
func (p *fakePhone) incoming(method, id string, n int) {
	p.send(false, method+" sip:2001@192.168.1.23:5060 SIP/2.0\nMax-Forwards: 70\n"+inHead(method, id, n)+"\nContact: <sip:2002@198.51.100.20:5060>")
}

func (p *fakePhone) reply(method, id string, n, code int) {
	h := strings.Replace(inHead(method, id, n), "To: <sip:2001@pbx.example.net>", "To: <sip:2001@pbx.example.net>;tag=b", 1)
	p.send(true, fmt.Sprintf("SIP/2.0 %d Test\n%s\nContact: <sip:2001@192.168.1.23:5060>", code, h))
}

func inHead(method, id string, n int) string {
	return fmt.Sprintf("Via: SIP/2.0/UDP 198.51.100.20:5060;branch=z9hG4bK%s%s%d\nFrom: <sip:2002@pbx.example.net>;tag=c\nTo: <sip:2001@pbx.example.net>\nCall-ID: %s\nCSeq: %d %s\nContent-Length: 0",
		method, id, n, id, n, method)
}

func (p *fakePhone) Close(context.Context) error { p.closed = true; return nil }

type fakeCall struct {
	state CallState
	hung  bool
	phone *fakePhone // of a call that came in
	noAck bool
}

func (c *fakeCall) ID() string       { return "call" }
func (c *fakeCall) State() CallState { return c.state }
func (c *fakeCall) Wait(ctx context.Context, s CallState) CallState {
	if c.state < s && c.state != Ended {
		<-ctx.Done()
	}
	return c.state
}

func (c *fakeCall) Answer(context.Context) error {
	c.state = Answered
	if c.phone == nil {
		return nil
	}
	c.phone.reply("INVITE", "in", 1, 200)
	if !c.noAck {
		c.phone.incoming("ACK", "in", 1)
	}
	return nil
}

func (c *fakeCall) Hangup(context.Context) error {
	if c.phone != nil && c.state == Ringing {
		c.phone.reply("INVITE", "in", 1, 486)
	}
	c.hung, c.state = true, Ended
	return nil
}

func (c *fakeCall) SendDigits(_ context.Context, digits string) error {
	if c.phone != nil {
		c.phone.keys += digits
	}
	return nil
}
