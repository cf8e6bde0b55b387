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
	gone      bool // an answered call has ended at once
	quiet     bool // Register sends nothing, as on a line without sign-in

	mu    sync.Mutex
	calls []*fakeCall
}

func (p *fakePhone) send(out bool, text string) {
	src, dst := phoneAddr, serverAddr
	if !out {
		src, dst = dst, src
	}
	p.tape.Packet(capture.Packet{Time: time.Now(), Net: capture.UDP, Src: src, Dst: dst,
		Data: []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n")})
}

func head(method, id string, n int) string {
	return fmt.Sprintf("Via: SIP/2.0/UDP 192.168.1.23:5060;branch=z9hG4bK%s%d;rport\nFrom: <sip:2001@pbx.example.net>;tag=a\nTo: <sip:2002@pbx.example.net>\nCall-ID: %s\nCSeq: %d %s\nContent-Length: 0",
		id, n, id, n, method)
}

func (p *fakePhone) transaction(method, id string, n int, codes ...int) {
	extra := ""
	if method != "OPTIONS" {
		extra = "\nContact: <sip:2001@192.168.1.23:5060>"
	}
	h := head(method, id, n)
	p.send(true, method+" sip:pbx.example.net SIP/2.0\nMax-Forwards: 70\n"+h+extra)
	for _, c := range codes {
		if c != 0 {
			h := h
			if c >= 180 {
				h = strings.Replace(h, "To: <sip:2002@pbx.example.net>", "To: <sip:2002@pbx.example.net>;tag=b", 1)
			}
			p.send(false, fmt.Sprintf("SIP/2.0 %d Test\n%s%s", c, h, extra+";expires=300"))
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

func (p *fakePhone) Options(context.Context, Probe) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.options++
	p.transaction("OPTIONS", "opt", p.options, 200)
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
	<-ctx.Done()
	return nil, ctx.Err()
}

func (p *fakePhone) Close(context.Context) error { p.closed = true; return nil }

type fakeCall struct {
	state CallState
	hung  bool
}

func (c *fakeCall) ID() string       { return "call" }
func (c *fakeCall) State() CallState { return c.state }
func (c *fakeCall) Wait(ctx context.Context, s CallState) CallState {
	if c.state < s && c.state != Ended {
		<-ctx.Done()
	}
	return c.state
}
func (c *fakeCall) Answer(context.Context) error { c.state = Answered; return nil }
func (c *fakeCall) Hangup(context.Context) error { c.hung, c.state = true, Ended; return nil }
