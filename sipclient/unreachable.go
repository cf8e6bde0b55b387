package sipclient

import (
	"net/netip"
	"time"

	"softphonedoctor/sipclient/capture"
	"softphonedoctor/sipclient/wire"
)

// tap joins a socket to the phone.
func (p *Phone) tap() wire.Tap {
	return wire.Tap{Tape: p.tape, Go: p.inBackground, Unreachable: p.noteUnreachable}
}

// noteUnreachable notes an ICMP error or a failed send, once per target and second.
func (p *Phone) noteUnreachable(target netip.AddrPort, why string) {
	if target == p.Server() && why == wire.Refused {
		p.mu.Lock()
		close(p.refusal)
		p.refusal = make(chan struct{})
		p.mu.Unlock()
	}
	p.noteOnce(capture.PhoneUnreachable, "udp "+target.String()+": "+why, time.Second)
}

// enoughRefusals of the server's port in a row mean that waiting longer teaches nothing.
const enoughRefusals = 3

// refusals gives a channel that closes when the server's port refuses a packet.
func (p *Phone) refusals() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal
}
